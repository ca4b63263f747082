from decimal import Decimal

import pytest
from tests.rules.expenses.facts import expense, judged
from tests.rules.facts import day, eur, usd

from isthmus.canonical.terms import CategoryRule, ExpenseTerms, MileageTier, PerDiem
from isthmus.kit.money import Money
from isthmus.rules.expenses.allowances import Meal, Trip, driven_before, mileage, per_diem
from isthmus.rules.refusal import Unusable

TIERS = (
    MileageTier(up_to=Decimal(1000), rate=usd("0.45")),
    MileageTier(rate=usd("0.25")),
)
GERMAN = PerDiem(
    daily=eur(28), first_last_percent=Decimal(50), breakfast_percent=Decimal(20),
    lunch_percent=Decimal(40), dinner_percent=Decimal(40),
)  # fmt: skip


@pytest.mark.parametrize(
    ("distance", "before", "amount"),
    [("1500", "0", "575.00"), ("900", "0", "405.00"), ("600", "900", "170.00"),
     ("100", "1500", "25.00"), ("-600", "1500", "-170.00"), ("0", "0", "0.00")],
)  # fmt: skip
def test_tiers_fill_up_over_the_year(distance: str, before: str, amount: str) -> None:
    assert mileage(TIERS, Decimal(distance), Decimal(before)) == usd(amount)


@pytest.mark.parametrize(
    "tiers", [(), TIERS[:1], (TIERS[1], TIERS[1]), (TIERS[0], TIERS[0], TIERS[1])]
)
def test_tiers_without_order_or_end_are_refused(tiers: tuple[MileageTier, ...]) -> None:
    with pytest.raises(Unusable, match="mileage"):
        mileage(tiers, Decimal(10))


def test_only_the_person_s_own_trips_of_the_year_count() -> None:
    trip = expense(id="b", category="mileage", quantity="10")
    others = [
        expense(id="a", category="mileage", quantity="7"),
        expense(id="c", category="mileage", quantity="100"),
        expense(id="d", category="mileage", quantity="1000", spent_on="2025-12-31"),
        expense(id="e", category="mileage", quantity="10000", resource="r2"),
        expense(id="f", category="parking", quantity="100000"),
        trip,
    ]

    assert driven_before(trip, others, day("2026-01-01")) == Decimal(7)


def test_the_client_pays_the_price_per_mile_whatever_the_employee_gets() -> None:
    terms = ExpenseTerms(
        markup_percent=Decimal(10), mileage=TIERS,
        categories=(CategoryRule(category="mileage", allowance="mileage"),),
    )  # fmt: skip
    driven = expense(
        category="mileage", amount=usd("200.00"), tax=None, quantity="600", has_receipt=False
    )
    found = judged(driven, terms, "USD", driven_before=Decimal(900))

    assert (found.billed, found.reimbursement) == (usd("170.00"), usd("200.00"))


@pytest.mark.parametrize(
    ("days", "amount"), [(1, "14.00"), (2, "28.00"), (3, "56.00"), (5, "112.00")]
)
def test_travel_days_are_half_days(days: int, amount: str) -> None:
    assert per_diem(GERMAN, Trip(days)) == eur(amount)


def test_a_meal_takes_its_percent_of_a_whole_day_and_never_more_than_the_day() -> None:
    """14.00 less 5.60; 28.00 less 28.00; 14.00 less 16.80 is nothing."""
    full_board = tuple((2, meal) for meal in Meal)
    provided = ((1, Meal.BREAKFAST), *full_board, (3, Meal.BREAKFAST), (3, Meal.DINNER))

    assert per_diem(GERMAN, Trip(3, provided)) == eur("8.40")


def test_the_same_meal_named_twice_counts_once() -> None:
    once = Trip(2, ((1, Meal.BREAKFAST),))
    twice = Trip(2, ((1, Meal.BREAKFAST), (1, Meal.BREAKFAST)))

    assert per_diem(GERMAN, once) == per_diem(GERMAN, twice) == eur("22.40")


@pytest.mark.parametrize("trip", [Trip(0), Trip(2, ((3, Meal.LUNCH),))])
def test_a_day_that_is_not_in_the_trip_is_refused(trip: Trip) -> None:
    with pytest.raises(Unusable, match="days"):
        per_diem(GERMAN, trip)


def test_an_allowance_is_rounded_once() -> None:
    """Three days of 33.335 are 100.005."""
    odd = PerDiem(daily=Money.of("33.335", "EUR"))

    assert per_diem(odd, Trip(3)) == eur("100.01")
