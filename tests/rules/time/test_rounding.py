from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import contract, eur, rated, work

from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import RoundingGrain, RoundingMode, TimeRounding, TimeTerms
from isthmus.kit.money import Money
from isthmus.rules.billing import invoice_lines, rounded_on_lines
from isthmus.rules.facts import Work
from isthmus.rules.refusal import Unusable
from isthmus.rules.time.pricing import Priced, price, whole
from isthmus.rules.time.rounding import minutes_of, rounded_hours, rounded_in_turn


def priced(rounding: TimeRounding, *entries: Work) -> Priced:
    return price(contract(terms=Terms(time=TimeTerms(rounding=rounding))), entries)


@pytest.mark.parametrize(
    ("hours", "increment", "billed"),
    [
        ("2.11", 15, "2.25"),  # Harvest's own example
        ("2.25", 15, "2.25"),
        ("2.26", 15, "2.5"),
        ("0.01", 30, "0.5"),
        ("7.1", 6, "7.1"),
        ("7.11", 6, "7.2"),
        ("8", 60, "8"),
        ("8.01", 60, "9"),
        ("2.11", None, "2.11"),
        ("0", 15, "0"),
        ("-2.11", 15, "-2.25"),
        ("10", 60, "10"),
    ],
)
def test_hours_go_up_to_the_next_increment(hours: str, increment: int | None, billed: str) -> None:
    rounding = None if increment is None else TimeRounding(increment=increment)
    assert str(rounded_hours(Decimal(hours), rounding)) == billed


@pytest.mark.parametrize(
    ("mode", "billed"),
    [
        (RoundingMode.UP, ["0.25", "0.25", "0.5", "0.5"]),
        (RoundingMode.NEAREST, ["0", "0.25", "0.25", "0.5"]),
        (RoundingMode.DOWN, ["0", "0", "0.25", "0.25"]),
    ],
)
def test_one_eight_sixteen_and_twentythree_minutes_in_quarters(
    mode: RoundingMode, billed: list[str]
) -> None:
    rounding = TimeRounding(increment=15, mode=mode)
    found = [rounded_hours(Decimal(m) / 60, rounding) for m in (1, 8, 16, 23)]
    assert found == [Decimal(hours) for hours in billed]


def test_ten_minutes_kept_as_two_places_are_not_twenty() -> None:
    """0.17 h is what a PSA keeps of 10 minutes; it is 10.2 minutes."""
    tens = TimeRounding(increment=10)
    assert rounded_hours(Decimal("0.17"), tens) == Decimal("0.166667")
    assert rounded_hours(Decimal("0.18"), tens) == Decimal("0.333333")
    assert rounded_hours(Decimal("0.005"), tens) == Decimal("0.166667")
    assert whole(work("e1", "0.17"), tens).amount == eur("25.00")


def test_twenty_minutes_kept_as_two_places_lose_no_slice_on_the_way_down() -> None:
    """0.33 h is 19.8 minutes."""
    down = TimeRounding(increment=10, mode=RoundingMode.DOWN)
    assert rounded_hours(Decimal("0.33"), down) == Decimal("0.333333")


def test_three_times_ten_minutes_are_half_an_hour_together() -> None:
    tens = TimeRounding(increment=10, grain=RoundingGrain.PERSON_TASK_DAY)
    found = priced(tens, work("e1", "0.17"), work("e2", "0.17"), work("e3", "0.17"))
    assert sum(fact.billed_hours for fact in found.billed) == Decimal("0.5")


def test_a_minimum_and_a_maximum_keep_the_rounded_time_between_them() -> None:
    terms = TimeRounding(increment=15, minimum=60, maximum=120)
    found = [rounded_hours(Decimal(h), terms) for h in ("0.1", "1.1", "2.6", "0", "-0.1")]
    assert found == [1, Decimal("1.25"), 2, 0, -1]


def test_a_minimum_alone_leaves_longer_hours_as_they_are() -> None:
    terms = TimeRounding(minimum=60)
    assert rounded_hours(Decimal("1.33"), terms) == Decimal("1.33")


def test_a_day_on_one_task_is_rounded_once_and_another_task_by_itself() -> None:
    quarters = TimeRounding(increment=15, grain=RoundingGrain.PERSON_TASK_DAY)
    five = Decimal(5) / 60
    found = priced(
        quarters,
        work("e1", five, task="a"),
        work("e2", five, task="a"),
        work("e3", five, task="b"),
        work("e4", five, task="a", worked_on="2026-03-06"),
        work("e5", five, task="a", resource="r2"),
    )
    assert [(f.work.id, f.billed_hours) for f in found.billed] == [
        ("e1", Decimal("0.25")),
        ("e2", 0),
        ("e3", Decimal("0.25")),
        ("e5", Decimal("0.25")),
        ("e4", Decimal("0.25")),
    ]


def test_what_is_invoiced_of_a_day_has_its_slice_already() -> None:
    quarters = TimeRounding(increment=15, grain=RoundingGrain.PERSON_TASK_DAY)
    terms = contract(terms=Terms(time=TimeTerms(rounding=quarters)))
    five = Decimal(5) / 60
    first, second, third = work("e1", five), work("e2", five), work("e3", Decimal("0.2"))
    invoiced = price(terms, [first]).billed

    found = price(terms, [first, second, third], frozen=invoiced).billed
    assert [(f.work.id, f.billed_hours) for f in found] == [("e2", 0), ("e3", Decimal("0.25"))]


def test_rounding_takes_no_invoiced_hour_back() -> None:
    """15 minutes are billed where 11 would now be rounded to none."""
    down = TimeRounding(increment=15, mode=RoundingMode.DOWN)
    found = rounded_in_turn(
        [Fraction(1), Fraction(4)],
        lambda m: rounded_hours(Decimal(int(m)) / 60, down),
        Fraction(10),
        Decimal("0.25"),
    )
    assert found == [0, 0]


def test_hours_are_rounded_once_on_each_invoice_line() -> None:
    """Three times 5 minutes at 100.01 are a quarter of an hour: 25.0025, so 25.00."""
    quarters = TimeRounding(increment=15, grain=RoundingGrain.INVOICE_LINE)
    five = Decimal(5) / 60
    price_ = eur("100.01")
    raw = priced(quarters, *(work(f"e{n}", five, price_) for n in range(3))).billed
    assert [fact.billed_hours for fact in raw] == [five] * 3

    facts = rounded_on_lines([*raw, rated("e9", "0.25", eur("80"))], quarters)
    lines = invoice_lines(facts, lambda _: "").lines
    assert [(n.quantity, n.amount) for n in lines] == [
        (Decimal("0.25"), eur("20.00")),
        (Decimal("0.25"), eur("25.00")),
    ]
    assert Money.total((f.amount for f in facts), "EUR") == eur("45.00")


@pytest.mark.parametrize("increment", [0, -15])
def test_an_increment_that_is_no_slice_of_time_is_refused(increment: int) -> None:
    with pytest.raises(Unusable, match=f"{increment} minutes is not a slice of time"):
        rounded_hours(Decimal(1), TimeRounding(increment=increment))


def test_a_minimum_above_the_maximum_is_refused() -> None:
    with pytest.raises(Unusable, match="At least 60 and at most 30 minutes"):
        rounded_hours(Decimal(1), TimeRounding(minimum=60, maximum=30))


@given(
    st.decimals(min_value="0.01", max_value="24", places=2),
    st.sampled_from([3, 6, 9, 12, 15, 18, 30, 60]),
)
def test_rounded_hours_are_the_smallest_multiple_not_below(hours: Decimal, increment: int) -> None:
    billed = rounded_hours(hours, TimeRounding(increment=increment))
    assert billed * 60 % increment == 0
    assert hours <= billed < hours + Decimal(increment) / 60


@given(st.integers(1, 1440), st.sampled_from([1, 2, 5, 7, 10, 20]))
def test_whole_minutes_survive_two_places(minutes: int, increment: int) -> None:
    hours = (Decimal(minutes) / 60).quantize(Decimal("0.01"))
    assert minutes_of(hours, TimeRounding(increment=increment)) == minutes
