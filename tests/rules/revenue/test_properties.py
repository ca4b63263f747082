"""What holds for every contract, not only for the examples."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.kit.money import Money, minor_units
from isthmus.rules.fx import converted
from isthmus.rules.revenue.allocation import Bundle, Rounding, allocate, allocate_with_bundle
from isthmus.rules.revenue.breakage import Prepaid, Use, redeemed_by_period
from isthmus.rules.revenue.contract_cost import ShortContracts, expensed_by_month
from isthmus.rules.revenue.foreign import Advance, earned_from_advances
from isthmus.rules.revenue.modification import catch_up, later_change, prospective
from isthmus.rules.revenue.onerous import loss_by_period
from isthmus.rules.revenue.position import Movement, Unbilled, roll_forward
from isthmus.rules.revenue.progress import (
    Costs,
    Measured,
    UninstalledMaterials,
    cost_to_cost,
    earned_by_period,
)
from isthmus.rules.revenue.ratable import Proration, even, ratable
from isthmus.rules.revenue.termination import terminate
from isthmus.rules.rounding import Remainder, nearest, split, step_of

unhurried = settings(deadline=None)
"""A slow machine is no wrong sum."""

CURRENCIES = st.sampled_from(["EUR", "JPY", "BHD"])
WEIGHTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=40).filter(any)


@st.composite
def money(draw: st.DrawFn, currency: str | None = None, least: int = 0) -> Money:
    code = currency or draw(CURRENCIES)
    units = draw(st.integers(least, 10**11))
    return Money.of(Decimal(units).scaleb(-minor_units(code)), code)


eur = money("EUR")
signed_eur = money("EUR", -(10**11))


def payable(amount: Money) -> bool:
    return amount == amount.rounded()


@unhurried
@given(money(least=-(10**11)), WEIGHTS, st.sampled_from(Remainder))
def test_the_parts_of_a_split_are_payable_and_add_up(
    amount: Money, weights: list[int], remainder: Remainder
) -> None:
    parts = split(amount, weights, remainder)

    assert Money.total(parts, amount.currency) == amount
    assert all(payable(part) for part in parts)
    assert all(not part for part, weight in zip(parts, weights, strict=True) if not weight)


@unhurried
@given(money(), WEIGHTS, st.sampled_from([Remainder.CUMULATIVE, Remainder.LARGEST_FRACTION]))
def test_no_part_is_a_whole_unit_off_its_exact_share(
    amount: Money, weights: list[int], remainder: Remainder
) -> None:
    step = step_of(amount.currency)
    for part, weight in zip(split(amount, weights, remainder), weights, strict=True):
        exact = Fraction(amount.amount) * weight / sum(weights)
        assert abs(Fraction(part.amount) - exact) <= step
        assert part.amount >= 0


@unhurried
@given(
    money(),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(1, 1500),
    st.sampled_from(Proration),
    st.sampled_from(Remainder),
)
def test_a_ratable_schedule_earns_the_price_over_its_term(
    price: Money, starts_on: date, days: int, proration: Proration, remainder: Remainder
) -> None:
    ends_on = starts_on + timedelta(days=days - 1)
    slices = ratable(price, starts_on, ends_on, proration, remainder)

    assert Money.total((piece.amount for piece in slices), price.currency) == price
    assert (slices[0].starts_on, slices[-1].ends_on) == (starts_on, ends_on)
    assert all(
        later.starts_on - earlier.ends_on == timedelta(days=1)
        for earlier, later in pairwise(slices)
    )


@unhurried
@given(money(), st.integers(1, 400), st.sampled_from(ShortContracts))
def test_months_alike_add_up_for_revenue_and_for_contract_cost(
    price: Money, months: int, short: ShortContracts
) -> None:
    assert Money.total(even(price, months), price.currency) == price
    assert Money.total(expensed_by_month(price, months, short), price.currency) == price


@unhurried
@given(
    money(),
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 900)), min_size=1, max_size=12),
)
def test_progress_earns_to_date_its_share_of_the_price_and_all_at_the_end(
    price: Money, hours: list[tuple[int, int]]
) -> None:
    """Whatever the estimates were on the way."""
    history = [Measured(Decimal(done), Decimal(done + to_come)) for done, to_come in hours]
    finished = Measured(Decimal(500), Decimal(500))
    earned = earned_by_period(price, [*history, finished])

    for place, measured in enumerate(history):
        to_date = Money.total(earned[: place + 1], price.currency)
        exact = Fraction(price.amount) * measured.ratio
        assert to_date.amount == nearest(exact, step_of(price.currency))
    assert Money.total(earned, price.currency) == price


@unhurried
@given(eur, st.integers(1, 900), st.integers(0, 900), signed_eur)
def test_a_catch_up_leaves_progress_times_the_new_price(
    price: Money, expected: int, done: int, recognised: Money
) -> None:
    measured = Measured(Decimal(min(done, expected)), Decimal(expected))
    caught = catch_up(price, measured, recognised)

    exact = Fraction(price.amount) * min(done, expected) / expected
    assert (recognised + caught.adjustment).amount == nearest(exact, Decimal("0.01"))
    assert caught.to_date == recognised + caught.adjustment


@unhurried
@given(eur, signed_eur, st.lists(st.integers(1, 50), min_size=1, max_size=30))
def test_a_prospective_change_earns_the_rest_exactly(
    unearned: Money, added: Money, deliveries: list[int]
) -> None:
    pool = prospective(unearned, added, Decimal(sum(deliveries)))
    earned = pool.earned_by([Decimal(units) for units in deliveries])

    assert Money.total(earned, "EUR") == unearned + added


@unhurried
@given(
    money(),
    st.lists(st.integers(1, 10**7), min_size=1, max_size=12),
    st.sampled_from(Remainder),
    st.sampled_from([None, Decimal(1), Decimal("1e-9")]),
)
def test_an_allocation_adds_up_to_the_transaction_price(
    price: Money, prices: list[int], remainder: Remainder, step: Decimal | None
) -> None:
    ssp = {f"P{place}": Money.of(part, price.currency) for place, part in enumerate(prices)}
    allocated = allocate(price, ssp, Rounding(remainder, step))

    assert allocated.keys() == ssp.keys()
    assert Money.total(allocated.values(), price.currency) == price


@unhurried
@given(eur, eur, st.lists(st.integers(1, 10**6), min_size=3, max_size=8))
def test_an_allocation_with_a_bundle_adds_up_too(
    price: Money, bundle_price: Money, prices: list[int]
) -> None:
    ssp = {f"P{place}": Money.of(part, "EUR") for place, part in enumerate(prices)}
    allocated = allocate_with_bundle(price, ssp, Bundle(("P0", "P2"), bundle_price))

    assert allocated["P0"] + allocated["P2"] == bundle_price
    assert Money.total(allocated.values(), "EUR") == price


@unhurried
@given(signed_eur, st.lists(st.integers(1, 10**6), min_size=3, max_size=3))
def test_a_later_change_is_given_out_whole(change: Money, prices: list[int]) -> None:
    x, y, z = (Money.of(part, "EUR") for part in prices)
    parts = later_change(change, {"X": x, "Y": y}, {"Y": y, "Z": z}, satisfied={"X"})

    assert Money.total(parts.values(), "EUR") == change


@unhurried
@given(money(), st.lists(st.integers(1, 99), min_size=1, max_size=8))
def test_prepaid_units_that_expire_earn_the_price(price: Money, used: list[int]) -> None:
    sold = Decimal(sum(used) + 10)
    uses = [Use(Decimal(sum(used[: n + 1])), sold - 5) for n in range(len(used))]
    earned = redeemed_by_period(Prepaid(price, sold), [*uses, Use(Decimal(0), expired=True)])

    assert Money.total(earned, price.currency) == price


@unhurried
@given(eur, st.integers(0, 24), st.integers(0, 100))
def test_a_termination_leaves_nothing_unexplained(prepaid: Money, served: int, back: int) -> None:
    ended = terminate(prepaid, Measured(Decimal(served), Decimal(24)), Decimal(back))

    assert ended.recognised + ended.refund + ended.revenue == prepaid


@unhurried
@given(eur, eur, eur, st.sampled_from(UninstalledMaterials))
def test_cost_to_cost_earns_the_price_when_all_cost_is_incurred(
    price: Money, labour: Money, materials: Money, how: UninstalledMaterials
) -> None:
    whole = labour + materials + Money.of("0.01", "EUR")
    costs = Costs(whole, whole, materials, materials)

    assert cost_to_cost(price, costs, how) == price


@unhurried
@given(eur, st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), max_size=10))
def test_a_losing_contract_ends_with_its_margin_and_no_provision(
    price: Money, years: list[tuple[int, int]]
) -> None:
    """Incurred never falls; the estimate may do what it likes."""
    incurred, history = 0, []
    for more, to_come in years:
        incurred += more
        history.append(_costs(incurred, incurred + to_come + 1))
    final = incurred + 1
    periods = list(loss_by_period(price, [*history, _costs(final, final)]))
    results = Money.total((period.result for period in periods), "EUR")
    margins = Money.total((period.margin for period in periods), "EUR")

    assert periods[-1].provision == Money.zero("EUR")
    assert results == margins == price - Money.of(final, "EUR")
    assert all(period.provision.amount >= 0 for period in periods)


@unhurried
@given(
    st.lists(st.tuples(money("EUR", 1), st.integers(1, 30_000)), min_size=1, max_size=4),
    st.lists(st.integers(1, 100), min_size=1, max_size=6),
)
def test_advances_that_are_all_earned_leave_nothing_in_the_liability(
    received: list[tuple[Money, int]], parts: list[int]
) -> None:
    advances = [Advance(amount, Decimal(rate) / 10_000) for amount, rate in received]
    booked = [converted(advance.amount, advance.rate, "USD") for advance in advances]
    whole = Money.total((advance.amount for advance in advances), "EUR")
    earned = earned_from_advances(advances, split(whole, parts), "USD")

    assert Money.total(earned, "USD") == Money.total(booked, "USD")


def _costs(incurred: int, expected: int) -> Costs:
    return Costs(Money.of(incurred, "EUR"), Money.of(expected, "EUR"))


maybe_eur = st.none() | signed_eur
a_movement = st.builds(
    Movement,
    on=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    earned=maybe_eur,
    billed=maybe_eur,
    received=maybe_eur,
    refundable=maybe_eur,
)
a_story = st.lists(a_movement, max_size=12)


@unhurried
@given(a_story, st.sampled_from(Unbilled))
def test_every_entry_balances_and_the_entries_make_the_balances(
    story: list[Movement], unbilled: Unbilled
) -> None:
    rolled = roll_forward("EUR", story, unbilled)
    books: dict[str, Decimal] = {}
    for entry in rolled.entries:
        debits = Money.total((line.debit for line in entry.lines), "EUR")
        assert debits == Money.total((line.credit for line in entry.lines), "EUR")
        assert debits or not entry.lines
        for line in entry.lines:
            books[line.account] = books.get(line.account, Decimal(0)) + line.amount.amount
    if not rolled.balances:
        assert books == {}
        return
    last = rolled.balances[-1]
    assert books.get(unbilled.value, 0) == last.unbilled.amount
    assert books.get("contract_liability", 0) == -last.contract_liability.amount
    assert books.get("accounts_receivable", 0) == last.receivable.amount
    assert books.get("refund_liability", 0) == -last.refund_liability.amount
    earned = [movement.earned for movement in story if movement.earned is not None]
    assert books.get("revenue", 0) == -Money.total(earned, "EUR").amount


@unhurried
@given(a_story.flatmap(lambda story: st.tuples(st.just(story), st.permutations(story))))
def test_the_order_of_arrival_changes_no_balance(
    stories: tuple[list[Movement], list[Movement]],
) -> None:
    story, shuffled = stories
    first, second = roll_forward("EUR", story), roll_forward("EUR", shuffled)

    assert [first.at(movement.on) for movement in story] == [
        second.at(movement.on) for movement in story
    ]


@pytest.mark.parametrize("currency", ["EUR", "JPY", "BHD"])
def test_a_cent_is_the_currency_s_own(currency: str) -> None:
    step = {"EUR": "0.01", "JPY": "1", "BHD": "0.001"}[currency]
    thirds = even(Money.of(100, currency), 3)

    assert step_of(currency) == Decimal(step)
    assert Money.total(thirds, currency) == Money.of(100, currency)
    assert max(thirds).amount - min(thirds).amount == Decimal(step)
