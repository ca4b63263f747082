"""`/__control/`: what tests and the demo do to the org from outside; no part of the vendor's API.

JSON in and out. Decimals of stored rows are shown as text, so that nothing is lost on the way.
"""

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.change import Writer
from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.metadata import DeployFailed
from isthmus.sandbox.salesforce.outbound import MESSAGES

if TYPE_CHECKING:
    from isthmus.sandbox.salesforce.app import SalesforceOrg

Act = Callable[["SalesforceOrg", Row], Any]


def control_routes(owner: "SalesforceOrg") -> list[Route]:
    posts: dict[str, Act] = {
        "seed": _seed,
        "update": _update,
        "delete": _delete,
        "deploy": _deploy,
        "reset": _reset,
        "revoke-tokens": _revoke,
        "connected-apps": _register,
        "settings": _settings,
        "outbound-messages": _outbound,
        "outbound-messages/settings": _knobs,
    }
    gets: dict[str, Act] = {
        "rows/{object}": _rows,
        "stats": _stats,
        "outbound-messages": _outbound_status,
        "settings": _settings,
    }
    return [
        *(_route("POST", name, owner, act) for name, act in posts.items()),
        *(_route("GET", name, owner, act) for name, act in gets.items()),
        _route("DELETE", "outbound-messages", owner, _forget_outbound),
        _route("DELETE", "stats", owner, _clear_stats),
    ]


def _route(method: str, name: str, owner: "SalesforceOrg", act: Act) -> Route:
    return Route(f"/__control/{name}", _endpoint(owner, act), methods=[method])


def _endpoint(owner: "SalesforceOrg", act: Act) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            given = json.loads(body, parse_float=Decimal) if body else {}
            given |= request.path_params
            return _json(act(owner, given))
        except SalesforceError as error:
            return JSONResponse({"error": error.as_rest()}, 400)
        except DeployFailed as error:
            problem = {"fileName": error.file_name, "problem": error.problem}
            return JSONResponse({"componentFailures": [problem]}, 400)
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"bad request body: {error!r}"}, 400)

    return endpoint


def _json(body: Any) -> Response:
    return Response(json.dumps(body, default=str), media_type="application/json")


def _seed(owner: "SalesforceOrg", given: Row) -> Row:
    return {"ids": owner.seed(given["records"])}


def _update(owner: "SalesforceOrg", given: Row) -> Row:
    return {"ids": owner.update(given["records"])}


def _delete(owner: "SalesforceOrg", given: Row) -> Row:
    org = owner.org
    with org.all_or_nothing():
        for record_id in given["ids"]:
            sobject = org.schema.by_prefix(record_id[:3])
            if sobject is None:
                raise ValueError(f"{record_id} has no known key prefix")
            org.delete(sobject, record_id, Writer(org.user_id, "seed"))
    return {"ids": given["ids"]}


def _deploy(owner: "SalesforceOrg", given: Row) -> Row:
    return {"deployed": owner.deploy(given["files"])}


def _reset(owner: "SalesforceOrg", given: Row) -> Row:
    owner.reset()
    return {"reset": True}


def _revoke(owner: "SalesforceOrg", given: Row) -> Row:
    return {"revoked": owner.oauth.revoke_all()}


def _register(owner: "SalesforceOrg", given: Row) -> Row:
    known = ("client_id", "client_secret", "username", "public_key")
    unknown = set(given) - set(known)
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r}; known: {', '.join(known)}")
    owner.register_app({"client_id": given["client_id"], "username": given["username"], **given})
    return {"client_id": given["client_id"]}


def _settings(owner: "SalesforceOrg", given: Row) -> Row:
    owner.usage.most = int(given.get("daily_limit", owner.usage.most))
    owner.usage.used = int(given.get("api_used", owner.usage.used))
    owner.oauth.token_seconds = float(given.get("token_seconds", owner.oauth.token_seconds))
    return {
        "daily_limit": owner.usage.most,
        "api_used": owner.usage.used,
        "token_seconds": owner.oauth.token_seconds,
    }


def _rows(owner: "SalesforceOrg", given: Row) -> Row:
    return {"rows": owner.rows(given["object"])}


def _stats(owner: "SalesforceOrg", given: Row) -> Row:
    return {"requests": dict(owner.stats), "total": owner.stats.total()}


def _clear_stats(owner: "SalesforceOrg", given: Row) -> Row:
    owner.stats.clear()
    return {"requests": {}, "total": 0}


def _outbound(owner: "SalesforceOrg", given: Row) -> Row:
    return owner.outbound.configure(given)


def _knobs(owner: "SalesforceOrg", given: Row) -> Row:
    return owner.outbound.set_knobs(given)


def _outbound_status(owner: "SalesforceOrg", given: Row) -> Row:
    return owner.outbound.status()


def _forget_outbound(owner: "SalesforceOrg", given: Row) -> Row:
    store = owner.store
    forgotten = store.keys(MESSAGES)
    with store.transaction():
        for key in forgotten:
            store.delete(MESSAGES, key)
    return {"forgotten": forgotten}
