"""Divides what connections allow between all processes, and agrees on which system is away.

Every process asks for its part, holds it for seconds and tells what it has spent. A part that is
not renewed comes back by itself, so a process that dies takes nothing with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from isthmus.connect.quota import Quota, Urgency
from isthmus.events.envelope import Event
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import derived_id, new_id
from isthmus.rules.quota import left_today, portion
from isthmus.store.circuits import Circuit
from isthmus.store.database import Database, Transaction
from isthmus.store.quotas import NONE, Amounts, Held, QuotaRow, plus

WORD_HOLDS = timedelta(minutes=15)
"""How long a vendor's count of the day is believed; then one call asks again. The day may be a
rolling one, and other clients' calls leave it too."""
WAITS = timedelta(seconds=10)
"""A shorter pause is waited for in the queue, a longer one as a row."""
AHEAD = 50
"""Most calls that a process holds beyond those that wait."""


@dataclass(frozen=True)
class Ask:
    """What a process has in hand. `owed` requests belong to calls that are in flight already."""

    in_flight: Amounts = NONE
    waiting: Amounts = NONE
    owed: int = 0
    open: int = 0
    """Requests sent and not ended."""
    ended: Mapping[int, int] = field(default_factory=dict)
    vendor: tuple[int, int] | None = None
    """Used and allowed, as the last reply said."""

    @property
    def is_empty(self) -> bool:
        return not (any(self.in_flight) or any(self.waiting) or self.owed)


@dataclass(frozen=True)
class Barred:
    """Why calls of an urgency have to wait, and for how many seconds."""

    why: str
    seconds: float


@dataclass(frozen=True)
class Grant:
    """`slots`: a call may begin while fewer are in flight. `calls`: requests that may be sent;
    None: not counted.
    """

    slots: int = 0
    calls: int | None = 0
    probe: bool = False
    away: str | None = None
    """Why the system is not called."""
    failures: int = 0
    barred: Mapping[Urgency, Barred] = field(default_factory=dict)

    def too_few_slots(self, ask: Ask) -> bool:
        """Somebody goes on waiting for a call to end, so asking again at once is of no use."""
        return self.slots < sum(ask.in_flight) + sum(ask.waiting)

    def too_few_calls(self, ask: Ask) -> bool:
        """The same for the window or the day."""
        return self.calls is not None and self.calls < sum(ask.waiting) + ask.owed


class Governor:
    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        *,
        lease: timedelta = timedelta(seconds=10),
        failures: int = 5,
        pause: timedelta = timedelta(seconds=2),
        longest: timedelta = timedelta(seconds=60),
    ) -> None:
        """`failures` in a row open a circuit; `pause` to the first probe, then half as much again
        each time, up to `longest`.
        """
        self._database, self._outbox = database, outbox
        self.holder, self.lease = new_id(), lease
        self._failures, self._pause, self._longest = failures, pause, longest

    async def declare(self, connection: str, quota: Quota) -> None:
        async with self._database.begin() as tx:
            await tx.quotas.declare(connection, **vars(quota))

    async def renew(self, connection: str, ask: Ask) -> Grant:
        """Book what has ended, and take the part that is due now."""
        async with self._database.begin() as tx:
            row = await tx.quotas.locked(connection)
            await tx.quotas.reap(connection)
            await tx.quotas.spend(connection, ask.ended)
            if ask.vendor is not None:
                await tx.quotas.vendor_says(connection, *ask.vendor)
                row = replace(row, vendor_used=ask.vendor[0], vendor_allowed=ask.vendor[1],
                              vendor_at=row.now)  # fmt: skip
            if ask.is_empty:
                await tx.quotas.give_back(connection, self.holder)
                return Grant()
            return await self._divide(tx, row, ask)

    async def _divide(self, tx: Transaction, row: QuotaRow, ask: Ask) -> Grant:
        others = await tx.quotas.held(row.connection, but=self.holder)
        circuit = await tx.circuits.get(row.connection)
        barred = await self._barred(tx, row, others.calls + ask.open)
        calls = await self._calls(tx, row, ask, others, barred)
        grant = await self._slots(tx, row, ask, others, circuit)
        part = Held(
            max(sum(ask.in_flight), grant.slots),
            ask.open + (calls or 0),
            plus(ask.in_flight, ask.waiting),
            ask.waiting,
        )
        await tx.quotas.lease(row.connection, self.holder, part, self.lease)
        return replace(
            grant, calls=calls, failures=circuit.failures if circuit else 0,
            barred=_paused(row) or {u: b for u, (b, _) in barred.items() if b},
        )  # fmt: skip

    async def _slots(
        self, tx: Transaction, row: QuotaRow, ask: Ask, others: Held, circuit: Circuit | None
    ) -> Grant:
        in_flight = sum(ask.in_flight)
        free = row.concurrency - others.slots - in_flight
        if circuit is not None and circuit.is_open:
            probe = (
                any(ask.waiting)
                and free > 0
                and await tx.circuits.take_probe(row.connection, self.holder, self._longest)
            )
            return Grant(in_flight + 1 if probe else 0, probe=probe, away=_away(circuit))
        if row.paused_until is not None and row.paused_until > row.now:
            return Grant()
        mine = plus(ask.in_flight, ask.waiting)
        limit = row.concurrency_now(circuit.closed_at if circuit else None)
        due = portion(limit, plus(others.wanted, mine), mine, their_turn=_their_turn(row.now))
        return Grant(max(0, min(due, limit - others.slots)))

    async def _calls(
        self, tx: Transaction, row: QuotaRow, ask: Ask, others: Held,
        barred: Mapping[Urgency, tuple[Barred | None, int]],
    ) -> int | None:  # fmt: skip
        """Requests to be sent from now on, besides those that are open."""
        waiting = plus(ask.waiting, (ask.owed, *NONE[1:]))
        limits = []
        if row.calls is not None:
            spent = await tx.quotas.spent(row.connection, row.per)
            limits.append((row.calls - spent - others.calls - ask.open, row.calls))
        asking = [u for u in Urgency if waiting[u]]
        if barred and asking:
            limits.append((barred[asking[0]][1], barred[Urgency.INVOICING][1]))
        elif barred:
            limits.append((0, 0))
        if not limits:
            return None
        free = max(0, min(left for left, _ in limits))
        ahead = min(AHEAD, min(whole for _, whole in limits) // 8)
        everyone = plus(others.waiting, waiting)
        if sum(everyone) + ahead <= free:
            return sum(waiting) + ahead
        turn = _their_turn(row.now)
        return min(free, portion(free, everyone, waiting, their_turn=turn))

    async def _barred(
        self, tx: Transaction, row: QuotaRow, open_now: int
    ) -> dict[Urgency, tuple[Barred | None, int]]:
        """By urgency: why it may not spend of the day's allowance, and what is left for it.

        Empty where there is none. The vendor's own figure replaces the declared one, but not the
        firm's own share, which stands beside it.
        """
        told = row.vendor_at is not None and row.vendor_at > row.now - WORD_HOLDS
        daily = row.daily_now
        if daily is None and not told:
            return {}
        found: dict[Urgency, tuple[Barred | None, int]] = {}
        used = await tx.quotas.used(row.connection)
        counts = []
        if daily is not None:
            counts.append((daily, used.calls + open_now, used.next_out_at))
        if told and row.vendor_allowed is not None and row.vendor_used is not None:
            again = row.vendor_at + WORD_HOLDS if row.vendor_at else None
            counts.append((row.vendor_allowed, row.vendor_used + open_now, again))
        for urgency in Urgency:
            left, allowed, spent, until = min(
                ((left_today(most, so_far, urgency), most, so_far, at)
                 for most, so_far, at in counts), key=lambda count: count[0],
            )  # fmt: skip
            found[urgency] = (None if left else _spent(urgency, allowed, spent, until, row.now),
                              left)  # fmt: skip
        return found

    async def failed(self, connection: str, reason: str) -> bool:
        """A call found the system away; True when the circuit is open now."""
        async with self._database.begin() as tx:
            failures = await tx.circuits.failed(connection, reason)
            if failures < self._failures:
                return False
            opened_at = await tx.circuits.open(connection, self._pause)
            if opened_at is None:
                return True
            event = Event(
                type="connection.lost", source="governor", subject=_subject(connection),
                correlation_id=_story(connection, opened_at),
                data={"connection": connection, "reason": reason, "failures": failures},
            )  # fmt: skip
            await self._outbox.emit(tx, event)
        return True

    async def succeeded(self, connection: str) -> None:
        async with self._database.begin() as tx:
            await tx.circuits.succeeded(connection)

    async def probe_answered(self, connection: str) -> None:
        async with self._database.begin() as tx:
            opened_at = await tx.circuits.close(connection, self.holder)
            if opened_at is None:
                return
            event = Event(
                type="connection.restored", source="governor", subject=_subject(connection),
                correlation_id=_story(connection, opened_at),
                data={"connection": connection, "lost_at": opened_at.isoformat()},
            )  # fmt: skip
            await self._outbox.emit(tx, event)

    async def probe_failed(self, connection: str, reason: str | None) -> None:
        """No reason: the probe came to nothing, and the next one is due at once."""
        async with self._database.begin() as tx:
            await tx.circuits.put_off(connection, self.holder, reason, longest=self._longest)

    async def pause(self, connection: str, seconds: float) -> None:
        async with self._database.begin() as tx:
            await tx.quotas.pause(connection, seconds)

    async def narrow(self, connection: str) -> None:
        """The system takes fewer calls at once than we thought: half as many, once a second."""
        async with self._database.begin() as tx:
            row = await tx.quotas.locked(connection)
            if row.narrowed_at is None or row.now - row.narrowed_at > timedelta(seconds=1):
                half = row.concurrency_now(None) // 2
                await tx.quotas.narrow(connection, max(1, half))


def _paused(row: QuotaRow) -> dict[Urgency, Barred]:
    """A pause of more than seconds, which the system asked for, is for everyone."""
    if row.paused_until is None or row.paused_until - row.now < WAITS:
        return {}
    why = f"not called: it asked to be left alone until {row.paused_until:%Y-%m-%d %H:%M:%S} UTC"
    seconds = (row.paused_until - row.now).total_seconds()
    return dict.fromkeys(Urgency, Barred(why, seconds))


def _their_turn(now: datetime) -> bool:
    """One second in five, the same second for all processes."""
    return int(now.timestamp()) % 5 == 4


def _away(circuit: Circuit) -> str:
    since = f"{circuit.opened_at:%Y-%m-%d %H:%M:%S} UTC" if circuit.opened_at else "just now"
    return f"not called: it is away since {since} ({circuit.reason})"


def _spent(
    urgency: Urgency, allowed: int, spent: int, until: datetime | None, now: datetime
) -> Barred:
    again = f"; calls come free from {until:%Y-%m-%d %H:%M} UTC on" if until else ""
    seconds = max(0.0, (until - now).total_seconds()) if until else WORD_HOLDS.total_seconds()
    return Barred(
        f"not called: {spent:,} of {allowed:,} calls of the day are made, and what is left is "
        f"kept for more urgent ones than {urgency.name.lower()}{again}"
        if spent < allowed
        else f"not called: the day's {allowed:,} calls are made{again}",
        seconds,
    )


def _subject(connection: str) -> str:
    return derived_id("connection", connection)


def _story(connection: str, opened_at: datetime) -> str:
    return derived_id("connection", connection, opened_at.isoformat())
