"""How key figures stood on each of the last days, and which way they went."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from isthmus.observe.kpis.definition import Kpi, Unit, Way
from isthmus.store.database import Transaction
from isthmus.store.measures import KeptDay

DAYS = 28
_ADDS_UP = (Way.SUM, Way.COUNT)


@dataclass(frozen=True)
class Trend:
    """One value for each of the days, the last of them the day that was asked for; None where
    nothing was kept or there was nothing to measure. Money has one trend for each currency.
    """

    kpi: Kpi
    currency: str
    days: tuple[date, ...]
    values: tuple[Decimal | None, ...]

    @property
    def known(self) -> tuple[tuple[date, Decimal], ...]:
        pairs = zip(self.days, self.values, strict=True)
        return tuple((day, value) for day, value in pairs if value is not None)

    @property
    def now(self) -> Decimal:
        return self.known[-1][1]

    @property
    def before(self) -> tuple[date, Decimal] | None:
        """The first day that is known, and what it was then; None where only one is."""
        return self.known[0] if len(self.known) > 1 else None

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None else self.now - self.before[1]

    @property
    def word(self) -> str | None:
        """better, worse or steady: lower is better."""
        if self.change is None:
            return None
        return "better" if self.change < 0 else "worse" if self.change else "steady"


async def trends_of(
    tx: Transaction, kpis: Iterable[Kpi], on: date, entities: Collection[str] | None
) -> list[Trend]:
    """Of the firm (None), or of the companies with these codes: where there are several, what adds
    up is added up and other figures are left out. Figures of the installation are everybody's.
    """
    days = tuple(on - timedelta(days=DAYS - 1 - n) for n in range(DAYS))
    companies = [""] if entities is None else sorted(entities)
    theirs = await tx.measures.series(companies, days[0])
    whole = theirs if entities is None else await tx.measures.series([""], days[0])
    found: list[Trend] = []
    for kpi in kpis:
        if kpi.by_entity and len(companies) > 1 and kpi.way not in _ADDS_UP:
            continue
        rows = [row for row in (theirs if kpi.by_entity else whole) if row.name == kpi.name]
        found += [trend for trend in _by_currency(kpi, rows, days) if trend.known]
    return found


def _by_currency(kpi: Kpi, rows: Collection[KeptDay], days: tuple[date, ...]) -> list[Trend]:
    currencies = {row.currency for row in rows if bool(row.currency) is (kpi.unit is Unit.MONEY)}
    trends = (
        Trend(kpi, c, days, _on_days([r for r in rows if r.currency == c], days))
        for c in currencies
    )
    return sorted(trends, key=lambda t: (-t.now if t.known else Decimal(0), t.currency))


def _on_days(rows: Collection[KeptDay], days: tuple[date, ...]) -> tuple[Decimal | None, ...]:
    sums: dict[date, Decimal] = {}
    for row in rows:
        if row.value is not None:
            sums[row.on] = sums.get(row.on, Decimal(0)) + row.value
    return tuple(sums.get(day) for day in days)
