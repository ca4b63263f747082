"""The one place where a network failure becomes a typed error."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx2
import structlog

from isthmus.connect.errors import NOT_CALLED, Unavailable
from isthmus.connect.gate import Gate, LocalGate, Pass
from isthmus.connect.outbound import host_of, outbound, trusted
from isthmus.connect.quota import Signal, read_signal
from isthmus.connect.story import Call, current_story, new_span_id
from isthmus.kit.clock import utc_now

log = structlog.get_logger()

DEFAULT_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
__all__ = ["DEFAULT_TIMEOUT", "Http", "dump_json", "parse_json", "trusted"]
_INSIDE: ContextVar[Pass] = ContextVar("inside")


def dump_json(value: object) -> bytes:
    """Decimals leave as JSON numbers with their own digits.

    The standard encoder writes a number through a binary float only, so each Decimal goes through
    it as marked text, and the marks are taken off afterwards. The mark is new for every call: no
    text that somebody typed can look like it.
    """
    mark = uuid4().hex

    def marked(held: object) -> str:
        if isinstance(held, Decimal):
            return f"{mark}{held:f}{mark}"
        raise TypeError(f"{type(held).__name__} has no form in JSON")

    text = json.dumps(value, default=marked, ensure_ascii=False)
    return text.replace(f'"{mark}', "").replace(f'{mark}"', "").encode()


def parse_json(system: str, response: httpx2.Response) -> Any:
    """Body as JSON with exact decimals; a body that is not JSON is an outage of the vendor."""
    try:
        return json.loads(response.content, parse_float=Decimal)
    except ValueError as error:
        raise Unavailable(
            system,
            f"answered {response.status_code} with a body that is not JSON: {error}",
            outcome_unknown=response.is_success,
        ) from error


class Http:
    """A client for one base URL. Statuses are the connector's to read; transport is ours.

    Every request passes the gate; `signals` reads what its answer says of the vendor's limits.
    Without a gate, `concurrency` calls at once are this client's own limit. No host is called but
    that of `base_url` and `hosts`.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        auth: httpx2.Auth | None = None,
        timeout: httpx2.Timeout = DEFAULT_TIMEOUT,
        concurrency: int = 10,
        gate: Gate | None = None,
        signals: Callable[[httpx2.Response], Signal] = read_signal,
        hosts: Iterable[str] = (),
    ) -> None:
        self.system = system
        self._gate = gate or LocalGate(concurrency)
        self._signals = signals
        self._client = outbound(
            system, {host_of(base_url), *hosts}, hooks=[self._charge], base_url=base_url,
            auth=auth, timeout=timeout, limits=httpx2.Limits(max_connections=None),
        )  # fmt: skip

    async def _charge(self, request: httpx2.Request) -> None:
        await self._gate.charge(_INSIDE.get())

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        """Send. `body` goes as JSON, `content` as it is. Raises Unavailable, never httpx2's own,
        and what the gate says when it lets nothing through.
        """
        sent = dict(headers or {})
        if body is not None:
            content = dump_json(body)
            sent.setdefault("Content-Type", "application/json")
        request = self._client.build_request(
            method, path, params=params, headers=sent, content=content
        )
        passed, signal = await self._gate.enter(), Signal()
        _INSIDE.set(passed)
        try:
            response = await self._told(request, path, passed)
            signal = self._signals(response)
        except Unavailable as error:
            signal = Signal() if isinstance(error, NOT_CALLED) else Signal(lost=error.message)
            raise
        finally:
            await self._gate.leave(passed, signal)
        return response

    async def _told(self, request: httpx2.Request, path: str, passed: Pass) -> httpx2.Response:
        """Send as a part of the story that is worked on, and leave with the pass how it went."""
        story, span_id = current_story(), new_span_id()
        if story is not None:
            request.headers["traceparent"] = story.traceparent(span_id)
        started_at, started, status = utc_now(), time.monotonic(), None
        try:
            response = await self._send(request, path)
            status = response.status_code
        finally:
            passed.call = Call(
                request.method, path.partition("?")[0], status, started_at,
                time.monotonic() - started, span_id, story,
            )  # fmt: skip
        return response

    async def _send(self, request: httpx2.Request, path: str) -> httpx2.Response:
        started = time.monotonic()
        try:
            response = await self._client.send(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Unavailable(self.system, f"no connection: {str(error) or 'timed out'}") from error
        except httpx2.TransportError as error:
            raise Unavailable(
                self.system,
                f"{request.method} {path} got no answer: {type(error).__name__}",
                outcome_unknown=True,
            ) from error
        log.debug(
            "vendor.called",
            system=self.system,
            method=request.method,
            path=path,
            status=response.status_code,
            ms=round((time.monotonic() - started) * 1000, 1),
        )
        return response

    async def close(self) -> None:
        await self._client.aclose()
