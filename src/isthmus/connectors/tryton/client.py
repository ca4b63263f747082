"""JSON-RPC with a session. The only place that translates Tryton's failures into ours."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from isthmus.connect.errors import Invalid, Refused, Unauthorized, Unavailable
from isthmus.connect.gate import Gate
from isthmus.connect.http import Http
from isthmus.connectors.tryton import refusals, wire
from isthmus.connectors.tryton.config import TrytonConfig
from isthmus.connectors.tryton.wire import Domain, Record
from isthmus.kit.secret import look_again

ALL = {"active_test": False}
"""Context that shows deactivated records too, so that a deactivation is seen."""


class TrytonClient:
    """Calls run under the context of the user's preferences, with the language pinned."""

    def __init__(self, system: str, config: TrytonConfig, gate: Gate | None = None) -> None:
        self.system = system
        self.context: Record = {}
        self._config = config
        self._path = f"/{config.database}/rpc/"
        self._http = Http(
            system,
            str(config.url).rstrip("/"),
            timeout=httpx2.Timeout(config.timeout_seconds, connect=5.0),
            concurrency=config.concurrency,
            gate=gate,
        )
        self._session: str | None = None
        self._login = asyncio.Lock()

    async def call(
        self, model: str, method: str, *args: Any, context: Mapping[str, Any] | None = None
    ) -> Any:
        """One method of one model. A call that meets a stale session is repeated once, signed in
        anew: methods marked fresh (`post`) want a session used in the last five minutes.
        """
        return await self._called(f"model.{model}.{method}", *args, context=context)

    async def wizard(
        self, name: str, state: str, *, context: Mapping[str, Any], model: str, ids: Sequence[int]
    ) -> None:
        """Run a wizard that asks nothing, from its first state to its end."""
        about = {**context, "active_model": model, "active_id": ids[0], "active_ids": list(ids)}
        session, *_ = await self._called(f"wizard.{name}.create", context=about)
        await self._called(f"wizard.{name}.execute", session, {}, state, context=about)
        await self._called(f"wizard.{name}.delete", session, context=about)

    async def _called(self, name: str, *args: Any, context: Mapping[str, Any] | None = None) -> Any:
        session = await self._signed_in(stale=None)
        response = await self._send(name, [*args, {**self.context, **(context or {})}], session)
        if response.status_code == 401:
            session = await self._signed_in(stale=session)
            response = await self._send(name, [*args, {**self.context, **(context or {})}], session)
        return self._result(name, response)

    async def search_read(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        limit: int | None = None,
        order: str = "id",
        context: Mapping[str, Any] | None = None,
    ) -> list[Record]:
        found = await self.call(
            model, "search_read", domain, 0, limit, [[order, "ASC"]], list(fields), context=context
        )
        return [wire.unfold(record) for record in found]

    async def create(self, model: str, values: Record, **context: Any) -> int:
        created = await self.call(model, "create", [values], context=context)
        return int(created[0])

    async def write(self, model: str, record: int, values: Record, **context: Any) -> None:
        await self.call(model, "write", [record], values, context=context)

    async def close(self) -> None:
        await self._http.close()

    def record_id(self, external_id: str, what: str) -> int:
        """A reference as Tryton's number; ours are never anything else."""
        if not external_id.isdigit():
            raise Invalid(self.system, f"{what} {external_id!r} is no Tryton id; look at the xref")
        return int(external_id)

    async def _signed_in(self, stale: str | None) -> str:
        async with self._login:
            if self._session is None or self._session == stale:
                self._session = await self._log_in()
                self.context = await self._preferences(self._session)
            return self._session

    async def _log_in(self) -> str:
        """With a password that changed meanwhile, where the one at hand is refused."""
        try:
            return await self._new_session()
        except Unauthorized:
            if not await asyncio.to_thread(look_again):
                raise
            return await self._new_session()

    async def _new_session(self) -> str:
        auth = self._config.auth
        password = {"password": auth.password.get_secret_value()}
        response = await self._send("common.db.login", [auth.username, password, "en"], None)
        user, token, *_ = self._result("common.db.login", response)
        return base64.b64encode(f"{auth.username}:{user}:{token}".encode()).decode()

    async def _preferences(self, session: str) -> Record:
        name = "model.res.user.get_preferences"
        found = self._result(name, await self._send(name, [True, {}], session))
        if not found.get("company"):
            raise Refused(
                self.system,
                f"user {self._config.auth.username!r} works for no company; "
                "set a current company on it in Tryton",
            )
        return {**found, "language": "en"}

    async def _send(self, method: str, params: list[Any], session: str | None) -> httpx2.Response:
        # Without gzip in Accept-Encoding the server labels plain answers as gzip (8.0, 8.2).
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if session:
            headers["Authorization"] = f"Session {session}"
        return await self._http.request(
            "POST", self._path, headers=headers, content=wire.request_body(method, params)
        )

    def _result(self, method: str, response: httpx2.Response) -> Any:
        if response.status_code != 200:
            raise refusals.from_status(self.system, method, response)
        try:
            answer = wire.answer(response.content)
        except ValueError as error:
            raise Unavailable(
                self.system,
                f"{method} was answered with a body that is not JSON: {error}",
                outcome_unknown=True,
            ) from error
        if "error" in answer:
            raise refusals.from_error(self.system, method, answer["error"])
        return answer["result"]
