"""The one place where a network failure becomes a typed error."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx2
import structlog

from isthmus.connect.errors import Unavailable

log = structlog.get_logger()

DEFAULT_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)


class _DecimalEncoder(json.JSONEncoder):
    """Decimals leave as JSON numbers with their own digits, never through a binary float."""

    def default(self, o: object) -> Any:
        if isinstance(o, Decimal):
            return _Number(o)
        return super().default(o)


class _Number(float):
    def __new__(cls, value: Decimal) -> _Number:
        number = super().__new__(cls, value)
        number.text = format(value, "f")
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


def dump_json(value: object) -> bytes:
    return json.dumps(value, cls=_DecimalEncoder, ensure_ascii=False).encode()


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
    """A client for one base URL. Statuses are the connector's to read; transport is ours."""

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        auth: httpx2.Auth | None = None,
        timeout: httpx2.Timeout = DEFAULT_TIMEOUT,
        max_connections: int = 10,
    ) -> None:
        self.system = system
        self._client = httpx2.AsyncClient(
            base_url=base_url,
            auth=auth,
            timeout=timeout,
            limits=httpx2.Limits(max_connections=max_connections),
            follow_redirects=False,
        )

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
        """Send. `body` goes as JSON, `content` as it is. Raises Unavailable, never httpx2's own."""
        sent = dict(headers or {})
        if body is not None:
            content = dump_json(body)
            sent.setdefault("Content-Type", "application/json")
        started = time.monotonic()
        try:
            response = await self._client.request(
                method, path, params=params, headers=sent, content=content
            )
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise Unavailable(self.system, f"no connection: {str(error) or 'timed out'}") from error
        except httpx2.TransportError as error:
            raise Unavailable(
                self.system,
                f"{method} {path} got no answer: {type(error).__name__}",
                outcome_unknown=True,
            ) from error
        log.debug(
            "vendor.called",
            system=self.system,
            method=method,
            path=path,
            status=response.status_code,
            ms=round((time.monotonic() - started) * 1000, 1),
        )
        return response

    async def close(self) -> None:
        await self._client.aclose()
