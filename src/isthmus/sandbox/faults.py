"""Faults on demand for the simulators: what a vendor does on a bad day, asked for over HTTP.

A rule is matched by path and method, fires at a seeded rate and at most so many times, so a test
that asks for one lost answer gets one lost answer. Rules live in memory: a restart heals.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FaultKind = Literal[
    "latency", "error", "timeout_after_commit", "drop_before", "outage", "malformed", "throttle"
]
KINDS = get_args(FaultKind)
CONTROL = "/__control/"
STATUS = {"error": 500, "outage": 503, "throttle": 429}


class BadFault(ValueError):
    """The rule cannot be understood; the message names the key and the remedy."""


@dataclass
class Fault:
    """One rule. `seconds` is the delay of a latency, the length of an outage, and the silence
    before a dropped connection closes; `None` means an outage without end or no silence.
    """

    id: str
    kind: FaultKind
    path: str = ""
    method: str | None = None
    rate: float = 1.0
    times: int | None = None
    seconds: float | None = None
    status: int | None = None
    body: Any = None
    retry_after: int | None = None
    seed: int = 0
    fired: int = 0
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.pattern = re.compile(self.path)
        self.dice = random.Random(f"{self.seed}:{self.kind}:{self.path}")

    def matches(self, method: str, path: str) -> bool:
        if self.method is not None and self.method != method:
            return False
        return self.pattern.search(path) is not None

    def is_spent(self) -> bool:
        if self.times is not None and self.fired >= self.times:
            return True
        if self.kind == "outage" and self.seconds is not None:
            return time.monotonic() - self.began >= self.seconds
        return False

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is hit; a hit is counted."""
        if self.is_spent() or not self.matches(method, path):
            return False
        if self.rate < 1 and self.dice.random() >= self.rate:
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        names = ("id", "kind", "path", "method", "rate", "times", "seconds", "status", "body")
        shown = {name: getattr(self, name) for name in names}
        return shown | {
            "retry_after": self.retry_after,
            "seed": self.seed,
            "fired": self.fired,
            "active": not self.is_spent(),
        }


RULE_KEYS = {
    "kind": str,
    "path": str,
    "method": str,
    "rate": (int, float),
    "times": int,
    "seconds": (int, float),
    "status": int,
    "body": object,
    "retry_after": int,
    "seed": int,
}


def plain_answer(status: int) -> Any:
    return {"error": f"the vendor answers {status} because a fault rule says so"}


class Faults:
    """The rules of one simulator. `answer` gives the vendor's own error body for a status, used
    where a rule brings no body.
    """

    def __init__(self, answer: Callable[[int], Any] = plain_answer) -> None:
        self.answer = answer
        self._rules: dict[str, Fault] = {}
        self._last = 0

    def add(self, rule: dict[str, Any]) -> Fault:
        """Start a rule now. Refuses an unknown key: a misspelt `times` would fire for ever."""
        for key, value in rule.items():
            if key not in RULE_KEYS:
                raise BadFault(f"unknown key {key!r}; a rule has {', '.join(RULE_KEYS)}")
            if value is not None and not isinstance(value, RULE_KEYS[key]):  # type: ignore[arg-type]
                raise BadFault(f"{key}: {value!r} has the wrong type")
        if rule.get("kind") not in KINDS:
            raise BadFault(f"kind: {rule.get('kind')!r} is not one of {', '.join(KINDS)}")
        if not 0 <= rule.get("rate", 1) <= 1:
            raise BadFault(f"rate: {rule['rate']} is not between 0 and 1")
        try:
            re.compile(rule.get("path") or "")
        except re.error as error:
            raise BadFault(f"path: {rule['path']!r} is no regular expression: {error}") from error
        self._last += 1
        given = {key: value for key, value in rule.items() if value is not None}
        fault = Fault(id=f"fault-{self._last}", **given)
        self._rules[fault.id] = fault
        return fault

    def rules(self) -> list[Fault]:
        return [*self._rules.values()]

    def remove(self, fault_id: str) -> bool:
        return self._rules.pop(fault_id, None) is not None

    def clear(self) -> None:
        self._rules.clear()

    def routes(self) -> list[Route]:
        """`/__control/faults`: GET lists rules with counts, POST adds one, DELETE removes."""
        return [
            Route("/__control/faults", self._get_all, methods=["GET"]),
            Route("/__control/faults", self._post, methods=["POST"]),
            Route("/__control/faults", self._delete_all, methods=["DELETE"]),
            Route("/__control/faults/{fault_id}", self._delete, methods=["DELETE"]),
        ]

    async def _get_all(self, request: Request) -> Response:
        return JSONResponse({"faults": [fault.as_json() for fault in self.rules()]})

    async def _post(self, request: Request) -> Response:
        try:
            rule = await request.json()
        except ValueError:
            rule = None
        if not isinstance(rule, dict):
            return JSONResponse({"error": "the body must be one rule, a JSON object"}, 400)
        try:
            fault = self.add(rule)
        except BadFault as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(fault.as_json(), 201)

    async def _delete_all(self, request: Request) -> Response:
        self.clear()
        return Response(status_code=204)

    async def _delete(self, request: Request) -> Response:
        removed = self.remove(request.path_params["fault_id"])
        return Response(status_code=204 if removed else 404)


class FaultInjection:
    """Outermost middleware of a simulator; `/__control/` is never hit."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self.app(scope, receive, send)
            return
        for fault in self.faults.rules():
            if not fault.strikes(scope["method"], scope["path"]):
                continue
            if fault.kind == "latency":
                await asyncio.sleep(fault.seconds or 0)
                continue
            await self._inflict(fault, scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _inflict(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case "drop_before":
                await hang_up(receive, after=fault.seconds)
            case "timeout_after_commit":
                await self.app(scope, receive, _swallow)
                await hang_up(receive, after=fault.seconds)
            case "malformed":
                await self._garble(scope, receive, send)
            case _:
                await self._refuse(fault)(scope, receive, send)

    def _refuse(self, fault: Fault) -> Response:
        status = fault.status or STATUS[fault.kind]
        body = self.faults.answer(status) if fault.body is None else fault.body
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        if isinstance(body, str):
            return Response(body, status, headers, media_type="text/plain")
        return JSONResponse(body, status, headers)

    async def _garble(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the true body with a matching length: HTTP is sound, the JSON is not."""
        start: Message = {}
        chunks: list[bytes] = []

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self.app(scope, receive, keep)
        body = b"".join(chunks)
        body = body[: len(body) // 2]
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        if start["status"] != 204:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _swallow(message: Message) -> None:
    return None


async def hang_up(receive: Receive, after: float | None) -> None:
    """Close the connection without a response, so that the caller cannot know what was done.

    ASGI has no word for it; uvicorn's `receive` is bound to the object that owns the socket. Under
    another server the silence lasts until the client gives up.
    """
    if after:
        await asyncio.sleep(after)
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
    await _until_gone(receive)


async def _until_gone(receive: Callable[[], Awaitable[Message]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
