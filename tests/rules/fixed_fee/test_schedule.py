"""Instalments are the price, are due when agreed, and survive a change order."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.rules.facts import day, eur
from tests.rules.revenue.test_properties import money, unhurried

from isthmus.canonical.contract import Instalment
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import PlannedInstalment
from isthmus.kit.money import Money
from isthmus.rules.calendar import months_later
from isthmus.rules.fixed_fee.schedule import instalments_due, periodic, respread, schedule
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.rounding import Remainder, share

JANUARY = day("2026-01-31")


def part(description: str, share: str | Money, **when: object) -> PlannedInstalment:
    how = {"amount": share} if isinstance(share, Money) else {"percent": share}
    due = when or {"due_on": JANUARY}
    return PlannedInstalment.model_validate({"description": description} | how | due)


def agreed(found: tuple[Instalment, ...] | Problem) -> tuple[Instalment, ...]:
    assert not isinstance(found, Problem), found.reason
    return found


def amounts(found: tuple[Instalment, ...] | Problem) -> list[Money]:
    return [instalment.amount for instalment in agreed(found)]


def problem(found: object) -> Problem:
    assert isinstance(found, Problem)
    return found


THIRDS = [part("Start", "33.3"), part("Middle", "33.3"), part("End", "33.4")]
DESIGN = [
    Instalment(description="On signing", amount=eur(3000), due_on=JANUARY),
    Instalment(description="Design", amount=eur(4000), milestone="Design accepted"),
    Instalment(description="Go-live", amount=eur(3000), milestone="Go-live"),
]


def test_the_cents_left_over_are_in_the_last_instalment() -> None:
    assert amounts(schedule(eur("100.01"), THIRDS)) == [eur("33.30"), eur("33.30"), eur("33.41")]


def test_an_amount_agreed_as_such_stays_and_the_last_percent_takes_the_cents() -> None:
    parts = [part("Half", "30"), part("Half", "30"), part("Closing", eur("40.04"))]

    assert amounts(schedule(eur("100.10"), parts)) == [eur("30.03"), eur("30.03"), eur("40.04")]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (["30", "40"], "70 % and 0.00 EUR of 1,000.00 EUR"),
        (["60", "41"], "101 % and 0.00 EUR of 1,000.00 EUR"),
        (["50", eur(499)], "50 % and 499.00 EUR of 1,000.00 EUR"),
        ([], "0 % and 0.00 EUR of 1,000.00 EUR"),
    ],
)
def test_parts_that_are_not_the_price_are_a_problem(parts: list[str | Money], reason: str) -> None:
    found = problem(schedule(eur(1000), [part("Part", share) for share in parts]))

    assert (found.code, found.owner) == ("schedule_sum", "finance")
    assert found.reason == f"the instalments are {reason}, which is not the whole of it"


def test_a_cent_cannot_be_spread_over_two_instalments_that_are_payable() -> None:
    """1.00 over 150 rounds each to 0.01 and would take 0.49 back with the last."""
    found = problem(periodic(eur(1), [JANUARY] * 150))

    assert found.code == "schedule_not_payable"
    assert found.reason == "instalment Instalment 150 of 150 of 1.00 EUR would be -0.49 EUR"


def test_the_remainder_is_a_setting() -> None:
    days = [JANUARY] * 3

    assert amounts(periodic(eur(100), days)) == [eur("33.33"), eur("33.33"), eur("33.34")]
    assert amounts(periodic(eur(200), days, remainder=Remainder.CUMULATIVE)) == [
        eur("66.67"), eur("66.66"), eur("66.67"),
    ]  # fmt: skip


def test_monthly_instalments_keep_to_the_end_of_the_month() -> None:
    found = agreed(periodic(eur(300), [months_later(JANUARY, n) for n in range(3)]))

    assert [(i.description, i.due_on) for i in found] == [
        ("Instalment 1 of 3", day("2026-01-31")),
        ("Instalment 2 of 3", day("2026-02-28")),
        ("Instalment 3 of 3", day("2026-03-31")),
    ]


def test_an_instalment_in_another_currency_is_refused() -> None:
    with pytest.raises(Unusable, match="The price is in EUR, instalments are in USD"):
        schedule(eur(100), [part("Part", Money.of(100, "USD"))])


@pytest.mark.parametrize(
    "given",
    [
        {"percent": "30", "amount": eur(30), "due_on": JANUARY},
        {"due_on": JANUARY},
        {"percent": "30"},
        {"percent": "30", "due_on": JANUARY, "milestone": "Go-live"},
    ],
)
def test_an_instalment_says_one_thing_about_amount_and_one_about_time(
    given: dict[str, object],
) -> None:
    with pytest.raises(ValidationError, match="not both"):
        PlannedInstalment.model_validate({"description": "Part"} | given)


def test_a_day_or_an_acceptance_makes_an_instalment_due_once() -> None:
    accepted = {"Design accepted": day("2026-02-10"), "Go-live": day("2026-06-01")}

    due = instalments_due(DESIGN, day("2026-02-10"), accepted, billed={1}).charges

    assert {number: (c.amount, c.kind, c.why) for number, c in due.items()} == {
        2: (eur(4000), LineKind.MILESTONE, "milestone Design accepted was accepted on 2026-02-10")
    }
    assert instalments_due(DESIGN, day("2026-01-30"), accepted).charges == {}
    assert list(instalments_due(DESIGN, JANUARY, {}).charges) == [1]


def test_an_instalment_that_could_never_come_due_is_held_with_its_amount() -> None:
    open_ended = Instalment(description="Rest", amount=eur(500))
    [held] = instalments_due([open_ended], JANUARY, {}).held

    assert (held.amount, held.problem.code) == (eur(500), "instalment_undated")


def test_a_change_order_leaves_what_was_billed_and_spreads_the_rest() -> None:
    assert amounts(respread(DESIGN, {1}, eur(2100))) == [eur(3000), eur(5200), eur(3900)]
    assert amounts(respread(DESIGN, {1}, -eur(700))) == [eur(3000), eur(3600), eur(2700)]
    assert amounts(respread(DESIGN, {1, 2, 3}, eur(0))) == [eur(3000), eur(4000), eur(3000)]


@pytest.mark.parametrize(
    ("billed", "change"), [({1, 2}, "-3000.01"), ({1, 2, 3}, "100"), ({1, 2, 3}, "-100")]
)
def test_a_change_that_no_unbilled_instalment_can_carry_is_a_problem(
    billed: set[int], change: str
) -> None:
    assert problem(respread(DESIGN, billed, eur(change))).code == "change_exceeds_schedule"


PERCENTS = st.lists(st.integers(1, 10_000), min_size=1, max_size=12)


def planned(weights: list[int]) -> list[PlannedInstalment]:
    """Percents with two digits that total 100."""
    cuts = [10_000 * sum(weights[:n]) // sum(weights) for n in range(len(weights) + 1)]
    return [
        part(f"Part {n}", str(Decimal(cuts[n + 1] - cuts[n]) / 100)) for n in range(len(weights))
    ]


@unhurried
@given(money(least=10**4), PERCENTS)
def test_a_schedule_is_the_price_to_the_minor_unit(price: Money, weights: list[int]) -> None:
    found = amounts(schedule(price, planned(weights)))

    assert Money.total(found, price.currency) == price
    assert all(amount == amount.rounded() for amount in found)


@unhurried
@given(money(least=10**4), PERCENTS, st.data())
def test_a_change_order_moves_the_price_by_itself_and_no_billed_instalment(
    price: Money, weights: list[int], data: st.DataObject
) -> None:
    before = agreed(schedule(price, planned(weights)))
    billed = set(range(1, data.draw(st.integers(0, len(before) - 1)) + 1))
    left = Money.total((i.amount for i in before[len(billed) :]), price.currency)
    change = share(left, Decimal(data.draw(st.integers(-100, 300))) / 100)
    after = respread(before, billed, change)

    if isinstance(after, Problem):
        assert not left or after.code == "schedule_not_payable"
        return
    assert after[: len(billed)] == before[: len(billed)]
    assert Money.total(amounts(after), price.currency) == price + change


@unhurried
@given(money(least=10**4), PERCENTS, st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31))))
def test_whatever_days_billing_runs_on_every_instalment_is_billed_once(
    price: Money, weights: list[int], days: list[date]
) -> None:
    parts = [p.model_copy(update={"due_on": months_later(JANUARY, n)})
             for n, p in enumerate(planned(weights))]  # fmt: skip
    found = agreed(schedule(price, parts))
    billed: set[int] = set()
    invoiced = Money.zero(price.currency)
    for run_on in [*days, date(2027, 1, 1)]:
        due = instalments_due(found, run_on, {}, billed).charges
        invoiced += Money.total((charge.amount for charge in due.values()), price.currency)
        billed |= due.keys()

    assert invoiced == price
