from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.facts import day, eur

from isthmus.canonical.terms import CostPlusTerms
from isthmus.kit.money import Money
from isthmus.rules.cost_plus import CostItem, cost_plus
from isthmus.rules.refusal import Unusable


def hours(name: str, cost: str, count: str, on: str = "2026-03-05") -> CostItem:
    return CostItem(name, day(on), eur(cost), Decimal(count))


def spent(name: str, cost: str, on: str = "2026-03-06") -> CostItem:
    return CostItem(name, day(on), eur(cost))


ITEMS = [hours("t1", "480.00", "8"), spent("e1", "120.50")]


@pytest.mark.parametrize(
    ("terms", "fees"),
    [
        (CostPlusTerms(percent=Decimal(10)), ["48.00", "12.05"]),
        (CostPlusTerms(fee_per_hour=eur("7.50")), ["60.00", "0.00"]),
        (CostPlusTerms(fee_per_expense=eur(5)), ["0.00", "5.00"]),
        (CostPlusTerms(percent=Decimal(10), fee_per_expense=eur(5)), ["48.00", "17.05"]),
        (CostPlusTerms(percent=Decimal(10), fee_ceiling=eur(50)), ["48.00", "2.00"]),
        (CostPlusTerms(percent=Decimal(10), fee_ceiling=eur(0)), ["0.00", "0.00"]),
    ],
)
def test_the_fee_on_hours_and_on_expenses(terms: CostPlusTerms, fees: list[str]) -> None:
    assert [found.fee for found in cost_plus(ITEMS, terms, "EUR")] == [eur(fee) for fee in fees]


def test_cost_is_billed_beyond_the_ceiling_of_the_fee() -> None:
    terms = CostPlusTerms(percent=Decimal(10), fee_ceiling=eur(50))
    first, second = cost_plus(ITEMS, terms, "EUR")

    assert (first.billed, first.forgone) == (eur("528.00"), eur(0))
    assert (second.billed, second.forgone) == (eur("122.50"), eur("10.05"))


def test_a_correction_beyond_the_ceiling_gives_back_only_what_was_charged() -> None:
    """60.05 earned, 50.00 charged: 12.05 back leaves 48.00, so 2.00 come off."""
    terms = CostPlusTerms(percent=Decimal(10), fee_ceiling=eur(50))
    found = cost_plus([*ITEMS, spent("e2", "-120.50", "2026-03-07")], terms, "EUR")

    assert [each.fee for each in found] == [eur(48), eur(2), eur(-2)]


def test_a_fee_below_zero_is_refused() -> None:
    with pytest.raises(Unusable, match="cost_plus"):
        cost_plus(ITEMS, CostPlusTerms(percent=Decimal(-1)), "EUR")


items = st.lists(
    st.tuples(st.integers(-10_000, 100_000), st.none() | st.integers(1, 48)), max_size=12
).map(
    lambda rows: [
        CostItem(
            f"{place:02}", day("2026-03-05"), eur(str(Decimal(cost).scaleb(-2))),
            None if quarters is None else Decimal(quarters) / 4,
        )
        for place, (cost, quarters) in enumerate(rows)
    ]
)  # fmt: skip


@settings(deadline=None)
@given(items, st.integers(0, 30), st.integers(0, 20_000), st.integers(0, 12))
def test_batches_come_to_what_one_batch_does_and_stay_below_the_ceiling(
    work: list[CostItem], percent: int, cents: int, cut: int
) -> None:
    ceiling = eur(str(Decimal(cents).scaleb(-2)))
    terms = CostPlusTerms(percent=Decimal(percent), fee_per_hour=eur(1), fee_ceiling=ceiling)
    whole = cost_plus(reversed(work), terms, "EUR")
    first = cost_plus(work[:cut], terms, "EUR")
    earned = Money.total((each.fee + each.forgone for each in first), "EUR")
    second = cost_plus(work[cut:], terms, "EUR", earned)

    assert whole == (*first, *second)
    assert Money.total((each.fee for each in whole), "EUR") <= ceiling
