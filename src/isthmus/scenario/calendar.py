"""The months of the books, as each company had them on a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache

from isthmus.canonical import AccountingPeriod
from isthmus.canonical.dimensions import PeriodState
from isthmus.rules.periods import ClosedPeriodPolicy, Posting, period_closed, posting_day
from isthmus.rules.problems import Problem
from isthmus.scenario.file import PeriodPart
from isthmus.scenario.month import Month

_AHEAD = 12
"""Open months after the last day of the file: what is late always finds one."""


class Calendar:
    def __init__(self, parts: Sequence[PeriodPart], first: date, last: date) -> None:
        self._parts = parts
        end = Month.of(last)
        for _ in range(_AHEAD):
            end = end.next
        self._months = tuple(Month.of(first).until(end))
        self.periods = cache(self._periods)

    def days(self) -> Iterator[date]:
        """On which a month is closed or opened."""
        for part in self._parts:
            yield part.closed
            if part.opened_again is not None:
                yield part.opened_again

    def is_open(self, month: Month, company: str, day: date) -> bool:
        return not any(
            part.month == month
            and part.company in (None, company)
            and part.closed <= day
            and (part.opened_again is None or day < part.opened_again)
            for part in self._parts
        )

    def refusal(self, on: date, company: str, day: date) -> Problem | None:
        """Why a ledger takes nothing dated `on` on a day, or None where it does."""
        [period] = [p for p in self.periods(company, day) if p.id == str(Month.of(on))]
        return None if period.state is PeriodState.OPEN else period_closed(on, period)

    def earning_day(self, happened_on: date, known_on: date, company: str) -> date:
        """What is known too late for its month counts in the first month then open (IAS 8.5)."""
        periods = self.periods(company, known_on)
        found = posting_day(happened_on, periods, ClosedPeriodPolicy.REDATE, company)
        return found.day if isinstance(found, Posting) else known_on

    def _periods(self, company: str, day: date) -> tuple[AccountingPeriod, ...]:
        return tuple(
            AccountingPeriod(
                id=str(month),
                name=str(month),
                starts_on=month.first,
                ends_on=month.last,
                state=PeriodState.OPEN if self.is_open(month, company, day) else PeriodState.CLOSED,
            )
            for month in self._months
        )
