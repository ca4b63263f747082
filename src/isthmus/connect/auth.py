"""Token flows as generators: they yield requests and receive responses, so no network is needed
to test them. One renewal per rejected call; a second rejection is the connector's to report.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2

from isthmus.connect.errors import Unauthorized
from isthmus.kit.clock import utc_now
from isthmus.kit.masking import SECRETS
from isthmus.kit.secret import look_again

RENEW_BEFORE = timedelta(seconds=60)


@dataclass(frozen=True)
class Token:
    """`expires_at` None: the vendor does not say; the token is used until it is rejected."""

    value: str
    expires_at: datetime | None = None

    @property
    def usable(self) -> bool:
        return self.expires_at is None or utc_now() < self.expires_at - RENEW_BEFORE


class TokenAuth(httpx2.Auth):
    """Bearer token, minted when needed, renewed once when a call is rejected with it. Where none
    is given, the secrets are looked up again, and a token is asked for once more if one changed.

    `mint` builds the token request; `read` turns its answer into a Token or raises Unauthorized;
    `rejected` tells an answer that means "this token is no longer good".
    """

    requires_response_body = True

    def __init__(
        self,
        mint: Callable[[], httpx2.Request],
        read: Callable[[httpx2.Response], Token],
        rejected: Callable[[httpx2.Response], bool] = lambda r: r.status_code == 401,
    ) -> None:
        self._mint, self._read, self._rejected = mint, read, rejected
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        used = self._token
        if used is None or not used.usable:
            async with self._lock:
                is_stale = self._token is None or not self._token.usable
                if is_stale and not await self._renewed((yield self._mint())):
                    await self._renew((yield self._mint()))
                used = self._token
        response = yield self._signed(request, used)
        if not self._rejected(response):
            return
        async with self._lock:
            if self._token is used and not await self._renewed((yield self._mint())):
                await self._renew((yield self._mint()))
            used = self._token
        yield self._signed(request, used)

    async def _renewed(self, response: httpx2.Response) -> bool:
        """False where no token was given to secrets that have changed since."""
        try:
            await self._renew(response)
        except Unauthorized:
            if not await asyncio.to_thread(look_again):
                raise
            return False
        return True

    async def _renew(self, response: httpx2.Response) -> None:
        await response.aread()
        self._token = self._read(response)
        SECRETS.add(self._token.value)

    def _signed(self, request: httpx2.Request, token: Token | None) -> httpx2.Request:
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token.value}"
        return request
