from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.expenses.facts import rate
from tests.rules.facts import day, eur, usd

from isthmus.kit.money import Money
from isthmus.rules.margin import Dimension, Fact, Figures, Place, RevenueBasis, Sold, figures
from isthmus.rules.problems import Problem
from isthmus.rules.ratios import (
    billable_of_capacity,
    billable_of_tracked,
    collected_of_billed,
    effective_rate,
    percent,
    ratio,
    realised_hours,
    realised_value,
    target_attained,
)
from isthmus.rules.refusal import Unusable

ROLLOUT = Place("Rollout", "Client A", "ERP")
ROLLOUT_DATA = Place("Rollout", "Client A", "Data")
SUPPORT = Place("Support", "Client A", "ERP")


def fact(place: Place = ROLLOUT, on: str = "2026-03-05", **amounts: Any) -> Fact:
    return Fact(place, day(on), **amounts)


FACTS = [
    fact(hours=Decimal(8), cost=eur(400), value=eur(1200), billed=eur(1100), earned=eur(1100)),
    fact(hours=Decimal(6), cost=eur(300), value=eur(900), earned=eur(900)),
    fact(ROLLOUT_DATA, hours=Decimal(2), cost=eur(100)),
    fact(cost=eur(80), value=eur(88), billed=eur(88), earned=eur(88)),
    fact(SUPPORT, billed=eur(5000), earned=eur(2000)),
]
SOLD = [
    Sold(ROLLOUT, day("2026-01-01"), eur(10_000), eur(4_000), Decimal(80)),
    Sold(SUPPORT, day("2026-01-01"), eur(6_000)),
]


def by(dimension: Dimension, currency: str = "EUR", **more: Any) -> dict[str, Figures]:
    found = figures(FACTS, dimension, currency, sold=SOLD, **more)
    assert isinstance(found, dict), found
    return found


def test_a_project_in_figures() -> None:
    shown = by(Dimension.PROJECT)["Rollout"]

    assert (shown.hours, shown.cost, shown.value) == (Decimal(16), eur(880), eur(2188))
    assert (shown.wip_at_cost, shown.wip_at_value) == (eur(300), eur(900))
    assert (shown.billed, shown.earned) == (eur(1188), eur(2088))
    assert (shown.unbilled, shown.deferred) == (eur(900), eur(0))
    assert (shown.sold, shown.backlog) == (eur(10_000), eur(7_912))
    assert (shown.burn, shown.hours_burn) == (Fraction(22, 100), Fraction(1, 5))


@pytest.mark.parametrize(
    ("of", "margin", "shown"),
    [(RevenueBasis.BILLED, "308.00", "25.9"), (RevenueBasis.EARNED, "1208.00", "57.9")],
)
def test_margin_of_what_is_billed_or_earned(of: RevenueBasis, margin: str, shown: str) -> None:
    rollout = by(Dimension.PROJECT)["Rollout"]

    assert rollout.margin(of) == eur(margin)
    assert percent(rollout.margin_ratio(of)) == Decimal(shown)


def test_one_project_s_advance_is_not_another_s_invoice() -> None:
    client = by(Dimension.CUSTOMER)["Client A"]

    assert (client.unbilled, client.deferred) == (eur(900), eur(3000))
    assert client.backlog == eur(11_912)


def test_a_practice_bears_its_own_people() -> None:
    found = by(Dimension.PRACTICE)

    assert {name: shown.cost for name, shown in found.items()} == {
        "ERP": eur(780),
        "Data": eur(100),
    }
    assert found["Data"].margin_ratio() == 0


def test_figures_are_in_the_currency_asked_for_at_the_rate_of_each_day() -> None:
    rates = [rate("EUR", "USD", "1.10", "2026-01-01"), rate("EUR", "USD", "1.20", "2026-03-05")]
    shown = by(Dimension.PROJECT, "USD", rates=rates)["Rollout"]

    assert (shown.cost, shown.sold) == (usd("1056.00"), usd("11000.00"))
    assert shown.backlog == usd("8494.40")


def test_a_missing_rate_gives_no_figure_at_all() -> None:
    found = figures(FACTS, Dimension.PROJECT, "USD")

    assert isinstance(found, Problem)
    assert found.code == "exchange_rate_missing"


def test_a_credited_invoice_is_billed_less() -> None:
    found = figures([*FACTS, fact(billed=eur(-100))], Dimension.PROJECT, "EUR")

    assert isinstance(found, dict)
    assert found["Rollout"].billed == eur(1088)
    assert found["Rollout"].wip_at_value == eur(900)


@pytest.mark.parametrize(
    ("part", "whole", "found"), [(0, 0, 0), (8, 0, 1), (-8, 0, 0), (6, 8, Fraction(3, 4))]
)
def test_over_zero_it_is_all_or_nothing(part: int, whole: int, found: Fraction) -> None:
    assert ratio(part, whole) == found


def test_two_utilisations_disagree_by_design() -> None:
    """120 billable and 8 credited of 168 less 8 off; 120 of the 150 that were written down."""
    capacity = billable_of_capacity(Decimal(120), Decimal(168), Decimal(8), Decimal(8))

    assert percent(capacity) == Decimal("80.0")
    assert percent(billable_of_tracked(Decimal(120), Decimal(150))) == Decimal("80.0")
    assert percent(billable_of_tracked(Decimal(120), Decimal(120))) == Decimal("100.0")
    assert target_attained(capacity, Decimal("0.8")) == 1


def test_what_was_written_down_lowers_realisation() -> None:
    assert realised_hours(Decimal(6), Decimal(8)) == Fraction(3, 4)
    assert realised_value(eur(900), eur(1200)) == Fraction(3, 4)
    assert collected_of_billed(eur(450), eur(900)) == Fraction(1, 2)
    with pytest.raises(Unusable, match="currency"):
        realised_value(eur(900), usd(1200))


def test_the_effective_rate_counts_every_hour() -> None:
    assert effective_rate(eur(1000), Decimal(9)) == eur("111.11")
    assert effective_rate(eur(1000), Decimal(0)) is None


amounts = st.none() | st.integers(-(10**6), 10**6).map(lambda n: eur(str(Decimal(n).scaleb(-2))))
facts = st.lists(
    st.builds(
        Fact,
        place=st.sampled_from([ROLLOUT, ROLLOUT_DATA, SUPPORT]),
        on=st.just(day("2026-03-05")),
        cost=amounts, value=amounts, billed=amounts, earned=amounts,
    ),
    max_size=10,
)  # fmt: skip


@settings(deadline=None)
@given(facts)
def test_every_dimension_adds_up_to_the_firm(given_facts: list[Fact]) -> None:
    sums = set()
    for dimension in Dimension:
        found = figures(given_facts, dimension, "EUR")
        assert isinstance(found, dict)
        parts = found.values()
        sums.add(
            tuple(
                Money.total((getattr(part, name) for part in parts), "EUR").amount
                for name in ("cost", "value", "billed", "earned", "wip_at_cost", "wip_at_value")
            )
        )
        for part in parts:
            assert part.unbilled - part.deferred == part.earned - part.billed

    assert len(sums) == 1
