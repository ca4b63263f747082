"""The audit: rows are added only, and each holds the hash of the one before it."""

from __future__ import annotations

import builtins
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.contextvars import get_contextvars

from isthmus.kit.clock import utc_now
from isthmus.store.access_tables import audit, audit_head

START = bytes(32)
AT_ONCE = 1000


@dataclass(frozen=True)
class AuditRow:
    number: int
    at: datetime
    principal: str
    action: str
    object_kind: str | None
    object_id: str | None
    reason: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    correlation_id: str | None
    hash: bytes
    nonce: str | None = None
    """What else was in the row cannot be guessed from its hash. None: of before there were any,
    or a person's data was erased from the row.
    """

    def written(self) -> dict[str, Any]:
        """What is hashed, and what an export holds."""
        plain = {name: getattr(self, name) for name in _WRITTEN}
        if self.nonce is None:
            del plain["nonce"]
        return {**plain, "at": self.at.astimezone(UTC).isoformat(timespec="microseconds")}

    def chained(self, before: bytes) -> bytes:
        return hashlib.sha256(before + canonical(self.written())).digest()

    def digest(self) -> str:
        """Of what it says, by itself, in hex."""
        return hashlib.sha256(canonical(self.written())).hexdigest()


_WRITTEN = tuple(name for name in AuditRow.__dataclass_fields__ if name != "hash")


@dataclass(frozen=True)
class Head:
    number: int
    hash: bytes


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON in one form: sorted keys, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


_COLUMNS = [audit.c[name] for name in AuditRow.__dataclass_fields__]


class Audit:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.told: list[AuditRow] = []
        """Acts of this transaction that are not written yet."""

    def add(
        self,
        principal: str,
        action: str,
        object_kind: str | None = None,
        object_id: str | None = None,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        reason: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Written when the transaction commits, as the last thing that it does. Without a
        correlation id it has that of the request or run that is worked on, as log lines have.
        """
        correlation_id = correlation_id or get_contextvars().get("correlation_id")
        self.told.append(
            AuditRow(
                0, utc_now(), principal, action, object_kind, object_id, reason, _plain(before),
                _plain(after), correlation_id, b"", secrets.token_hex(16),
            )
        )  # fmt: skip

    async def write(self) -> None:
        """Who adds rows holds the head until the commit: so it is taken last, and for no longer
        than the rows need.
        """
        if not self.told:
            return
        head = await self._head(sa.select(audit_head.c.number, audit_head.c.hash).with_for_update())
        for told in self.told:
            row = replace(told, number=head.number + 1)
            head = Head(row.number, row.chained(head.hash))
            values = {name: getattr(row, name) for name in AuditRow.__dataclass_fields__}
            await self._connection.execute(sa.insert(audit).values({**values, "hash": head.hash}))
            await self._connection.execute(
                sa.update(audit_head).values(number=head.number, hash=head.hash)
            )
        self.told = []

    async def rewrite(self, texts: Sequence[str], by: str) -> dict[str, str]:
        """Replace texts in what rows say: number -> digest of the row as it is now. Its hash, by
        which the next row hangs on it, stays. The caller is allowed to (`Personal.allow`).
        """
        done: dict[str, str] = {}
        async for row in self.rows():
            said = json.dumps([row.reason, row.before, row.after], ensure_ascii=False)
            kept = said
            for text in texts:
                kept = kept.replace(text, by)
            if kept != said:
                reason, before, after = json.loads(kept)
                new = replace(row, reason=reason, before=before, after=after, nonce=None)
                await self._connection.execute(
                    sa.update(audit)
                    .where(audit.c.number == row.number)
                    .values(reason=reason, before=before, after=after, nonce=None)
                )
                done[str(row.number)] = new.digest()
        return done

    async def head(self) -> Head:
        return await self._head(sa.select(audit_head.c.number, audit_head.c.hash))

    async def _head(self, query: sa.Select[Any]) -> Head:
        return Head(*(await self._connection.execute(query)).one())

    async def rows(self) -> AsyncIterator[AuditRow]:
        """All, in order, a thousand in memory at a time."""
        after = -(2**62)
        while True:
            found = await self._connection.execute(
                sa.select(*_COLUMNS).where(audit.c.number > after)
                .order_by(audit.c.number).limit(AT_ONCE)
            )  # fmt: skip
            page = [AuditRow(*row) for row in found]
            for row in page:
                yield row
            if len(page) < AT_ONCE:
                return
            after = page[-1].number

    async def find(self, number: int) -> AuditRow | None:
        query = sa.select(*_COLUMNS).where(audit.c.number == number)
        row = (await self._connection.execute(query)).first()
        return None if row is None else AuditRow(*row)

    async def list(
        self,
        *,
        limit: int = 100,
        below: int | None = None,
        principal: str | None = None,
        action: str | None = None,
        object_kind: str | None = None,
        object_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> builtins.list[AuditRow]:
        """The youngest first; `below` is the last number of the page before. `action` is
        `hold.fixed`, or `hold` for all of its kind; `until` is the first instant that is not meant.
        """
        asked = {"principal": principal, "object_kind": object_kind, "object_id": object_id}
        query = sa.select(*_COLUMNS).order_by(audit.c.number.desc()).limit(limit)
        for name, value in asked.items():
            if value is not None:
                query = query.where(audit.c[name] == value)
        if action is not None:
            of_kind = audit.c.action.startswith(f"{action}.", autoescape=True)
            query = query.where(sa.or_(audit.c.action == action, of_kind))
        if since is not None:
            query = query.where(audit.c.at >= since)
        if until is not None:
            query = query.where(audit.c.at < until)
        if below is not None:
            query = query.where(audit.c.number < below)
        return [AuditRow(*row) for row in await self._connection.execute(query)]


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """As JSON reads it back: what is hashed must come out of the database the same."""
    text = json.dumps(to_jsonable_python(dict(values or {}), fallback=str))
    found: dict[str, Any] = json.loads(text, parse_float=str)
    return found
