"""Wakes runs that wait for a system or a period: rows, not processes, until the cause is gone.

A system is asked by one cheap authenticated call; while its circuit is open the gate lets through
one such call of all processes. Once it answers, one process at a time sets its runs going in order
of priority: one, two, four ... in hand at once, so that it is not hit by all of them. While there
are any, the next pass comes soon: it replaces those that have ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from isthmus.canonical import AccountingPeriod
from isthmus.canonical.dimensions import PeriodState
from isthmus.connect.errors import ConnectError
from isthmus.connect.quota import Urgency, urgent
from isthmus.engine.engine import Engine
from isthmus.engine.replay import is_stopped, replay
from isthmus.events.batching import batch_waiting
from isthmus.events.links import Connected
from isthmus.kit.clock import utc_now
from isthmus.kit.first_line import first_line
from isthmus.rules.quota import in_turn, ramp
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, RECEIVED
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.holds import REPLAYING, WAITING_PERIOD, HoldRow
from isthmus.store.leadership import leading
from isthmus.store.pending import Pending
from isthmus.store.runs import RunRow

log = structlog.get_logger()
BY = "isthmus"
SOON = 0.5
STALE = timedelta(seconds=30)
LONGEST = timedelta(minutes=5)
"""Most that a run rests after a failure while its system answers others."""


class Waker:
    def __init__(self, engine: Engine, *, every: float = 2.0, at_once: int = 10) -> None:
        self._engine, self._every, self._at_once = engine, every, at_once

    async def run(self) -> None:
        """Until cancelled; an outage of the database or of a system is waited out."""
        while True:
            woken = 0
            try:
                woken = await self.wake()
            except (SQLAlchemyError, ConnectError) as error:
                log.warning("waker.paused", reason=first_line(error))
            except Exception:
                # The edge of a task: one run that cannot be woken must not leave all asleep.
                log.exception("waker.defect")
            await asyncio.sleep(min(SOON, self._every) if woken else self._every)

    async def wake(self) -> int:
        """One pass over everything that waits; the number of runs and entries set going.

        Entries wait for a batch where a process died between taking them in and batching them.
        """
        async with self._engine.database.begin() as tx:
            pending = await tx.pending()
        of = {
            Pending.ENTRIES: self._entries,
            Pending.SYSTEMS: self._systems,
            Pending.PERIODS: self._periods,
            Pending.REPLAYS: self._interrupted,
        }
        return sum([await ask() for what, ask in of.items() if what in pending])

    async def _entries(self) -> int:
        return await batch_waiting(self._engine.database, self._engine.outbox)

    async def _systems(self) -> int:
        async with self._engine.database.begin() as tx:
            systems = await tx.holds.waiting_systems()
        woken = 0
        for system in systems:
            async with leading(self._engine.database.engine, f"drain:{system}") as leads:
                woken += await self._drain(system) if leads else 0
        return woken

    async def _drain(self, system: str) -> int:
        connected = self._engine.links.connected.get(system)
        if connected is None:
            return 0
        async with self._engine.database.begin() as tx:
            runs = await self._ready(tx, system)
        if not runs or not await self._answers(connected, runs[0]):
            return 0
        async with self._engine.database.begin() as tx:
            in_hand = await tx.holds.list(state=REPLAYING, system=system)
            room = await self._steepness(tx, connected.space) - len(in_hand)
        return await self._set_going(runs, room)

    async def _steepness(self, tx: Transaction, space: str) -> int:
        """How many runs may be in hand: few when the system has just come back."""
        circuit = await tx.circuits.get(space)
        if circuit is None or circuit.closed_at is None:
            return self._at_once
        return ramp((utc_now() - circuit.closed_at).total_seconds(), self._at_once)

    async def _answers(self, connected: Connected, first: RunRow) -> bool:
        """Asked as urgently as the first run that waits for it."""
        flow = self._engine.flows.get(first.flow)
        try:
            with urgent(flow.urgency if flow else Urgency.BULK):
                return (await connected.system.health()).ok
        except ConnectError:
            return False

    async def _ready(self, tx: Transaction, system: str) -> list[RunRow]:
        """Runs that have rested, the most urgent first, every fifth the longest waiting."""
        ranked = [run for run in await tx.runs.waiting_for(system) if not _rests(run)]
        return in_turn(ranked, sorted(ranked, key=lambda run: run.number))

    async def _periods(self) -> int:
        """What waited for a period that is open now: entries are batched again, runs go on."""
        async with self._engine.database.begin() as tx:
            waited_for = await tx.holds.waiting_periods()
            opened = await self._opened(tx, waited_for) if waited_for else []
            ready = [
                hold
                for system, period in opened
                for hold in await tx.holds.list(state=WAITING_PERIOD, system=system, period=period)
            ]
            entries = [hold for hold in ready if _is_entry(hold)]
            for kind in {str(h.object_kind) for h in entries}:
                ids = [str(h.object_id) for h in entries if h.object_kind == kind]
                await tx.entries_of(kind).set_state(ids, RECEIVED, rebatch=True, was=HELD)
            if entries:
                await tx.holds.resolve_many([h.key for h in entries], "period opened", BY)
        if entries:
            await batch_waiting(self._engine.database, self._engine.outbox)
        return len(entries) + await self._replay([h for h in ready if not _is_entry(h)])

    async def _opened(
        self, tx: Transaction, waited_for: Sequence[tuple[str | None, str]]
    ) -> list[tuple[str | None, str]]:
        """Two ledgers may call a period the same: only the one that a hold waits for counts."""
        periods = await tx.records.list(AccountingPeriod)
        ids = [p.id for p in periods]
        opened = []
        for system, name in waited_for:
            connected = self._engine.links.connected.get(system or "")
            theirs: Collection[str] = ids
            if connected is not None:
                theirs = await tx.xref.external_many("accounting_period", connected.space, ids)
            found = [p for p in periods if p.name == name and p.id in theirs]
            if found and all(p.state is PeriodState.OPEN for p in found):
                opened.append((system, name))
        return opened

    async def _interrupted(self) -> int:
        """Replays that were begun by a process which died before the run was set going."""
        async with self._engine.database.begin() as tx:
            begun = await tx.holds.list(state=REPLAYING)
        stale = [h for h in begun if h.resolved_at and utc_now() - h.resolved_at > STALE]
        stopped = [h for h in stale if h.run_id and await is_stopped(self._engine, h.run_id)]
        return await self._replay(stopped)

    async def _replay(self, holds: list[HoldRow]) -> int:
        async with self._engine.database.begin() as tx:
            found = [await tx.runs.get(h.run_id) for h in holds if h.run_id]
        ranked = sorted(filter(None, found), key=lambda run: (run.priority, run.number))
        return await self._set_going(ranked, self._at_once)

    async def _set_going(self, runs: Sequence[RunRow], most: int) -> int:
        woken = 0
        for run in runs:
            if woken >= most:
                break
            woken += (await replay(self._engine, run, BY, audited=False)).resumed
        return woken


def _rests(run: RunRow) -> bool:
    """A system may answer and still fail one record each time: that is asked ever more rarely."""
    if run.finished_at is None or run.attempts < 2:
        return False
    return utc_now() - run.finished_at < min(timedelta(seconds=2**run.attempts), LONGEST)


def _is_entry(hold: HoldRow) -> bool:
    """A row that waits by itself, not a run that is about it."""
    return hold.object_kind in ENTRY_KINDS and hold.run_id is None and hold.object_id is not None
