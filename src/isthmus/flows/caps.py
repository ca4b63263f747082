"""Not-to-exceed amounts in force: a contract's own, then each amendment's from its day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.canonical import Contract
from isthmus.kit.money import Money


@dataclass(frozen=True)
class Stretch:
    """Days from `starts_on` until the day `before` share one cap; None: no limit, no end."""

    starts_on: date
    before: date | None
    cap: Money | None

    def covers(self, day: date) -> bool:
        return self.starts_on <= day and (self.before is None or day < self.before)


def cap_stretches(contract: Contract) -> list[Stretch]:
    """In order of days, from the beginning of time on."""
    days = sorted({a.effective_on for a in contract.amendments if a.cap is not None})
    starts = [date.min, *days]
    return [
        Stretch(start, before, contract.cap_on(start))
        for start, before in zip(starts, [*days, None], strict=True)
    ]
