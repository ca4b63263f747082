"""People who were sent to a provider to log in there, until they come back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.access_tables import sign_in

_NOW = sa.func.clock_timestamp()


@dataclass(frozen=True)
class Sent:
    provider: str
    state: str
    nonce: str
    verifier: str
    next: str


class SignIns:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(self, digest: bytes, sent: Sent, lasts: timedelta) -> None:
        """Also forgets those who did not come back."""
        await self._connection.execute(sa.delete(sign_in).where(sign_in.c.ends_at < _NOW))
        await self._connection.execute(
            sa.insert(sign_in).values(digest=digest, ends_at=_NOW + lasts, **asdict(sent))
        )

    async def take(self, digest: bytes) -> Sent | None:
        """Once; None where it was taken, is over or never was."""
        found = await self._connection.execute(
            sa.delete(sign_in)
            .where(sign_in.c.digest == digest, sign_in.c.ends_at > _NOW)
            .returning(*(sign_in.c[name] for name in Sent.__dataclass_fields__))
        )
        row = found.first()
        return None if row is None else Sent(*row)
