"""Keys of machines, `isk_<id>_<secret>`, and secrets of OAuth clients, `isc_<id>_<secret>`: shown
once, narrowed to scopes, expiring.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from isthmus.access.accounts import AccessRefused, named
from isthmus.access.granting import Regions, principal_of
from isthmus.access.permissions import Permission
from isthmus.access.principal import Principal
from isthmus.access.secret import digest, new_secret
from isthmus.store.accounts import AccountRow
from isthmus.store.api_keys import KeyRow, Kind
from isthmus.store.database import Database, Transaction

PREFIX, CLIENT_PREFIX = "isk_", "isc_"
_PREFIXES: dict[Kind, str] = {"key": PREFIX, "secret": CLIENT_PREFIX}
LONGEST = timedelta(days=400)


@dataclass(frozen=True)
class NewKey:
    id: str
    key: str
    expires_at: datetime


async def add_key(
    database: Database,
    machine: str,
    scopes: Sequence[Permission] | None,
    lasts: timedelta,
    by: str,
    kind: Kind = "key",
) -> NewKey:
    """Raises AccessRefused."""
    _ensure_ends(lasts)
    async with database.begin() as tx:
        row = await named(tx, machine, "machine")
        made = await _add(tx, row.id, None if scopes is None else sorted(scopes), lasts, by, kind)
        tx.audit.add(by, f"{kind}.added", "key", made.id,
                           after={"machine": row.name, "scopes": scopes,
                                  "expires_at": made.expires_at})  # fmt: skip
    return made


async def rotate_key(
    database: Database, id: str, lasts: timedelta, overlap: timedelta, by: str
) -> NewKey:
    """A key with the same scopes; the old one works on for the overlap. Raises AccessRefused."""
    _ensure_ends(lasts)
    async with database.begin() as tx:
        old = await _key(tx, id)
        made = await _add(tx, old.account, old.scopes, lasts, by, old.kind)
        await tx.api_keys.shorten(id, overlap)
        after = {"new": made.id, "overlap_seconds": int(overlap.total_seconds())}
        tx.audit.add(by, f"{old.kind}.rotated", "key", id, after=after)
    return made


async def revoke_key(database: Database, id: str, by: str, reason: str | None = None) -> bool:
    """False when it was revoked before. Raises AccessRefused."""
    async with database.begin() as tx:
        row = await _key(tx, id)
        if not await tx.api_keys.revoke(id):
            return False
        tx.audit.add(by, f"{row.kind}.revoked", "key", id, reason=reason)
    return True


async def bearer_of(database: Database, key: str, regions: Regions) -> Principal | None:
    """Who asks with the key; None for one that is wrong, expired or revoked."""
    async with database.begin() as tx:
        found = await live(tx, key, "key")
        if found is None:
            return None
        row, account = found
        return await principal_of(tx, account, regions, row.scopes)


async def live(tx: Transaction, given: str, kind: Kind) -> tuple[KeyRow, AccountRow] | None:
    """The key or secret and whose it is; None for one that is wrong, expired or revoked."""
    id, _, secret = given.removeprefix(_PREFIXES[kind]).partition("_")
    row = await tx.api_keys.live(id)
    if row is None or row.kind != kind or not hmac.compare_digest(row.digest, digest(secret)):
        return None
    account = await tx.accounts.get(row.account)
    if account is None:
        return None
    await tx.api_keys.used(row)
    return row, account


async def _add(
    tx: Transaction, account: str, scopes: list[str] | None, lasts: timedelta, by: str, kind: Kind
) -> NewKey:
    id, secret = secrets.token_hex(6), new_secret()
    expires = await tx.api_keys.add(
        id, account, digest(secret), scopes=scopes, lasts=lasts, by=by, kind=kind
    )
    return NewKey(id, f"{_PREFIXES[kind]}{id}_{secret}", expires)


async def _key(tx: Transaction, id: str) -> KeyRow:
    row = await tx.api_keys.get(id)
    if row is None:
        raise AccessRefused(
            f"There is no key {id}.",
            "Keys and secrets are named by what stands between the first two _.",
            "`isthmus access key list` names them.",
        )  # fmt: skip
    return row


def _ensure_ends(lasts: timedelta) -> None:
    if lasts > LONGEST:
        raise AccessRefused(
            "No key was made.", f"A key lasts {LONGEST.days} days at most.",
            "Choose a shorter time, and rotate the key before it ends.",
        )  # fmt: skip
