"""What became of the entries of a batch: states, holds, and a count for the run's result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from isthmus.canonical import AccountingPeriod
from isthmus.engine import Step
from isthmus.flows.entry_holds import entry_hold
from isthmus.flows.surroundings import InBooks
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, RATED, UNBILLABLE, Entries


class Verdict(Protocol):
    """Rated, or problems, or neither: then nobody is billed for it."""

    @property
    def entry(self) -> Any: ...
    @property
    def rated(self) -> object | None: ...
    @property
    def problems(self) -> tuple[Problem, ...]: ...
    @property
    def period(self) -> AccountingPeriod | None: ...


async def settle(
    tx: Transaction,
    step: Step,
    context: InBooks,
    entries: Entries[Any],
    verdicts: Sequence[Verdict],
) -> None:
    rated = [v.entry.id for v in verdicts if v.rated]
    free = [v.entry.id for v in verdicts if not v.rated and not v.problems]
    held = [v for v in verdicts if v.problems]
    await entries.settle(rated, RATED)
    await entries.settle(free, UNBILLABLE)
    await entries.settle([v.entry.id for v in held], HELD)
    await tx.holds.open_many(
        [entry_hold(step, context, v.entry, v.problems, v.period) for v in held], as_given=True
    )
    keys = [f"{entries.kind.model.kind}:{id}" for id in (*rated, *free)]
    await tx.holds.resolve_many(keys, "corrected", "isthmus")


def counts(verdicts: Sequence[Verdict], known: int = 0) -> Counter[str]:
    """By outcome; `known` entries had their fact already."""
    rated = sum(1 for v in verdicts if v.rated)
    held = sum(1 for v in verdicts if v.problems)
    return Counter(rated=rated + known, held=held, unbillable=len(verdicts) - rated - held)
