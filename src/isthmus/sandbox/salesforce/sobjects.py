"""Single rows: create, read, update, upsert by external id, delete, describe."""

from datetime import timedelta
from typing import Any

from isthmus.sandbox.salesforce.api import Call, Reply, Routes
from isthmus.sandbox.salesforce.change import MultipleMatches
from isthmus.sandbox.salesforce.describe import describe, summary
from isthmus.sandbox.salesforce.errors import SalesforceError, not_found
from isthmus.sandbox.salesforce.rendering import record
from isthmus.sandbox.salesforce.schema import Field, SObject
from isthmus.sandbox.salesforce.values import instant, parse_instant

KEPT = timedelta(days=30)


def add_routes(routes: Routes) -> None:
    routes.add("GET", "", list_resources)
    routes.add("GET", "/sobjects", list_objects)
    routes.add("GET", "/sobjects/{object}", basic_information)
    routes.add("POST", "/sobjects/{object}", create)
    routes.add("GET", "/sobjects/{object}/describe", describe_object)
    routes.add("GET", "/sobjects/{object}/deleted", list_deleted)
    routes.add("GET", "/sobjects/{object}/{id}", read)
    routes.add("PATCH", "/sobjects/{object}/{id}", update)
    routes.add("DELETE", "/sobjects/{object}/{id}", delete)
    routes.add("GET", "/sobjects/{object}/{field}/{value}", read_by_key)
    routes.add("PATCH", "/sobjects/{object}/{field}/{value}", upsert)
    routes.add("DELETE", "/sobjects/{object}/{field}/{value}", delete_by_key)


def saved(record_id: str, **more: Any) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": [], **more}


def list_resources(call: Call) -> Reply:
    names = ("sobjects", "query", "queryAll", "composite", "limits", "jobs")
    return Reply({name: f"{call.base}/{name}" for name in names})


def list_objects(call: Call) -> Reply:
    shown = [summary(sobject, call.base) for sobject in call.org.schema]
    return Reply({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": shown})


def basic_information(call: Call) -> Reply:
    sobject = _sobject(call)
    return Reply({"objectDescribe": summary(sobject, call.base), "recentItems": []})


def describe_object(call: Call) -> Reply:
    return Reply(describe(call.org, _sobject(call), call.base))


def create(call: Call) -> Reply:
    return Reply(saved(call.org.insert(_sobject(call), call.json_object(), call.writer)), 201)


def read(call: Call) -> Reply:
    return _show(call, _sobject(call), call.parts["id"])


def read_by_key(call: Call) -> Reply:
    sobject = _sobject(call)
    found = call.org.matches(sobject, external_key(sobject, call.parts["field"]), _value(call))
    if not found:
        raise not_found()
    if len(found) > 1:
        return _several(call, sobject, [row["Id"] for row in found])
    return _show(call, sobject, found[0]["Id"])


def update(call: Call) -> Reply:
    sobject, body = _sobject(call), call.json_object()
    refuse_in_body(body, "Id")
    call.org.update(sobject, call.parts["id"], body, call.writer)
    return Reply(status=204)


def upsert(call: Call) -> Reply:
    sobject, body = _sobject(call), call.json_object()
    key = external_key(sobject, call.parts["field"])
    refuse_in_body(body, key.name)
    refuse_in_body(body, "Id")
    if call.query.get("updateOnly") == "true" and not call.org.matches(sobject, key, _value(call)):
        raise not_found()
    try:
        made, created = call.org.upsert(sobject, key, _value(call), body, call.writer)
    except MultipleMatches as several:
        return _several(call, sobject, several.ids)
    return Reply(saved(made, created=created), 201 if created else 200)


def delete(call: Call) -> Reply:
    call.org.delete(_sobject(call), call.parts["id"], call.writer)
    return Reply(status=204)


def delete_by_key(call: Call) -> Reply:
    sobject = _sobject(call)
    found = call.org.matches(sobject, external_key(sobject, call.parts["field"]), _value(call))
    if not found:
        raise not_found()
    if len(found) > 1:
        return _several(call, sobject, [row["Id"] for row in found])
    call.org.delete(sobject, found[0]["Id"], call.writer)
    return Reply(status=204)


def list_deleted(call: Call) -> Reply:
    """Both ends are required; the recycle bin goes back 30 days."""
    sobject = _sobject(call)
    starts, ends = (_moment(call, name) for name in ("start", "end"))
    if instant(call.org.clock() - KEPT) > starts:
        raise SalesforceError(
            "INVALID_REPLICATION_DATE", "startDate before org replication enabled date"
        )
    gone = [
        {"id": row["Id"], "deletedDate": row["SystemModstamp"]}
        for row in call.org.store.all(sobject.name)
        if row["IsDeleted"] and starts <= row["SystemModstamp"] <= ends
    ]
    earliest = instant(call.org.clock() - KEPT)
    body = {
        "deletedRecords": gone,
        "earliestDateAvailable": earliest,
        "latestDateCovered": min(ends, call.org.now()),
    }
    return Reply(body)


def external_key(sobject: SObject, name: str) -> Field:
    known = sobject.find(name)
    if known is None or not (known.external_id or known.name == "Id"):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return known


def refuse_in_body(body: dict[str, Any], name: str) -> None:
    if any(given.casefold() == name.casefold() for given in body):
        raise SalesforceError(
            "INVALID_FIELD", f"The {name} field should not be specified in the sobject data."
        )


def _sobject(call: Call) -> SObject:
    sobject = call.org.schema.find(call.parts["object"])
    if sobject is None:
        raise not_found()
    return sobject


def _value(call: Call) -> str:
    return call.parts["value"]


def _show(call: Call, sobject: SObject, record_id: str) -> Reply:
    row = call.org.find(sobject.name, record_id)
    if row is None:
        raise call.org.gone(sobject, record_id)
    names = [name for name in call.query.get("fields", "").split(",") if name]
    return Reply(record(call.org, sobject, row, call.base, names))


def _several(call: Call, sobject: SObject, ids: list[str]) -> Reply:
    return Reply([f"{call.base}/sobjects/{sobject.name}/{record_id}" for record_id in ids], 300)


def _moment(call: Call, name: str) -> str:
    try:
        return instant(parse_instant(call.query[name].replace(" ", "+")))
    except (KeyError, ValueError):
        raise SalesforceError(
            "INVALID_REPLICATION_DATE", f"parameter {name} must be an ISO 8601 date and time"
        ) from None
