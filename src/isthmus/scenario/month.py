"""A calendar month, as people write it: 2026-03."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Raises ValueError where the text is not such as 2026-03.

        >>> Month.parse("2026-03")
        Month(year=2026, number=3)
        """
        found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
        if found is None:
            raise ValueError(f"{text!r} is not a month such as 2026-03")
        return cls(int(found[1]), int(found[2]))

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def until(self, last: Month) -> Iterator[Month]:
        """From this one to `last`, both included."""
        month = self
        while month <= last:
            yield month
            month = month.next

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"
