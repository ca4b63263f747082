"""Keys that sign access tokens: one signs, those before it still count until the last token that
they signed has expired. All processes share them by the database.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import KeySet, RSAKey

from isthmus.access.sealing import Seals
from isthmus.store.database import Database, Transaction
from isthmus.store.signing_keys import SigningKeyRow

LIFETIME = timedelta(minutes=10)
"""Of an access token."""
SEEN_EVERY = timedelta(minutes=1)
"""How long a process may not know what another one changed."""
KEPT = LIFETIME + 2 * SEEN_EVERY
"""How long a retired key still counts."""
ALGORITHM = "RS256"
"""The one that RFC 9068 has everybody support."""
_LOCK = "signing_key"


@dataclass(frozen=True)
class SigningKey:
    id: str
    key: RSAKey
    created_at: datetime
    retired_at: datetime | None


class Signing:
    """What one process knows of the keys."""

    def __init__(
        self,
        database: Database,
        seals: Callable[[], Seals],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._seals, self._clock = database, seals, clock
        self._known: tuple[float, list[SigningKey]] | None = None
        self._lock = asyncio.Lock()

    async def signs(self) -> SigningKey:
        """The key that signs, made where there is none. Raises CannotOpen."""
        keys = await self._keys()
        if not keys or keys[0].retired_at is not None:
            async with self._database.begin() as tx:
                await tx.lock(_LOCK)
                if not any(row.retired_at is None for row in await tx.signing_keys.list(KEPT)):
                    await _add(tx, self._seals(), "isthmus")
            keys = await self._keys(anew=True)
        return keys[0]

    async def named(self, id: str) -> SigningKey | None:
        """Raises CannotOpen."""
        found = _named(await self._keys(), id)
        return found or _named(await self._keys(anew=True), id)

    async def published(self) -> dict[str, list[dict[str, object]]]:
        """As a JWK Set: https://www.rfc-editor.org/rfc/rfc7517#section-5"""
        await self.signs()
        keys = KeySet([key.key for key in await self._keys()])
        said: dict[str, list[dict[str, object]]] = json.loads(json.dumps(keys.as_dict()))
        return said

    async def _keys(self, *, anew: bool = False) -> list[SigningKey]:
        """Nobody who asks with a token of ours waits for those who look for a key that is not."""
        if not anew and self._known is not None and self._is_fresh(self._known[0]):
            return self._known[1]
        async with self._lock:
            self._known = known = (self._clock(), await self._read())
            return known[1]

    def _is_fresh(self, read_at: float) -> bool:
        return self._clock() - read_at <= SEEN_EVERY.total_seconds()

    async def _read(self) -> list[SigningKey]:
        async with self._database.begin() as tx:
            rows = await tx.signing_keys.list(KEPT)
        seals = self._seals()
        return [_opened(row, seals) for row in rows]


async def rotate(database: Database, seals: Seals, by: str, *, at_once: bool = False) -> str:
    """The id of the key that signs from now on. Those before count until their tokens have
    expired, or `at_once` no more: then each client asks for a new token.
    """
    async with database.begin() as tx:
        await tx.lock(_LOCK)
        await tx.signing_keys.retire_all()
        await tx.signing_keys.remove_retired(timedelta(0) if at_once else KEPT)
        return await _add(tx, seals, by, at_once=at_once)


async def _add(tx: Transaction, seals: Seals, by: str, *, at_once: bool = False) -> str:
    key = await asyncio.to_thread(
        RSAKey.generate_key, 2048, {"use": "sig", "alg": ALGORITHM}, True, True
    )
    id, plain = str(key.kid), json.dumps(key.as_dict(private=True)).encode()
    await tx.signing_keys.add(id, seals.seal(plain, f"signing_key:{id}"))
    tx.audit.add(by, "signing_key.added", "signing_key", id, after={"old_ended": at_once})
    return id


def _opened(row: SigningKeyRow, seals: Seals) -> SigningKey:
    plain = seals.open_sealed(row.sealed, f"signing_key:{row.id}")
    return SigningKey(row.id, RSAKey.import_key(json.loads(plain)), row.created_at, row.retired_at)


def _named(keys: list[SigningKey], id: str) -> SigningKey | None:
    return next((key for key in keys if key.id == id), None)
