"""OpenID Connect providers: what each says of itself, and the keys that it signs with.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet
from pydantic import BaseModel, ValidationError

from isthmus.access.sign_in_refused import SignInRefused
from isthmus.connect.errors import HostRefused
from isthmus.connect.outbound import host_of, outbound
from isthmus.landscape.access import Provider

log = structlog.get_logger()
DISCOVERY = "/.well-known/openid-configuration"
FRESH = 3600.0
"""Seconds that a document is not asked for again."""
IN_VAIN = 30.0
"""Seconds without another look for a key that was looked for in vain: whoever sends us tokens with
key ids of their own does not make us ask the provider each time.
"""
TIMEOUT = httpx2.Timeout(10.0, connect=5.0)


class Described(BaseModel):
    """What of the discovery document is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class KnownProvider:
    """One provider, as this process knows it."""

    def __init__(
        self, name: str, said: Provider, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name, self.said, self._clock = name, said, clock
        self.system = f"provider {name}"
        self.hosts = (host_of(said.issuer), *said.hosts)
        self.shown = said.shown or name
        self._described: tuple[float, Described] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._vain = float("-inf")
        self._lock = asyncio.Lock()

    async def described(self) -> Described:
        """Raises SignInRefused. The document of before serves while there is no other."""
        async with self._lock:
            known, now = self._described, self._clock()
            if known is None or now - known[0] > FRESH:
                try:
                    known = (now, await self._discover())
                except SignInRefused:
                    if known is None:
                        raise
                self._described = known
            return known[1]

    async def keys(self, kid: str | None) -> KeySet:
        """Those that it signs with; asked for again where `kid` is not among them, as it is after
        the provider changed its keys. Raises SignInRefused.
        """
        where = (await self.described()).jwks_uri
        async with self._lock:
            now, known = self._clock(), self._keys
            is_fresh = known is not None and now - known[0] <= FRESH
            if known is None or not is_fresh or (not _has(known[1], kid) and self._may_look(now)):
                known = self._keys = (now, await self._read_keys(where))
                if not _has(known[1], kid):
                    self._vain = now
            return known[1]

    def _may_look(self, now: float) -> bool:
        return now - self._vain > IN_VAIN

    async def _discover(self) -> Described:
        said = await self.ask("GET", self.said.issuer.rstrip("/") + DISCOVERY)
        try:
            found = Described.model_validate(said)
        except ValidationError as error:
            fields = ", ".join(str(e["loc"][0]) for e in error.errors())
            raise self.away(f"its discovery document cannot be used: {fields}") from error
        if found.issuer != self.said.issuer:
            raise self.away(f"it says that it is {found.issuer}, not {self.said.issuer}")
        return found

    async def _read_keys(self, where: str) -> KeySet:
        said = await self.ask("GET", where)
        keys = [k for k in (said.get("keys") or []) if isinstance(k, dict)]
        usable = KeySet([key for key in map(_key, keys) if key is not None])
        if not usable.keys:
            raise self.away("it publishes no key that signs")
        return usable

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The JSON object that it answers with. Raises SignInRefused."""
        try:
            async with outbound(self.system, self.hosts, timeout=TIMEOUT) as http:
                answer = await http.request(method, url, headers=dict(headers or {}))
        except HostRefused as error:
            raise self.astray(error) from error
        except httpx2.HTTPError as error:
            log.warning("provider.not_answered", provider=self.name, reason=repr(error))
            raise self.away("it does not answer") from error
        try:
            said = answer.json()
        except ValueError:
            said = None
        if answer.status_code != httpx2.codes.OK or not isinstance(said, dict):
            raise self.away(f"it answered {answer.status_code}, and no JSON object to use")
        return said

    def away(self, why: str) -> SignInRefused:
        return SignInRefused(
            "provider_unusable", f"{self.shown} cannot be asked: {why}",
            "Try again in a minute. If it stays, whoever runs Isthmus looks at "
            f"access.providers.{self.name} of the landscape.", status=503, counts=False,
        )  # fmt: skip

    def astray(self, error: HostRefused) -> SignInRefused:
        return SignInRefused(
            error.code or "host_not_configured", f"{self.shown} sends us to {error.host}",
            f"If that host is its own, add it to access.providers.{self.name}.hosts.",
            status=503, counts=False,
        )  # fmt: skip


def known_providers(said: Mapping[str, Provider]) -> dict[str, KnownProvider]:
    return {name: KnownProvider(name, provider) for name, provider in said.items()}


def _has(keys: KeySet, kid: str | None) -> bool:
    """Without an id any key may be meant; a failed signature is then the answer."""
    return kid is None or any(key.kid == kid for key in keys.keys)


def _key(written: Mapping[str, Any]) -> Any:
    """None for one that is not for signatures, or of a kind that is not known here."""
    if written.get("use", "sig") != "sig":
        return None
    try:
        return JWKRegistry.import_key(dict(written))
    except (JoseError, ValueError, KeyError, TypeError):
        return None
