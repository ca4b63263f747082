"""Inbox: every inbound message, unique on (connection, the vendor's event id or payload hash)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.ids import new_id
from isthmus.store.tables import inbox


@dataclass(frozen=True)
class Message:
    id: str
    connection: str
    kind: str
    external_id: str
    attempts: int
    received_at: datetime
    traceparent: str | None


class Inbox:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def accept(
        self,
        connection: str,
        dedup_key: str,
        *,
        kind: str,
        external_id: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> bool:
        """Store; False when the message was here already (only its delivery is counted)."""
        statement = insert(inbox).values(
            id=new_id(), connection=connection, dedup_key=dedup_key, kind=kind,
            external_id=external_id, headers=dict(headers), body=body,
        )  # fmt: skip
        deliveries = await self._connection.scalar(
            statement.on_conflict_do_update(
                index_elements=[inbox.c.connection, inbox.c.dedup_key],
                set_={"deliveries": inbox.c.deliveries + 1},
            ).returning(inbox.c.deliveries)
        )
        return bool(deliveries == 1)

    async def waiting(self, connection: str, limit: int) -> list[Message]:
        """The oldest unprocessed messages of a connection; its one reader works on them."""
        rows = await self._connection.execute(
            sa.select(
                inbox.c.id,
                inbox.c.connection,
                inbox.c.kind,
                inbox.c.external_id,
                inbox.c.attempts,
                inbox.c.received_at,
                inbox.c.headers["traceparent"].astext,
            )
            .where(inbox.c.processed_at.is_(None), inbox.c.connection == connection)
            .order_by(inbox.c.received_at)
            .limit(limit)
        )
        return [Message(*row) for row in rows]

    async def body_of(self, id: str) -> bytes:
        body = await self._connection.scalar(sa.select(inbox.c.body).where(inbox.c.id == id))
        return bytes(body or b"")

    async def done(self, id: str) -> None:
        await self._connection.execute(
            sa.update(inbox)
            .where(inbox.c.id == id)
            .values(processed_at=sa.func.clock_timestamp(), error=None)
        )

    async def failed(self, id: str, error: str) -> None:
        await self._connection.execute(
            sa.update(inbox)
            .where(inbox.c.id == id)
            .values(attempts=inbox.c.attempts + 1, error=error)
        )

    async def unread(self, at_most: int) -> int:
        """Messages that nobody has read yet, counted up to a number."""
        some = (
            sa.select(inbox.c.id)
            .where(inbox.c.processed_at.is_(None))
            .order_by(inbox.c.received_at)
            .limit(at_most)
            .subquery()
        )
        return int(await self._connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0)

    async def counts(self) -> tuple[int, int, int]:
        """(messages, deliveries, unprocessed)."""
        row = (
            await self._connection.execute(
                sa.select(
                    sa.func.count(),
                    sa.func.coalesce(sa.func.sum(inbox.c.deliveries), 0),
                    sa.func.count().filter(inbox.c.processed_at.is_(None)),
                )
            )
        ).one()
        return int(row[0]), int(row[1]), int(row[2])
