"""Sessions of people who are logged in, and wrong passwords in a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.access_tables import account, log_in_failure, session

_NOW = sa.func.clock_timestamp()
_SEEN_EVERY = timedelta(minutes=1)
FREE = 5
"""Wrong passwords in a row that cost nothing."""
LONGEST = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)
"""So long after the last failure none is remembered."""


@dataclass(frozen=True)
class LiveSession:
    account: str
    must_change: bool
    begun_at: datetime
    provider: str | None


@dataclass(frozen=True)
class KnownBy:
    """A provider, and what it said of who is logged in."""

    provider: str | None
    id_token: str | None


@dataclass(frozen=True)
class SessionRow:
    account: str
    begun_at: datetime
    seen_at: datetime
    address: str | None


class LogIns:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(
        self,
        digest: bytes,
        account: str,
        lasts: timedelta,
        address: str | None,
        known_by: KnownBy | None = None,
    ) -> None:
        there = known_by or KnownBy(None, None)
        await self._connection.execute(
            sa.insert(session).values(
                digest=digest, account=account, ends_at=_NOW + lasts, address=address,
                provider=there.provider, id_token=there.id_token,
            )
        )  # fmt: skip

    async def live(self, digest: bytes, idle: timedelta) -> LiveSession | None:
        """None where it is over, was idle too long, or its account is disabled."""
        found = await self._connection.execute(
            sa.select(session.c.account, account.c.must_change, session.c.begun_at,
                      session.c.provider, session.c.seen_at < _NOW - _SEEN_EVERY)
            .join(account, account.c.id == session.c.account)
            .where(session.c.digest == digest, session.c.ends_at > _NOW,
                   session.c.seen_at > _NOW - idle, account.c.disabled_at.is_(None))
        )  # fmt: skip
        row = found.first()
        if row is None:
            return None
        if row[4]:
            await self._connection.execute(
                sa.update(session).where(session.c.digest == digest).values(seen_at=_NOW)
            )
        return LiveSession(*row[:4])

    async def end(self, digest: bytes) -> KnownBy | None:
        ended = await self._connection.execute(
            sa.delete(session)
            .where(session.c.digest == digest)
            .returning(session.c.provider, session.c.id_token)
        )
        row = ended.first()
        return None if row is None else KnownBy(*row)

    async def of_provider(self, name: str) -> list[tuple[bytes, str, str]]:
        """(digest, name of the account, ID token) of sessions that a provider let in."""
        rows = await self._connection.execute(
            sa.select(session.c.digest, account.c.name, session.c.id_token)
            .join(account, account.c.id == session.c.account)
            .where(session.c.provider == name, session.c.id_token.is_not(None))
        )
        return [(bytes(digest), who, token) for digest, who, token in rows]

    async def end_all(self, account: str) -> int:
        """Of one account; their number."""
        gone = await self._connection.execute(
            sa.delete(session).where(session.c.account == account)
        )
        return gone.rowcount

    async def all_live(self, idle: timedelta, account: str | None = None) -> list[SessionRow]:
        """Who is logged in, the last seen first; with that account, where one is given."""
        query = (
            sa.select(session.c.account, session.c.begun_at, session.c.seen_at, session.c.address)
            .where(session.c.ends_at > _NOW, session.c.seen_at > _NOW - idle)
            .order_by(session.c.seen_at.desc())
        )
        if account is not None:
            query = query.where(session.c.account == account)
        rows = await self._connection.execute(query)
        return [SessionRow(*row) for row in rows]

    async def sweep(self, idle: timedelta) -> None:
        await self._connection.execute(
            sa.delete(session).where(
                sa.or_(session.c.ends_at < _NOW, session.c.seen_at < _NOW - idle)
            )
        )
        await self._connection.execute(
            sa.delete(log_in_failure).where(log_in_failure.c.last_at < _NOW - FORGOTTEN)
        )

    async def wait(self, name: str, address: str) -> timedelta | None:
        """How long no password is looked at; None: one is."""
        left: timedelta | None = await self._connection.scalar(
            sa.select(log_in_failure.c.until - _NOW).where(
                log_in_failure.c.name == name, log_in_failure.c.address == address,
                log_in_failure.c.until > _NOW,
            )
        )  # fmt: skip
        return left

    async def failed(self, name: str, address: str) -> int:
        """One more in a row; from the sixth on each pause is twice the last. Their number."""
        row = insert(log_in_failure).values(name=name, address=address, failures=1, until=_NOW)
        more = log_in_failure.c.failures + 1
        seconds = sa.func.power(2, sa.func.least(more - FREE, 20))
        pause = sa.func.least(sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds), LONGEST)
        statement = row.on_conflict_do_update(
            index_elements=["name", "address"],
            set_={
                "failures": more,
                "until": sa.case((more > FREE, _NOW + pause), else_=_NOW),
                "last_at": _NOW,
            },
        ).returning(log_in_failure.c.failures)
        return int(await self._connection.scalar(statement) or 0)

    async def forget(self, name: str, address: str) -> None:
        await self._connection.execute(
            sa.delete(log_in_failure).where(
                log_in_failure.c.name == name, log_in_failure.c.address == address
            )
        )
