"""Access tokens for machines: OAuth 2.0 client credentials, answered with signed JWTs.

https://www.rfc-editor.org/rfc/rfc6749#section-4.4 and https://www.rfc-editor.org/rfc/rfc9068.
What a token may do is decided anew at each request, by the machine's roles then and the token's
scopes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from isthmus.access.granting import Regions, principal_of
from isthmus.access.keys import live
from isthmus.access.permissions import PERMISSIONS, AccessRole, Permission
from isthmus.access.principal import Principal
from isthmus.access.signing import ALGORITHM, LIFETIME, Signing
from isthmus.kit.ids import new_id
from isthmus.store.accounts import AccountRow
from isthmus.store.api_keys import KeyRow
from isthmus.store.database import Database, Transaction

TYPE = "at+jwt"
SKEW = 30
"""Seconds by which the clocks of our own processes may differ."""


class TokenRefused(Exception):
    """`error` is one of https://www.rfc-editor.org/rfc/rfc6749#section-5.2; `after` how long to
    wait where that helps.
    """

    def __init__(self, error: str, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.error, self.why, self.after = error, why, after


@dataclass(frozen=True)
class Issued:
    token: str
    scopes: tuple[Permission, ...]


async def issue(
    database: Database,
    signing: Signing,
    client: str,
    secret: str,
    asked: Sequence[str],
    *,
    issuer: str,
    address: str,
) -> Issued:
    """Raises TokenRefused; wrong secrets cost the pauses of wrong passwords, in the audit too."""
    client = client.strip().lower()[:200]
    await _ensure_no_pause(database, client, address)
    async with database.begin() as tx:
        found = await live(tx, secret, "secret")
        if found is None or found[1].name != client:
            found = None
            failures = await tx.log_ins.failed(client, address)
            tx.audit.add(client or "nobody", "token.refused", "account", client,
                           after={"address": address, "in_a_row": failures})  # fmt: skip
    if found is None:
        raise TokenRefused("invalid_client", "client id or secret is wrong, expired or revoked")
    row, account = found
    signs = await signing.signs()
    async with database.begin() as tx:
        await tx.log_ins.forget(client, address)
        scopes = _wanted(asked, await _may(tx, row, account))
        told = {"secret": row.id, "scopes": scopes, "address": address}
        tx.audit.add(account.name, "token.issued", "account", account.name, after=told)
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": signs.id}
    claims = _claims(issuer, account.name, scopes)
    return Issued(jwt.encode(header, claims, signs.key, [ALGORITHM]), scopes)


async def holder_of(
    database: Database, signing: Signing, token: str, issuer: str, regions: Regions
) -> Principal | None:
    """Who asks with the token; None for one that is not ours, not for us or expired."""
    try:
        header = jws.extract_compact(token.encode()).headers()
        key = await signing.named(str(header.get("kid")))
        if key is None or str(header.get("typ")).lower().removeprefix("application/") != TYPE:
            return None
        claims = jwt.decode(token, key.key, [ALGORITHM]).claims
        _rules(issuer).validate(claims)
    except (JoseError, ValueError):
        return None
    async with database.begin() as tx:
        account = await tx.accounts.named(claims["sub"])
        if account is None or account.kind != "machine" or account.disabled_at is not None:
            return None
        known = {*Permission}
        scopes = [scope for scope in claims["scope"].split() if scope in known]
        return await principal_of(tx, account, regions, scopes)


def _claims(issuer: str, client: str, scopes: Sequence[str]) -> dict[str, object]:
    now = int(time.time())
    return {
        "iss": issuer, "aud": issuer, "sub": client, "client_id": client, "jti": new_id(),
        "iat": now, "exp": now + int(LIFETIME.total_seconds()), "scope": " ".join(scopes),
    }  # fmt: skip


def _rules(issuer: str) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        leeway=SKEW, iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": issuer}, exp={"essential": True},
        sub={"essential": True}, scope={"essential": True, "allow_blank": True},
    )  # fmt: skip


async def _ensure_no_pause(database: Database, client: str, address: str) -> None:
    async with database.begin() as tx:
        wait = await tx.log_ins.wait(client, address)
    if wait is not None:
        raise TokenRefused("temporarily_unavailable", "too many wrong secrets", wait)


async def _may(tx: Transaction, row: KeyRow, account: AccountRow) -> frozenset[Permission]:
    """What the roles and the secret both allow, somewhere in the firm."""
    roles = {AccessRole(role) for role, _ in await tx.accounts.grants(account.id)}
    held = frozenset[Permission]().union(*(PERMISSIONS[role] for role in roles))
    return held if row.scopes is None else held & {Permission(scope) for scope in row.scopes}


def _wanted(asked: Sequence[str], may: frozenset[Permission]) -> tuple[Permission, ...]:
    """Without a wish all that it may. Raises TokenRefused."""
    lacking = [scope for scope in asked if scope not in may]
    if lacking:
        raise TokenRefused("invalid_scope", f"not for this client: {' '.join(lacking)}")
    return tuple(sorted({Permission(scope) for scope in asked} if asked else may))
