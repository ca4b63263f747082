"""Waiting for Isthmus: by looking at its runs, messages and entries, never by the clock alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.app import App
from isthmus.canonical import AccountingPeriod, Assignment, Milestone, Phase, Project, RateCard
from isthmus.canonical.dimensions import PeriodState
from isthmus.demo.errors import DemoError
from isthmus.demo.org import Org
from isthmus.store.entries import HELD, INVOICED, POSTED, RATED, RECEIVED, UNBILLABLE
from isthmus.store.holds import WAITING_SYSTEM, HoldRow

PATIENCE = 120.0
LOOK_EVERY = 0.4
UNDER_WAY = ("queued", "running")


@dataclass(frozen=True)
class Seen:
    """One look at Isthmus. `entries` counts approved days by state."""

    entries: dict[str, int]
    runs: dict[tuple[str, str], int]
    unread: int
    holds: dict[tuple[str, str], int]
    milestones: int

    @property
    def approved(self) -> int:
        states = (RECEIVED, RATED, POSTED, INVOICED, HELD, UNBILLABLE)
        return sum(self.entries.get(state, 0) for state in states)

    @property
    def busy(self) -> int:
        return sum(n for (_, state), n in self.runs.items() if state in UNDER_WAY)

    @property
    def waiting(self) -> int:
        """Runs that wait for a system to come back."""
        return sum(n for (state, _), n in self.holds.items() if state == WAITING_SYSTEM)

    @property
    def in_work(self) -> int:
        return self.entries.get(RECEIVED, 0) + self.entries.get(RATED, 0)

    @property
    def at_rest(self) -> bool:
        replaying = sum(n for (state, _), n in self.holds.items() if state == "replaying")
        return not (self.busy or self.unread or self.waiting or self.in_work or replaying)

    def __str__(self) -> str:
        return (
            f"{self.busy} runs at work, {self.waiting} waiting for a system, {self.unread} "
            f"messages unread, entries {self.entries}, {self.milestones} milestones"
        )


class Watch:
    def __init__(self, app: App, org: Org, tell: Callable[[Seen], None]) -> None:
        self._app, self._org, self._tell = app, org, tell

    async def look(self) -> Seen:
        async with self._app.database.begin() as tx:
            accepted = [m.id for m in await tx.records.list(Milestone)]
            seen = Seen(
                await tx.entries.counts(),
                await tx.runs.counts(),
                (await tx.inbox.counts())[2],
                await tx.holds.counts(),
                len(await tx.ledger.live("milestone", accepted)),
            )
        self._tell(seen)
        return seen

    async def until(
        self, what: str, is_so: Callable[[], Awaitable[bool]], patience: float = PATIENCE
    ) -> None:
        """Raises DemoError with the last look when it does not become so."""
        ends = time.monotonic() + patience
        while not await is_so():
            if time.monotonic() > ends:
                raise DemoError(
                    f"the demonstration waited {patience:.0f} s for {what}",
                    str(await self.look()),
                    "See `isthmus hold list`; run `isthmus demo` again to go on, or "
                    "`isthmus demo --fresh` to start over.",
                )
            await asyncio.sleep(LOOK_EVERY)

    async def rest(self, what: str, *, approved: int | None = None, milestones: int = 0) -> None:
        """Until so many approved days and milestones are known and nothing is under way."""

        async def so() -> bool:
            seen = await self.look()
            if not seen.at_rest or seen.milestones < milestones:
                return False
            if approved is not None and seen.approved != approved:
                return False
            return not await self._org.undelivered()

        await self.until(what, so)

    async def known(self, what: str, is_so: Callable[[Known], bool]) -> None:
        """Until the records that Isthmus has read say so."""

        async def so() -> bool:
            return is_so(await self._known())

        await self.until(what, so)

    async def _known(self) -> Known:
        async with self._app.database.begin() as tx:
            return Known(
                await tx.records.counts(),
                await tx.records.list(Project),
                await tx.records.list(Phase),
                await tx.records.list(RateCard),
                await tx.records.list(Assignment),
                await tx.records.list(AccountingPeriod),
            )

    async def projects_opened(self, count: int) -> None:
        async def so() -> bool:
            seen = await self.look()
            done = seen.runs.get(("opportunity_to_project", "succeeded"), 0)
            return done >= count and seen.at_rest

        await self.until(f"{count} projects to be opened", so)

    async def all_billed(self, up_to: date) -> None:
        async def so() -> bool:
            async with self._app.database.begin() as tx:
                left = await tx.ledger.contracts_unbilled(up_to)
            return not left and (await self.look()).at_rest

        await self.until(f"everything up to {up_to} to be invoiced", so)

    async def holds(self) -> list[HoldRow]:
        async with self._app.database.begin() as tx:
            return await tx.holds.list(limit=10_000)


@dataclass(frozen=True)
class Known:
    counts: dict[str, int]
    projects: list[Project]
    phases: list[Phase]
    cards: list[RateCard]
    assignments: list[Assignment]
    periods: list[AccountingPeriod]

    def count(self, kind: str) -> int:
        return self.counts.get(kind, 0)

    def is_open(self, period: str) -> bool:
        return any(p.name == period and p.state is PeriodState.OPEN for p in self.periods)

    def is_locked(self, period: str) -> bool:
        """Companies may have periods of their own: then all of that name."""
        states = [p.state for p in self.periods if p.name == period]
        return bool(states) and PeriodState.OPEN not in states

    def staffed(self) -> int:
        return sum(1 for p in self.projects if p.profit_centre)

    def closing(self, day: date) -> int:
        """Phases whose last day this is."""
        return sum(1 for p in self.phases if p.ends_on == day)

    def rates(self) -> list[Decimal]:
        return sorted(a.bill_rate.amount for a in self.assignments if a.bill_rate)

    def ended_cards(self) -> int:
        return sum(1 for c in self.cards if c.effective_to)
