"""From when to when a scenario is played."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from isthmus.scenario.file import ScenarioFile
from isthmus.scenario.month import Month


def last_day(file: ScenarioFile) -> date:
    """As stated; else the end of the month in which the last event falls."""
    return file.until or Month.of(max(events(file))).last


def events(file: ScenarioFile) -> Iterator[date]:
    """Days on which something happens. Terms that run until a day are no events of it."""
    for contract in file.contracts.values():
        yield contract.starts
        if contract.retention and contract.retention.released:
            yield contract.retention.released
    for entry in file.time:
        yield from (entry.on, entry.approved or entry.on)
    for expense in file.expenses:
        yield from (expense.on, expense.approved or expense.on)
        yield from (d for d in (expense.receipt, expense.justified) if isinstance(d, date))
    for milestone in file.milestones.values():
        yield from (*milestone.delivered, *milestone.rejected)
        yield from filter(None, [milestone.accepted])
    for amendment in file.amendments:
        yield from (amendment.effective, amendment.signed or amendment.effective)
    yield from (credit.on for credit in file.credits)
    yield from (progress.on for progress in file.progress)
    yield from (estimate.on for estimate in file.estimates)
    for period in file.periods:
        yield from (period.month.first, period.closed)
        yield from filter(None, [period.opened_again])
    for run in file.runs:
        yield from (run.on, run.up_to or run.on)
