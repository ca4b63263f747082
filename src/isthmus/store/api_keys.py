"""Keys of machines: of each secret only its hash."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.clock import utc_now
from isthmus.store.access_tables import account, api_key

_NOW = sa.func.clock_timestamp()
_USED_EVERY = timedelta(minutes=1)


Kind = Literal["key", "secret"]
"""Sent as it is, or by an OAuth client for a token."""


@dataclass(frozen=True)
class KeyRow:
    id: str
    account: str
    digest: bytes
    scopes: list[str] | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    kind: Kind


_COLUMNS = [api_key.c[name] for name in KeyRow.__dataclass_fields__]


class ApiKeys:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        id: str,
        account: str,
        digest: bytes,
        *,
        scopes: builtins.list[str] | None,
        lasts: timedelta,
        by: str,
        kind: Kind = "key",
    ) -> datetime:
        """When it expires."""
        expires: datetime = (
            await self._connection.execute(
                sa.insert(api_key)
                .values(
                    id=id, account=account, digest=digest, expires_at=_NOW + lasts, created_by=by,
                    kind=kind, scopes=sa.null() if scopes is None else scopes,
                )
                .returning(api_key.c.expires_at)
            )
        ).scalar_one()  # fmt: skip
        return expires

    async def live(self, id: str) -> KeyRow | None:
        """None where it is expired, revoked, unknown, or its account is disabled."""
        found = await self._connection.execute(
            sa.select(*_COLUMNS)
            .join(account, account.c.id == api_key.c.account)
            .where(api_key.c.id == id, api_key.c.expires_at > _NOW,
                   api_key.c.revoked_at.is_(None), account.c.disabled_at.is_(None))
        )  # fmt: skip
        row = found.first()
        return None if row is None else KeyRow(*row)

    async def get(self, id: str) -> KeyRow | None:
        row = (
            await self._connection.execute(sa.select(*_COLUMNS).where(api_key.c.id == id))
        ).first()
        return None if row is None else KeyRow(*row)

    async def list(self, account: str | None = None) -> builtins.list[KeyRow]:
        """Of one account, or of all."""
        query = sa.select(*_COLUMNS).order_by(api_key.c.account, api_key.c.created_at)
        if account is not None:
            query = query.where(api_key.c.account == account)
        rows = await self._connection.execute(query)
        return [KeyRow(*row) for row in rows]

    async def used(self, row: KeyRow) -> None:
        """Noted once a minute."""
        if row.used_at is not None and utc_now() - row.used_at < _USED_EVERY:
            return
        await self._connection.execute(
            sa.update(api_key)
            .where(
                api_key.c.id == row.id,
                sa.or_(api_key.c.used_at.is_(None), api_key.c.used_at < _NOW - _USED_EVERY),
            )
            .values(used_at=_NOW)
        )

    async def revoke(self, id: str) -> bool:
        """False when it was revoked before."""
        gone = await self._connection.execute(
            sa.update(api_key)
            .where(api_key.c.id == id, api_key.c.revoked_at.is_(None))
            .values(revoked_at=_NOW)
        )
        return gone.rowcount == 1

    async def shorten(self, id: str, overlap: timedelta) -> None:
        """The key that another replaces lasts so much longer, and not beyond its own end."""
        await self._connection.execute(
            sa.update(api_key)
            .where(api_key.c.id == id)
            .values(expires_at=sa.func.least(api_key.c.expires_at, _NOW + overlap))
        )
