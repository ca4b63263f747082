"""People and machines that may ask, and the roles that each has."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.ids import new_id
from isthmus.store.access_tables import account, account_grant

Kind = Literal["person", "machine"]
Given = tuple[str, str]
"""Role, and where: a legal entity, a region, or empty for the whole firm."""


@dataclass(frozen=True)
class AccountRow:
    id: str
    name: str
    shown: str
    kind: Kind
    password: str | None
    must_change: bool
    issuer: str | None
    subject: str | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None


_COLUMNS = [account.c[name] for name in AccountRow.__dataclass_fields__]


class Accounts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def any(self) -> bool:
        """Is there a person who may log in?"""
        found = sa.select(sa.exists().where(account.c.kind == "person"))
        return bool(await self._connection.scalar(found))

    async def add(
        self,
        name: str,
        shown: str,
        kind: Kind,
        by: str,
        *,
        password: str | None = None,
        must_change: bool = False,
        issuer: str | None = None,
        subject: str | None = None,
    ) -> str | None:
        """Its id; None when the name is taken."""
        statement = insert(account).values(
            id=new_id(), name=name.lower(), shown=shown, kind=kind, created_by=by,
            password=password, must_change=must_change, issuer=issuer, subject=subject,
        )  # fmt: skip
        added: str | None = await self._connection.scalar(
            statement.on_conflict_do_nothing().returning(account.c.id)
        )
        return added

    async def named(self, name: str) -> AccountRow | None:
        return await self._one(account.c.name == name.lower())

    async def get(self, id: str) -> AccountRow | None:
        return await self._one(account.c.id == id)

    async def known_by(self, issuer: str, subject: str) -> AccountRow | None:
        return await self._one(sa.and_(account.c.issuer == issuer, account.c.subject == subject))

    async def _one(self, which: sa.ColumnElement[bool]) -> AccountRow | None:
        row = (await self._connection.execute(sa.select(*_COLUMNS).where(which))).first()
        return None if row is None else AccountRow(*row)

    async def list(self) -> builtins.list[AccountRow]:
        rows = await self._connection.execute(sa.select(*_COLUMNS).order_by(account.c.name))
        return [AccountRow(*row) for row in rows]

    async def set_password(self, id: str, password: str, *, must_change: bool) -> None:
        await self._change(id, password=password, must_change=must_change)

    async def set_known_by(self, id: str, issuer: str, subject: str) -> None:
        """From now on that provider alone lets the person in."""
        await self._change(id, issuer=issuer, subject=subject, password=None, must_change=False)

    async def set_disabled(self, id: str, disabled: bool) -> None:
        await self._change(id, disabled_at=sa.func.clock_timestamp() if disabled else None)

    async def _change(self, id: str, **values: object) -> None:
        await self._connection.execute(
            sa.update(account).where(account.c.id == id).values(**values)
        )

    async def grants(self, id: str) -> builtins.list[Given]:
        rows = await self._connection.execute(
            sa.select(account_grant.c.role, account_grant.c.scope)
            .where(account_grant.c.account == id)
            .order_by(account_grant.c.role, account_grant.c.scope)
        )
        return [(role, scope) for role, scope in rows]

    async def all_grants(self) -> dict[str, builtins.list[Given]]:
        """Of every account, by its id."""
        rows = await self._connection.execute(
            sa.select(account_grant.c.account, account_grant.c.role, account_grant.c.scope)
            .order_by(account_grant.c.role, account_grant.c.scope)
        )  # fmt: skip
        found: dict[str, builtins.list[Given]] = {}
        for id, role, scope in rows:
            found.setdefault(id, []).append((role, scope))
        return found

    async def any_other_with(self, id: str, role: str, scope: str) -> bool:
        """Is there another person with that role there, who can log in?"""
        known = sa.or_(account.c.password.is_not(None), account.c.issuer.is_not(None))
        found = (
            sa.select(account.c.id)
            .join(account_grant, account_grant.c.account == account.c.id)
            .where(account.c.id != id, account.c.kind == "person", known,
                   account.c.disabled_at.is_(None), account_grant.c.role == role,
                   account_grant.c.scope == scope)
        )  # fmt: skip
        return bool(await self._connection.scalar(sa.select(found.exists())))

    async def set_grants(self, id: str, grants: Iterable[Given]) -> None:
        """These and no others."""
        await self._connection.execute(
            sa.delete(account_grant).where(account_grant.c.account == id)
        )
        rows = [{"account": id, "role": role, "scope": scope} for role, scope in set(grants)]
        if rows:
            await self._connection.execute(sa.insert(account_grant), rows)
