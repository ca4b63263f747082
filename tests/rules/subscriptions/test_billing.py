"""A subscription bills what it should have billed less what it did."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import day, eur
from tests.rules.revenue.test_properties import CURRENCIES, money, unhurried

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import (
    BillingInterval,
    BillingTiming,
    Indexation,
    LastDay,
    SubscriptionTerms,
)
from isthmus.kit.money import Money
from isthmus.rules.refusal import Unusable
from isthmus.rules.subscriptions.billing import Item, bill, due
from isthmus.rules.subscriptions.plan import (
    CancelAt,
    Plan,
    add_on,
    cancelled,
    changed,
    price_on,
)


def terms(price: str | int = 310, **changes: object) -> SubscriptionTerms:
    return SubscriptionTerms.model_validate({"price": eur(price)} | changes)


def plan(start: str = "2026-01-01", end: str | None = None, **changes: object) -> Plan:
    return Plan("Support", terms(**changes), day(start), day(end) if end else None)


def lines(items: tuple[Item, ...]) -> list[tuple[str, str, Money]]:
    return [(str(i.period.starts_on), str(i.period.last_day), i.amount) for i in items]


def test_the_second_run_bills_nothing() -> None:
    first = bill([plan()], day("2026-02-15"))

    assert lines(first) == [
        ("2026-01-01", "2026-01-31", eur(310)),
        ("2026-02-01", "2026-02-28", eur(310)),
    ]
    assert bill([plan()], day("2026-02-15"), first) == ()
    assert bill([plan()], day("2026-01-01"), first) == (), "nor does one for an earlier day"


def test_a_period_is_billed_on_its_first_day_or_when_it_is_over() -> None:
    arrears = plan(timing=BillingTiming.IN_ARREARS)

    assert len(bill([plan()], day("2026-02-01"))) == 2
    assert bill([arrears], day("2026-01-31")) == ()
    assert lines(bill([arrears], day("2026-02-01"))) == [("2026-01-01", "2026-01-31", eur(310))]


def test_whether_the_last_day_counts_is_a_setting() -> None:
    excluded = plan(end="2026-01-11")
    included = plan(end="2026-01-11", last_day=LastDay.INCLUDED)

    assert lines(bill([excluded], day("2026-06-01"))) == [("2026-01-01", "2026-01-10", eur(100))]
    assert lines(bill([included], day("2026-06-01"))) == [("2026-01-01", "2026-01-11", eur(110))]


@pytest.mark.parametrize("last_day", LastDay)
def test_a_change_of_price_leaves_no_day_out_and_counts_none_twice(last_day: LastDay) -> None:
    old = plan(last_day=last_day)
    billed = bill([old], day("2026-01-01"))
    new = changed(old, day("2026-01-11"), terms(620, last_day=last_day))
    items = bill(new, day("2026-01-11"), billed)

    assert lines(items) == [
        ("2026-01-11", "2026-01-31", -eur(210)),
        ("2026-01-11", "2026-01-31", eur(420)),
    ]
    assert [item.charge.why for item in items] == [
        "credit for 21 of 31 days at 310.00 EUR",
        "21 of 31 days at 620.00 EUR",
    ]


def test_a_change_is_made_while_the_subscription_runs() -> None:
    with pytest.raises(Unusable, match="Support is not in force on 2026-03-01"):
        changed(plan(end="2026-03-01"), day("2026-03-01"), terms(620))


def test_a_cancellation_may_wait_for_the_end_of_the_period() -> None:
    billed = bill([plan()], day("2026-01-01"))
    on = day("2026-01-11")
    at_once = bill([cancelled(plan(), on)], day("2026-06-01"), billed)
    later = cancelled(plan(), on, CancelAt.END_OF_PERIOD)

    assert lines(at_once) == [("2026-01-11", "2026-01-31", -eur(210))]
    assert later.ends_on == day("2026-02-01")
    assert bill([later], day("2026-06-01"), billed) == ()
    assert cancelled(plan(end="2026-01-05"), on).ends_on == day("2026-01-05")


def test_what_never_was_a_subscription_is_credited_whole() -> None:
    billed = bill([plan()], day("2026-02-01"))

    assert lines(bill([], day("2026-02-01"), billed)) == [
        ("2026-01-01", "2026-01-31", -eur(310)),
        ("2026-02-01", "2026-02-28", -eur(310)),
    ]


def test_an_item_billed_twice_is_credited_once() -> None:
    [once] = bill([plan()], day("2026-01-01"))

    assert lines(bill([plan()], day("2026-01-01"), [once, once])) == [
        ("2026-01-01", "2026-01-31", -eur(310))
    ]


def test_a_wrong_amount_is_corrected_by_its_difference() -> None:
    [item] = bill([plan()], day("2026-01-01"))
    wrong = replace(item, amount=eur("310.05"))

    assert lines(bill([plan()], day("2026-01-01"), [wrong])) == [
        ("2026-01-01", "2026-01-31", -eur("0.05"))
    ]


def test_credits_and_charge_of_a_part_add_up_to_the_cent() -> None:
    """100.00 over 31 days: 10 days are 32.26, so 21 days come back as 67.74."""
    start = plan(price=100)
    billed = bill([start], day("2026-01-01"))
    [credit] = bill([cancelled(start, day("2026-01-11"))], day("2026-01-11"), billed)

    assert (billed[0].amount, credit.amount) == (eur(100), -eur("67.74"))


def test_an_add_on_follows_the_billing_day_of_its_base_and_ends_with_it() -> None:
    base = plan("2026-01-15", "2026-06-15", billing_day=15)
    extra = add_on(base, "Seats", terms(28, billing_day=3), day("2026-02-22"))

    assert lines(due([extra], day("2026-03-15"))) == [
        ("2026-02-22", "2026-03-14", eur(21)),
        ("2026-03-15", "2026-04-14", eur(28)),
    ]
    assert extra.ends_on == day("2026-06-15")


def test_a_monthly_add_on_of_a_yearly_base_stays_monthly() -> None:
    base = plan("2026-05-10", interval=BillingInterval.YEAR, billing_day=10)
    monthly = add_on(base, "Seats", terms(30), day("2026-06-10"))
    quarterly = add_on(base, "Desk", terms(92, interval="quarter"), day("2026-06-10"))

    assert lines(due([monthly], day("2026-06-10"))) == [("2026-06-10", "2026-07-09", eur(30))]
    assert lines(due([quarterly], day("2026-06-10"))) == [("2026-06-10", "2026-08-09", eur(61))]


def test_a_weekday_and_a_day_of_the_month_do_not_meet() -> None:
    with pytest.raises(Unusable, match="Seats is billed by the week, Support by the month"):
        add_on(plan(), "Seats", terms(7, interval="week"), day("2026-02-22"))


RISES = (
    Indexation(from_day=day("2027-01-01"), percent=Decimal("3.33")),
    Indexation(from_day=day("2028-01-01"), percent=Decimal("2.5")),
)


@pytest.mark.parametrize(
    ("on", "price"),
    [("2026-12-31", "99.99"), ("2027-01-01", "103.32"), ("2028-06-01", "105.90")],
)
def test_each_year_s_percent_is_of_the_price_before(on: str, price: str) -> None:
    """99.99 x 1.0333 is 103.3197, announced as 103.32; x 1.025 is 105.903."""
    assert price_on(terms("99.99", indexation=RISES), day(on)) == eur(price)


def test_an_indexed_year_is_billed_at_once_in_two_prices() -> None:
    indexed = plan(
        "2026-07-01", price=365, interval=BillingInterval.YEAR, billing_month=7,
        indexation=(Indexation(from_day=day("2027-01-01"), percent=Decimal(10)),),
    )  # fmt: skip

    assert lines(bill([indexed], day("2026-07-01"))) == [
        ("2026-07-01", "2026-12-31", eur(184)),
        ("2027-01-01", "2027-06-30", eur("199.10")),
    ]


def test_a_subscription_has_one_plan_at_a_time() -> None:
    with pytest.raises(Unusable, match="Support has two plans in force on 2026-02-01"):
        bill([plan(), plan("2026-02-01")], day("2026-02-01"))


def test_parts_of_one_period_at_one_price_are_each_due_on_their_own_day() -> None:
    """Otherwise a run for the 1st, repeated after one for the 11th, would credit the second."""
    plans = changed(plan(), day("2026-01-11"), terms(310))
    billed = bill(plans, day("2026-01-11"))

    assert [(str(item.due_on), item.amount) for item in billed] == [
        ("2026-01-01", eur(100)),
        ("2026-01-11", eur(210)),
    ]
    assert bill(plans, day("2026-01-01"), billed) == ()


def test_an_item_is_a_line_of_an_invoice() -> None:
    [item] = bill([plan("2026-01-22")], day("2026-01-22"))

    assert (item.charge.description, item.charge.kind) == (
        "Support, 2026-01-22 to 2026-01-31", LineKind.FEE,
    )  # fmt: skip
    assert (item.charge.quantity, item.charge.amount, item.charge.why) == (
        1, eur(100), "10 of 31 days at 310.00 EUR",
    )  # fmt: skip


START = date(2024, 1, 1)
DAYS = st.integers(0, 900).map(lambda n: START + timedelta(days=n))


@st.composite
def some_terms(draw: st.DrawFn, currency: str) -> SubscriptionTerms:
    interval = draw(st.sampled_from(BillingInterval))
    rises = draw(st.lists(st.tuples(DAYS, st.integers(-5, 20)), max_size=2))
    return SubscriptionTerms(
        price=draw(money(currency)),
        interval=interval,
        billing_day=draw(st.integers(1, 7 if interval is BillingInterval.WEEK else 31)),
        billing_month=draw(st.none() | st.integers(1, 12)),
        timing=draw(st.sampled_from(BillingTiming)),
        last_day=draw(st.sampled_from(LastDay)),
        indexation=tuple(
            Indexation(from_day=on, percent=Decimal(percent)) for on, percent in rises
        ),
    )


@st.composite
def a_history(draw: st.DrawFn, currency: str) -> list[Plan]:
    """A subscription whose terms change some times, and which may end."""
    days = draw(st.lists(DAYS, min_size=1, max_size=4, unique=True).map(sorted))
    plans = [Plan("Support", draw(some_terms(currency)), days[0])]
    for on in days[1:]:
        plans[-1:] = changed(plans[-1], on, draw(some_terms(currency)))
    if draw(st.booleans()):
        plans[-1] = cancelled(plans[-1], days[-1] + timedelta(days=draw(st.integers(1, 400))))
    return plans


histories = CURRENCIES.flatmap(a_history)
pairs = CURRENCIES.flatmap(lambda code: st.tuples(a_history(code), a_history(code)))


def run(plans: list[Plan], days: list[date], billed: tuple[Item, ...] = ()) -> tuple[Item, ...]:
    for on in days:
        billed += bill(plans, on, billed)
    return billed


def total(items: tuple[Item, ...]) -> Decimal:
    return sum((item.amount.amount for item in items), Decimal(0))


@unhurried
@given(histories, st.lists(DAYS, min_size=1, max_size=6))
def test_any_sequence_of_runs_bills_what_one_run_bills(plans: list[Plan], days: list[date]) -> None:
    assert total(run(plans, days)) == total(bill(plans, max(days)))


@unhurried
@given(pairs, st.lists(DAYS, min_size=1, max_size=4), DAYS)
def test_a_repaired_history_is_what_should_have_been_and_the_next_run_bills_nothing(
    histories: tuple[list[Plan], list[Plan]], days: list[date], on: date
) -> None:
    wrong, right = histories
    billed = run(wrong, days)
    repaired = billed + bill(right, on, billed)
    known = max([on, *(item.due_on for item in billed if not item.is_credit)])

    assert total(repaired) == total(due(right, known))
    assert bill(right, on, repaired) == ()


@unhurried
@given(histories, DAYS)
def test_every_item_is_payable_and_none_is_a_credit_in_a_first_run(
    plans: list[Plan], on: date
) -> None:
    items = bill(plans, on)

    assert all(item.amount == item.amount.rounded() for item in items)
    assert all(item.amount.amount > 0 for item in items)
    assert all(item.period.within(item.of.starts_on, item.of.ends_on) == item.period
               for item in items)  # fmt: skip
