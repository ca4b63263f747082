"""Logging in with a password, and what a session is until it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from isthmus.access.granting import Regions, principal_of
from isthmus.access.passwords import ensure_strong, fits, hashed
from isthmus.access.principal import Principal
from isthmus.access.secret import digest, new_secret
from isthmus.store.accounts import AccountRow
from isthmus.store.database import Database, Transaction
from isthmus.store.log_ins import KnownBy


class LogInRefused(Exception):
    """`after` is how long to wait; None where waiting does not help."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True)
class Lasts:
    idle: timedelta
    whole: timedelta


@dataclass(frozen=True)
class Known:
    who: Principal
    must_change: bool
    provider: str | None
    """Who knew the person; None: a password of ours."""


async def log_in(
    database: Database, name: str, password: str, address: str, lasts: Lasts
) -> tuple[str, bool]:
    """The secret of a new session, and whether the password must be changed first.

    Raises LogInRefused, which does not tell whether there is such an account.
    """
    name = name.strip().lower()[:200]
    async with database.begin() as tx:
        wait = await tx.log_ins.wait(name, address)
        row = await tx.accounts.named(name)
    if wait is not None:
        seconds = int(wait.total_seconds()) + 1
        raise LogInRefused(f"too many wrong passwords; try again in {seconds} s", wait)
    usable = row is not None and row.kind == "person" and row.disabled_at is None
    fitting = await fits(password, row.password if row and usable else None)
    async with database.begin() as tx:
        if row is None or not fitting:
            await _count(tx, name, address)
        else:
            await tx.log_ins.forget(name, address)
            return await begin(tx, row, address, lasts), row.must_change
    raise LogInRefused("the name or the password is wrong")


async def _count(tx: Transaction, name: str, address: str) -> None:
    failures = await tx.log_ins.failed(name, address)
    tx.audit.add(name or "nobody", "log_in.refused", "account", name,
                       after={"address": address, "in_a_row": failures})  # fmt: skip


async def begin(
    tx: Transaction,
    row: AccountRow,
    address: str,
    lasts: Lasts,
    by: str = "password",
    known_by: KnownBy | None = None,
) -> str:
    """The secret of a new session; one that the browser had before is the caller's to end."""
    secret = new_secret()
    await tx.log_ins.sweep(lasts.idle)
    await tx.log_ins.begin(digest(secret), row.id, lasts.whole, address, known_by)
    tx.audit.add(row.name, "log_in", "account", row.name,
                       after={"address": address, "by": by})  # fmt: skip
    return secret


async def known(database: Database, secret: str, lasts: Lasts, regions: Regions) -> Known | None:
    """Whose session it is; None where it is over."""
    async with database.begin() as tx:
        live = await tx.log_ins.live(digest(secret), lasts.idle)
        row = await tx.accounts.get(live.account) if live else None
        if live is None or row is None:
            return None
        return Known(await principal_of(tx, row, regions), live.must_change, live.provider)


async def log_out(database: Database, secret: str, who: Principal) -> KnownBy | None:
    """What its provider needs to log the person out as well."""
    async with database.begin() as tx:
        ended = await tx.log_ins.end(digest(secret))
        tx.audit.add(who.id, "log_out", "account", who.id)
    return ended


async def change_password(
    database: Database, who: Principal, old: str, new: str, address: str, lasts: Lasts
) -> str:
    """Ends all sessions of the account; the secret of a new one. Raises LogInRefused and
    WeakPassword.
    """
    ensure_strong(new, who.id)
    await log_in(database, who.id, old, address, lasts)
    if old == new:
        raise LogInRefused("the new password is the old one")
    made = await hashed(new)
    async with database.begin() as tx:
        row = await tx.accounts.named(who.id)
        if row is None:
            raise LogInRefused("the account is gone")
        await tx.accounts.set_password(row.id, made, must_change=False)
        await tx.log_ins.end_all(row.id)
        secret = await begin(tx, row, address, lasts)
        tx.audit.add(who.id, "password.changed", "account", who.id)
    return secret
