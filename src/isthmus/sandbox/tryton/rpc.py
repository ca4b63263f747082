"""A blocking client for what a test arranges in Tryton itself: seeding, paying, closing a period.

Kept apart from the connector's client on purpose, so that a mistake in one shows against the other.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib import request

Form = dict[str, Any] | Callable[[], dict[str, Any]]


class RpcError(Exception):
    """Tryton's own `error` member, as it came."""


def _encode(value: object) -> object:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {
            "__class__": "date", "year": value.year, "month": value.month, "day": value.day,
        }  # fmt: skip
    raise TypeError(type(value))


def _decode(value: dict[str, Any]) -> Any:
    match value.pop("__class__", None):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(**value)
        case "datetime":
            return datetime(**value)  # noqa: DTZ001 - Tryton sends naive UTC
        case _:
            return value


class Rpc:
    def __init__(self, url: str, database: str, user: str, password: str) -> None:
        self.url = f"{url}/{database}/rpc/"
        self.context: dict[str, Any] = {}
        self._headers: dict[str, str] = {}
        self.user_id, token = self.call("common.db.login", user, {"password": password}, "en")[:2]
        session = base64.b64encode(f"{user}:{self.user_id}:{token}".encode()).decode()
        self._headers = {"Authorization": f"Session {session}"}
        self.refresh()

    def refresh(self) -> None:
        """Read the user's context again, after its company changed."""
        self.context = self.call("model.res.user.get_preferences", True, {})

    def call(self, method: str, *params: object) -> Any:
        body = json.dumps({"id": 0, "method": method, "params": params}, default=_encode).encode()
        headers = {"Content-Type": "application/json", **self._headers}
        with request.urlopen(request.Request(self.url, body, headers), timeout=120) as response:
            answer = json.loads(response.read(), object_hook=_decode)
        if "error" in answer:
            raise RpcError(f"{method}: {answer['error']}")
        return answer["result"]

    def model(self, name: str, method: str, /, *args: object) -> Any:
        return self.call(f"model.{name}.{method}", *args, self.context)

    def create(self, name: str, /, **values: object) -> int:
        return int(self.model(name, "create", [values])[0])

    def write(self, name: str, record: int, /, **values: object) -> None:
        self.model(name, "write", [record], values)

    def find(self, name: str, /, *domain: object) -> int:
        return int(self.model(name, "search", list(domain), 0, 1, [("id", "ASC")])[0])

    def count(self, name: str, /, *domain: object) -> int:
        return int(self.model(name, "search_count", list(domain)))

    def read(self, name: str, record: int, /, *fields: str) -> dict[str, Any]:
        return dict(self.model(name, "read", [record], list(fields))[0])

    def wizard(
        self, name: str, steps: Iterable[tuple[str, dict[str, Form]]], **context: object
    ) -> None:
        """Press buttons in turn; each step adds its forms, a callable form when it is reached."""
        context = {**self.context, **context}
        session = self.call(f"wizard.{name}.create", context)[0]
        data: dict[str, Any] = {}
        for button, forms in steps:
            data.update({k: form() if callable(form) else form for k, form in forms.items()})
            self.call(f"wizard.{name}.execute", session, data, button, context)
        self.call(f"wizard.{name}.delete", session, context)
