"""G2, G4: a key figure's drawing and words, from the days that were kept."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from isthmus.console.trend_lines import measure, trend_line
from isthmus.observe.kpis import BY_NAME, Trend, Unit

FIRST = date(2026, 11, 2)


def trend(*values: str | None, name: str = "time_to_bill_latency") -> Trend:
    days = tuple(FIRST + timedelta(n) for n in range(len(values)))
    return Trend(BY_NAME[name], "", days, tuple(v and Decimal(v) for v in values))  # type: ignore[misc] # None or a number


def test_less_is_better_and_a_gap_is_left_open() -> None:
    line = trend_line(trend("13", None, "13.5", "12", None))
    assert (line.now, line.word, line.direction) == ("12 days", "better", "down")
    assert line.told == "1 days less than on 2 Nov 2026 (13 days)"
    assert line.lines == ("4,11 4,11", "60,4 88,24")
    assert line.end == (88, 24)


def test_more_is_worse_and_the_same_is_steady() -> None:
    up = trend_line(trend("2", "3"))
    assert (up.word, up.direction, up.tone) == ("worse", "up", "warn")
    same = trend_line(trend("2", "5", "2"))
    assert (same.word, same.told) == ("steady", "as on 2 Nov 2026")


def test_one_day_alone_is_compared_with_nothing() -> None:
    line = trend_line(trend(None, "7"))
    assert (line.word, line.tone) == ("new", "calm")
    assert line.told == "kept since today; there is nothing to compare with yet"
    assert line.lines == ("116,14 116,14",)


def test_each_unit_reads_as_people_say_it() -> None:
    told = {
        measure(Unit.MONEY, Decimal(1200), "EUR"), measure(Unit.SECONDS, Decimal("1200.00"), ""),
        measure(Unit.COUNT, Decimal("3.00"), ""), measure(Unit.PERCENT, Decimal("66.67"), ""),
        measure(Unit.HOURS, Decimal("4.00"), ""),
    }  # fmt: skip
    assert told == {"1,200.00 EUR", "20 min", "3", "66.7 %", "4 h"}
