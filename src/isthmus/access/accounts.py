"""What is done to accounts: each act is in the audit, in the same transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence

from isthmus.access.passwords import hashed, one_time
from isthmus.access.permissions import AccessRole
from isthmus.store.accounts import AccountRow, Given, Kind
from isthmus.store.database import Database, Transaction

FIRST = "admin"
MANAGES: Given = (AccessRole.ADMIN.value, "")
"""The role of whoever may change what is here."""
LONGEST = 120
_NAME = re.compile(rf"[\w.+@-]{{1,{LONGEST}}}")
KINDS = {"user": "person", "client": "machine"}


class AccessRefused(Exception):
    """What, why, what to do."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}\n{why}\n{remedy}")
        self.what, self.why, self.remedy = what, why, remedy


async def add_person(
    database: Database, name: str, shown: str, grants: Sequence[Given], by: str
) -> str:
    """The one-time password, which is kept nowhere. Raises AccessRefused."""
    ensure_name(name)
    password = one_time()
    made = await hashed(password)
    async with database.begin() as tx:
        id = await tx.accounts.add(name, shown, "person", by, password=made, must_change=True)
        await _begin(tx, id, name, grants, by)
    return password


async def add_machine(
    database: Database, name: str, shown: str, grants: Sequence[Given], by: str
) -> None:
    """Raises AccessRefused. It asks with a key."""
    ensure_name(name)
    async with database.begin() as tx:
        await _begin(tx, await tx.accounts.add(name, shown, "machine", by), name, grants, by)


def ensure_name(name: str) -> None:
    """Raises AccessRefused."""
    if _NAME.fullmatch(name) is None:
        raise AccessRefused(
            f"{name!r} cannot be the name of an account." if name else "An account needs a name.",
            f"A name has letters, digits and . _ + @ - only, {LONGEST} at most.",
            "Give an e-mail address, or the name of the program.",
        )  # fmt: skip


async def ensure_first_manages(database: Database, grants: Sequence[Given]) -> None:
    """From the first account of a person on, this machine alone may nothing any more: that person
    must be able to make the next. Raises AccessRefused.
    """
    async with database.begin() as tx:
        if MANAGES not in grants and not await tx.accounts.any():
            raise AccessRefused(
                "The first account is not made.",
                "From then on people log in, and nobody could give roles here.",
                "Make the first person admin for the whole firm.",
            )  # fmt: skip


async def _begin(
    tx: Transaction, id: str | None, name: str, grants: Sequence[Given], by: str
) -> None:
    if id is None:
        raise AccessRefused(
            f"There is an account {name.lower()} already.", "Names are unique.",
            "Choose another, or see it with `isthmus access user list`.",
        )  # fmt: skip
    await tx.accounts.set_grants(id, grants)
    tx.audit.add(by, "account.added", "account", name.lower(), after={"roles": told(grants)})


async def first_person(database: Database, by: str) -> str | None:
    """The one-time password of `admin`, made where no person has an account yet."""
    async with database.begin() as tx:
        if await tx.accounts.any():
            return None
    try:
        return await add_person(database, FIRST, "Administrator", [MANAGES], by)
    except AccessRefused:
        return None  # another process was faster, and printed it


async def reset_password(database: Database, name: str, by: str) -> str:
    """A new one-time password; who was logged in is so no longer."""
    password = one_time()
    made = await hashed(password)
    async with database.begin() as tx:
        row = await named(tx, name, "person")
        _ensure_ours(row)
        await tx.accounts.set_password(row.id, made, must_change=True)
        ended = await tx.log_ins.end_all(row.id)
        tx.audit.add(by, "password.reset", "account", row.name,
                           after={"sessions_ended": ended})  # fmt: skip
    return password


async def set_grants(database: Database, name: str, grants: Sequence[Given], by: str) -> None:
    """These and no others. Raises AccessRefused."""
    async with database.begin() as tx:
        row = await named(tx, name)
        await _change(tx, row, await tx.accounts.grants(row.id), grants, by)


async def grant(database: Database, name: str, given: Given, by: str) -> bool:
    """One role more; False when it has it. Raises AccessRefused."""
    async with database.begin() as tx:
        row = await named(tx, name)
        before = await tx.accounts.grants(row.id)
        if given in before:
            return False
        await _change(tx, row, before, [*before, given], by)
    return True


async def take_back(database: Database, name: str, given: Given, by: str) -> bool:
    """One role less; False when it does not have it. Raises AccessRefused."""
    async with database.begin() as tx:
        row = await named(tx, name)
        before = await tx.accounts.grants(row.id)
        if given not in before:
            return False
        await _change(tx, row, before, [each for each in before if each != given], by)
    return True


async def _change(
    tx: Transaction, row: AccountRow, before: Sequence[Given], after: Sequence[Given], by: str
) -> None:
    _ensure_ours(row)
    if MANAGES in before and MANAGES not in after:
        await _ensure_another_manages(tx, row)
    await tx.accounts.set_grants(row.id, after)
    was, now = {"roles": told(before)}, {"roles": told(after)}
    tx.audit.add(by, "account.granted", "account", row.name, before=was, after=now)


async def set_disabled(database: Database, name: str, disabled: bool, by: str) -> None:
    """Its sessions and keys are of no use as long as it is disabled. Raises AccessRefused."""
    async with database.begin() as tx:
        row = await named(tx, name)
        if disabled and MANAGES in await tx.accounts.grants(row.id):
            await _ensure_another_manages(tx, row)
        await tx.accounts.set_disabled(row.id, disabled)
        await tx.log_ins.end_all(row.id)
        action = "account.disabled" if disabled else "account.enabled"
        tx.audit.add(by, action, "account", row.name)


async def end_sessions(database: Database, name: str, by: str) -> int:
    """Their number; who was logged in logs in again. Raises AccessRefused."""
    async with database.begin() as tx:
        row = await named(tx, name, "person")
        ended = await tx.log_ins.end_all(row.id)
        tx.audit.add(by, "sessions.ended", "account", row.name, after={"sessions_ended": ended})
    return ended


async def _ensure_another_manages(tx: Transaction, row: AccountRow) -> None:
    """Two who take it from each other do so one after the other. Raises AccessRefused."""
    if row.kind != "person" or row.disabled_at is not None:
        return
    await tx.lock("access")
    if not await tx.accounts.any_other_with(row.id, *MANAGES):
        raise AccessRefused(
            f"{row.name} stays as it is.",
            "It is the last person who is admin for the whole firm; nobody could undo this.",
            "Make somebody else admin for the whole firm first.",
        )  # fmt: skip


async def link(database: Database, name: str, issuer: str, subject: str, by: str) -> None:
    """From now on the provider that says `issuer` lets the person in, by today's groups there, and
    no password does. Raises AccessRefused.
    """
    async with database.begin() as tx:
        row = await named(tx, name, "person")
        other = await tx.accounts.known_by(issuer, subject)
        if other is not None and other.id != row.id:
            raise AccessRefused(
                f"{name.lower()} was not linked.", f"That person has the account {other.name}.",
                "Disable one of the two; an account belongs to one person, and a person to one.",
            )  # fmt: skip
        await tx.accounts.set_known_by(row.id, issuer, subject)
        await tx.log_ins.end_all(row.id)
        known = {"issuer": issuer, "subject": subject}
        tx.audit.add(by, "account.linked", "account", row.name, after=known)


def _ensure_ours(row: AccountRow) -> None:
    if row.issuer is not None:
        raise AccessRefused(
            f"{row.name} was not changed.", f"{row.issuer} lets the person in, and its groups say "
            "which roles there are.",
            "Change the groups there, or access.providers of the landscape.",
        )  # fmt: skip


async def named(tx: Transaction, name: str, kind: Kind | None = None) -> AccountRow:
    """Raises AccessRefused."""
    row = await tx.accounts.named(name)
    if row is None or kind not in (None, row.kind):
        raise AccessRefused(
            f"There is no {kind or 'account'} {name}.", "No such name is known.",
            "`isthmus access user list` and `isthmus access client list` name them all.",
        )  # fmt: skip
    return row


def told(grants: Sequence[Given]) -> list[str]:
    return sorted(f"{role}@{scope}" if scope else role for role, scope in grants)
