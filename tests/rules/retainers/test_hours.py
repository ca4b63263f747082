"""A monthly retainer of hours: what rolls over, what lapses, what is billed beyond it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import day, eur
from tests.rules.revenue.test_properties import unhurried

from isthmus.canonical.terms import DrawOrder, HourRetainer
from isthmus.kit.money import Money
from isthmus.rules.calendar import month_end, months_later
from isthmus.rules.retainers.account import MovementKind
from isthmus.rules.retainers.hours import RetainerHours, Used, bill_hours
from isthmus.rules.retainers.journal import hour_entries

FIRST = day("2026-01-01")


def terms(**changes: object) -> HourRetainer:
    facts = {"fee": eur(1000), "included_hours": "10", "overage_rate": eur(120)}
    return HourRetainer.model_validate(facts | changes)


def billed(retainer: HourRetainer, *hours: str) -> RetainerHours:
    firsts = [months_later(FIRST, n) for n in range(len(hours))]
    return bill_hours(
        retainer,
        [Used(d, month_end(d), Decimal(h)) for d, h in zip(firsts, hours, strict=True)],
    )


@pytest.mark.parametrize(
    ("changes", "rolled", "lapsed", "overage"),
    [
        ({}, ["0", "0", "0"], ["6", "6", "6"], "5"),
        ({"rollover_periods": 1}, ["6", "6", "6"], ["0", "6", "6"], "0"),
        ({"rollover_periods": 1, "rollover_max": "2"}, ["2", "2", "2"], ["4", "6", "6"], "3"),
        ({"rollover_periods": 2}, ["6", "12", "12"], ["0", "0", "6"], "0"),
    ],
)  # fmt: skip
def test_four_hours_a_month_then_fifteen(
    changes: dict[str, object], rolled: list[str], lapsed: list[str], overage: str
) -> None:
    """What is current is drawn first, so that what rolled over lapses if it is not needed."""
    order = {"draw": DrawOrder.CURRENT_FIRST}
    found = billed(terms(**changes, **order), "4", "4", "4", "15").periods

    assert [period.rollover_out for period in found[:3]] == [Decimal(h) for h in rolled]
    assert [period.expired for period in found[:3]] == [Decimal(h) for h in lapsed]
    assert found[3].overage_hours == Decimal(overage)


def test_hours_that_rolled_over_are_used_first_unless_told_otherwise() -> None:
    kept = {"rollover_periods": 1}
    _, second = billed(terms(**kept), "4", "8").periods
    _, current = billed(terms(**kept, draw=DrawOrder.CURRENT_FIRST), "4", "8").periods

    assert (second.from_rollover, second.rollover_out, second.expired) == (6, 8, 0)
    assert (current.from_rollover, current.rollover_out, current.expired) == (0, 2, 6)


def test_overage_is_a_line_at_its_own_rate() -> None:
    [period] = billed(terms(), "12.5").periods

    assert [(c.quantity, c.unit_price, c.amount) for c in period.charges] == [
        (1, eur(1000), eur(1000)),
        (Decimal("2.5"), eur(120), eur(300)),
    ]
    assert period.charges[1].why == "12.5 h worked, 10.0 h covered"
    assert period.invoice == eur(1300)


def test_a_fee_is_earned_as_hours_are_worked_and_the_rest_when_they_lapse() -> None:
    found = billed(terms(rollover_periods=1), "4", "8")
    booked = [
        (str(entry.on), {line.account.value: line.amount.amount for line in entry.lines})
        for entry in hour_entries(found.account, found.prices)
    ]

    assert booked == [
        ("2026-01-01", {"accounts_receivable": 1000, "contract_liability": -1000}),
        ("2026-01-31", {"revenue": -400, "contract_liability": 400}),
        ("2026-02-01", {"accounts_receivable": 1000, "contract_liability": -1000}),
        ("2026-02-28", {"revenue": -600, "contract_liability": 600}),
        ("2026-02-28", {"revenue": -200, "contract_liability": 200}),
    ]


def test_no_period_is_no_invoice() -> None:
    assert bill_hours(terms(), []).periods == ()


HOURS = st.lists(st.integers(0, 3000), min_size=1, max_size=8)


@unhurried
@given(
    HOURS,
    st.integers(0, 3),
    st.none() | st.integers(0, 12),
    st.sampled_from(DrawOrder),
    st.integers(1, 10**6),
)
def test_every_hour_is_covered_or_overage_and_every_fee_is_earned_or_deferred(
    used: list[int], periods: int, most: int | None, order: DrawOrder, cents: int
) -> None:
    fee = Money.of(Decimal(cents) / 100, "EUR")
    retainer = terms(fee=fee, rollover_periods=periods, rollover_max=most, draw=order)
    found = billed(retainer, *(str(Decimal(n) / 100) for n in used))
    account = found.account

    assert all(p.covered + p.overage_hours == p.used.hours for p in found.periods)
    assert account.balance + account.total(MovementKind.DRAWN) + account.total(
        MovementKind.EXPIRED
    ) == Decimal(10 * len(used))
    books: dict[str, Decimal] = {}
    for entry in hour_entries(account, found.prices):
        for line in entry.lines:
            books[line.account.value] = books.get(line.account.value, Decimal(0)) + (
                line.amount.amount
            )
    assert books["accounts_receivable"] == fee.amount * len(used)
    left = -books.get("contract_liability", Decimal(0))
    assert 0 <= left <= fee.amount * len(used)
    assert left == 0 or account.balance > 0
