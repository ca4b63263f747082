"""Accounts as the pages show them: with roles, sessions and keys."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from isthmus.access import PERMISSIONS, AccessRole, Permission
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import is_uuid
from isthmus.kit.masking import MASK
from isthmus.store.accounts import AccountRow, Given
from isthmus.store.api_keys import KeyRow
from isthmus.store.database import Transaction
from isthmus.store.log_ins import SessionRow

SOON = timedelta(days=14)
"""So long before its end a key is to be rotated."""


@dataclass(frozen=True)
class Key:
    row: KeyRow
    state: str
    tone: str

    @property
    def is_live(self) -> bool:
        return self.state in ("works", "ends soon")


@dataclass(frozen=True)
class Account:
    row: AccountRow
    grants: list[Given]
    sessions: list[SessionRow]
    keys: list[Key]

    def fits(self, asked: str) -> bool:
        """By any part of its name, or a role, or the id of a key."""
        places = [part for given in self.grants for part in given]
        keys = [key.row.id for key in self.keys]
        words = [self.row.name, self.row.shown, *places, *keys]
        return any(asked.lower() in word.lower() for word in words)

    @property
    def state(self) -> tuple[str, str]:
        """How it is, and the tone to say it in."""
        if self.row.disabled_at is not None:
            return "disabled", "bad"
        if not self.grants:
            return "may nothing", "warn"
        if self.row.must_change:
            return "has not logged in yet", "calm"
        return "may log in" if self.row.kind == "person" else "may ask", "good"


async def accounts_of(
    tx: Transaction, idle: timedelta, kind: str, *, hidden: bool
) -> list[Account]:
    """`hidden`: without the network addresses that people log in from."""
    grants = await tx.accounts.all_grants()
    sessions: dict[str, list[SessionRow]] = defaultdict(list)
    for each in await tx.log_ins.all_live(idle):
        sessions[each.account].append(_shown(each, hidden))
    keys: dict[str, list[Key]] = defaultdict(list)
    for row in await tx.api_keys.list():
        keys[row.account].append(_key(row, utc_now()))
    return [
        Account(row, grants.get(row.id, []), sessions[row.id], keys[row.id][::-1])
        for row in await tx.accounts.list()
        if kind == row.kind
    ]


async def account_of(tx: Transaction, idle: timedelta, id: str, *, hidden: bool) -> Account | None:
    row = await tx.accounts.get(id) if is_uuid(id) else None
    if row is None:
        return None
    sessions = [_shown(each, hidden) for each in await tx.log_ins.all_live(idle, id)]
    keys = [_key(each, utc_now()) for each in await tx.api_keys.list(id)]
    return Account(row, await tx.accounts.grants(id), sessions, keys[::-1])


def _shown(session: SessionRow, hidden: bool) -> SessionRow:
    return replace(session, address=MASK) if hidden and session.address else session


def _key(row: KeyRow, now: datetime) -> Key:
    if row.revoked_at is not None:
        return Key(row, "revoked", "calm")
    if row.expires_at <= now:
        return Key(row, "expired", "calm")
    if row.expires_at - now < SOON:
        return Key(row, "ends soon", "warn")
    return Key(row, "works", "good")


def allowed_scopes(one: Account) -> list[Permission]:
    """What the roles of the account allow: a key cannot be for more."""
    mine = {AccessRole(role) for role, _ in one.grants}
    return [p for p in Permission if any(p in PERMISSIONS[role] for role in mine)]
