"""Key figures as lines: a small drawing, what it is now, and which way it went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.console.words import amount, day, plain, span
from isthmus.observe.kpis import BY_NAME, Figures, Kpi, Trend, Unit, trends_of
from isthmus.store.database import Transaction

WIDTH, HEIGHT, EDGE = 120, 28, 4
TONES = {"better": "good", "worse": "warn", "steady": "calm"}
AGO = (27, 14, 7, 0)
"""Days whose values stand in the table that says the same as the drawings."""


@dataclass(frozen=True)
class TrendLine:
    """`lines` are points of the drawing, one text for each stretch of known days; `end` is the
    point of today's value.
    """

    name: str
    title: str
    currency: str
    now: str
    word: str
    tone: str
    direction: str
    told: str
    lines: tuple[str, ...]
    end: tuple[int, int]
    label: str
    cells: tuple[str, ...]


async def trend_lines(
    tx: Transaction, app: App, who: Principal, names: Collection[str]
) -> list[TrendLine]:
    found = await trends_of(
        tx, (BY_NAME[name] for name in names), Figures(app.landscape).today,
        who.entities(Permission.OVERVIEW_READ),
    )  # fmt: skip
    return [trend_line(trend) for trend in found]


def trend_line(trend: Trend) -> TrendLine:
    def told(value: Decimal) -> str:
        return measure(trend.kpi.unit, value, trend.currency)

    word, points, known = trend.word or "new", _points(trend.values), dict(trend.known)
    cells = [trend.days[-1] - timedelta(days=n) for n in AGO]
    change = trend.change or Decimal(0)
    return TrendLine(
        trend.kpi.name, trend.kpi.title, trend.currency, told(trend.now), word,
        TONES.get(word, "calm"), "up" if change > 0 else "down" if change < 0 else "same",
        _told(trend, told), tuple(_stretches(points)), next(p for p in reversed(points) if p),
        _label(trend, told),
        tuple(told(known[on]) if on in known else "" for on in cells),
    )  # fmt: skip


def _told(trend: Trend, told: Any) -> str:
    if trend.before is None or trend.change is None:
        return "kept since today; there is nothing to compare with yet"
    since, then = trend.before
    if not trend.change:
        return f"as on {day(since)}"
    way = "more" if trend.change > 0 else "less"
    return f"{told(abs(trend.change))} {way} than on {day(since)} ({told(then)})"


def _label(trend: Trend, told: Any) -> str:
    values = [value for _, value in trend.known]
    first, last = trend.known[0], trend.known[-1]
    return (
        f"{trend.kpi.title}: {told(first[1])} on {day(first[0])}, {told(last[1])} on "
        f"{day(last[0])}; lowest {told(min(values))}, highest {told(max(values))}"
    )


def measure(unit: Unit, value: Decimal, currency: str) -> str:
    """With its unit, as exact as a person needs it."""
    match unit:
        case Unit.MONEY:
            return f"{amount(value, currency)} {currency}"
        case Unit.SECONDS:
            return span(timedelta(seconds=int(value)))
        case Unit.COUNT:
            return plain(value)
        case _:
            return f"{plain(round(value, 1))} {'h' if unit is Unit.HOURS else unit.value}"


def _points(values: Collection[Decimal | None]) -> list[tuple[int, int] | None]:
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    step = Decimal(WIDTH - 2 * EDGE) / max(len(values) - 1, 1)
    height = HEIGHT - 2 * EDGE

    def y(value: Decimal) -> int:
        part = (value - low) / (high - low) if high > low else Decimal("0.5")
        return HEIGHT - EDGE - round(part * height)

    return [
        None if value is None else (EDGE + round(n * step), y(value))
        for n, value in enumerate(values)
    ]


def _stretches(points: Collection[tuple[int, int] | None]) -> list[str]:
    """A day that is not known interrupts the line; one that stands alone is a dot."""
    found: list[list[str]] = [[]]
    for point in points:
        if point is None:
            found.append([])
        else:
            found[-1].append(f"{point[0]},{point[1]}")
    return [" ".join(part if len(part) > 1 else part * 2) for part in found if part]


def chart_of(kpi: Kpi, trends: Collection[Trend]) -> dict[str, Any]:
    """All that is kept of a figure, for the large chart; it has a gap where nothing was kept."""
    days = next((trend.days for trend in trends), ())
    return {
        "kind": "line", "axis": "Day", "labels": [f"{on:%d %b}".lstrip("0") for on in days],
        "unit": trends_unit(kpi, trends),
        "series": [
            {"name": trend.currency or kpi.title,
             "values": [None if v is None else float(v) for v in trend.values]}
            for trend in trends
        ],
    }  # fmt: skip


def trends_unit(kpi: Kpi, trends: Collection[Trend]) -> str:
    if kpi.unit is not Unit.MONEY:
        return kpi.unit.value
    return next(iter(trends)).currency if len(trends) == 1 else ""
