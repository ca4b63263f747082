"""What is paid in advance is drawn, lapses or goes back, and a statement shows all of it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.rules.facts import day, eur
from tests.rules.revenue.test_properties import CURRENCIES, money, unhurried

from isthmus.canonical.terms import Deposit, DrawOrder, HourBlock, MoneyRetainer, Overrun
from isthmus.kit.money import Money
from isthmus.rules.journal import Entry
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.retainers.account import (
    MovementKind,
    PrepaidAccount,
    buy,
    draw,
    expire_due,
    opened,
    refund,
)
from isthmus.rules.retainers.blocks import order_block, use_block
from isthmus.rules.retainers.commitment import true_up
from isthmus.rules.retainers.credit import order_credit, pay_invoice, refund_credit
from isthmus.rules.retainers.deposit import draw_deposit
from isthmus.rules.retainers.journal import hour_entries, money_entries

JANUARY, FEBRUARY, MARCH = day("2026-01-01"), day("2026-02-01"), day("2026-03-01")


def three_lots(order: DrawOrder) -> PrepaidAccount[Money]:
    """100 that lapses in June, then 200 that lapses in April, then 300 that never does."""
    account = buy(opened(JANUARY, eur(0), order), JANUARY, eur(100), day("2026-06-30"), "first")
    account = buy(account, FEBRUARY, eur(200), day("2026-04-30"), "second")
    return buy(account, MARCH, eur(300), None, "third")


@pytest.mark.parametrize(
    ("order", "drawn"),
    [
        (DrawOrder.EXPIRING_FIRST, [(2, "200"), (1, "50")]),
        (DrawOrder.OLDEST_FIRST, [(1, "100"), (2, "150")]),
        (DrawOrder.CURRENT_FIRST, [(3, "250")]),
    ],
)
def test_which_lot_is_drawn_first_is_a_setting(
    order: DrawOrder, drawn: list[tuple[int, str]]
) -> None:
    account = draw(three_lots(order), MARCH, eur(250), "invoice 1").account

    assert [(m.lot, m.amount) for m in account.movements[3:]] == [
        (lot, eur(amount)) for lot, amount in drawn
    ]


def test_a_statement_runs_from_the_opening_to_the_closing_balance() -> None:
    account = opened(JANUARY, eur(50))
    account = buy(account, JANUARY, eur(100), day("2026-01-31"), "order 7")
    account = draw(account, day("2026-01-15"), eur(30), "invoice 1").account
    account = refund(account, day("2026-02-10"), eur(20), "asked for").account

    assert [(n.movement.on, n.movement.kind, n.movement.amount, n.balance)
            for n in account.statement()] == [
        (day("2026-01-01"), MovementKind.BOUGHT, eur(100), eur(150)),
        (day("2026-01-15"), MovementKind.DRAWN, eur(30), eur(120)),
        (day("2026-02-01"), MovementKind.EXPIRED, eur(70), eur(50)),
        (day("2026-02-10"), MovementKind.REFUNDED, eur(20), eur(30)),
    ]  # fmt: skip
    assert account.balance == eur(30)


def test_credit_pays_on_its_last_day_and_not_on_the_next() -> None:
    terms = MoneyRetainer(amount=eur(100), expires_after_days=30)
    account = order_credit(terms, opened(JANUARY, eur(0)), JANUARY).account

    assert pay_invoice(account, day("2026-01-31"), eur(60), "1").by_credit == eur(60)
    late = pay_invoice(account, day("2026-02-01"), eur(60), "1")
    assert (late.by_credit, late.due) == (eur(0), eur(60))
    assert late.account.total(MovementKind.EXPIRED) == eur(100)


def test_a_statement_is_never_written_backwards() -> None:
    account = buy(opened(JANUARY, eur(0)), FEBRUARY, eur(100), None, "order")
    with pytest.raises(Unusable, match="A movement of 2026-01-01 comes after one of 2026-02-01"):
        draw(account, JANUARY, eur(10), "invoice 1")


@pytest.mark.parametrize(
    "move",
    [
        lambda: opened(JANUARY, eur(-1)),
        lambda: buy(opened(JANUARY, eur(0)), JANUARY, eur(-1), None, "order"),
        lambda: draw(opened(JANUARY, eur(9)), JANUARY, eur(-1), "invoice"),
    ],
)
def test_no_movement_is_below_zero(move: Callable[[], object]) -> None:
    with pytest.raises(Unusable, match=r"-1\.00 EUR is below zero"):
        move()


def test_no_more_is_refunded_than_is_left_on_the_day() -> None:
    account = three_lots(DrawOrder.EXPIRING_FIRST)
    may = day("2026-05-01")
    found = refund_credit(account, may, eur("400.01"), "closed")

    assert isinstance(found, Problem)
    assert found.reason == "400.01 EUR cannot be refunded on 2026-05-01: 400.00 EUR is left"
    whole = refund_credit(account, may, eur(400), "closed")
    assert isinstance(whole, PrepaidAccount)
    assert (whole.balance, whole.total(MovementKind.EXPIRED)) == (eur(0), eur(200))


def shown(entries: tuple[Entry, ...]) -> list[tuple[str, dict[str, Decimal]]]:
    return [
        (str(entry.on), {line.account.value: line.amount.amount for line in entry.lines})
        for entry in entries
    ]


def test_credit_is_a_liability_until_it_is_drawn_lapses_or_goes_back() -> None:
    account = buy(opened(JANUARY, eur(0)), JANUARY, eur(100), day("2026-01-31"), "order")
    account = draw(account, day("2026-01-15"), eur(60), "invoice 1").account
    account = buy(account, FEBRUARY, eur(25), None, "order")
    account = refund(account, MARCH, eur(25), "closed").account

    assert shown(money_entries(account)) == [
        ("2026-01-01", {"accounts_receivable": 100, "contract_liability": -100}),
        ("2026-01-15", {"accounts_receivable": -60, "contract_liability": 60}),
        ("2026-02-01", {"revenue": -40, "contract_liability": 40}),
        ("2026-02-01", {"accounts_receivable": 25, "contract_liability": -25}),
        ("2026-03-01", {"cash": -25, "contract_liability": 25}),
    ]


BLOCK = HourBlock(hours=Decimal(3), rate=eur("33.335"))


def test_a_block_is_invoiced_on_order_and_earned_to_the_cent() -> None:
    """Three hours at 33.335 are 100.01; each earns what the running total moves by."""
    ordered = order_block(BLOCK, opened(JANUARY, Decimal(0)), JANUARY)
    account = ordered.account
    for _ in range(3):
        account = use_block(BLOCK, account, FEBRUARY, Decimal(1), "worked").account
    earned = [entry.lines[0].amount for entry in hour_entries(account, {1: ordered.charge.amount})]

    assert (ordered.charge.quantity, ordered.charge.amount) == (3, eur("100.01"))
    assert earned == [eur("100.01"), -eur("33.34"), -eur("33.33"), -eur("33.34")]


@pytest.mark.parametrize(
    ("terms", "charges", "held"),
    [
        (BLOCK, [], ["66.67"]),
        (BLOCK.model_copy(update={"overrun": Overrun.BILLED}), ["66.67"], []),
        (
            BLOCK.model_copy(update={"overrun": Overrun.BILLED, "overage_rate": eur(50)}),
            ["100.00"],
            [],
        ),
    ],
)
def test_hours_beyond_a_block_are_flagged_or_billed(
    terms: HourBlock, charges: list[str], held: list[str]
) -> None:
    account = order_block(terms, opened(JANUARY, Decimal(0)), JANUARY).account
    found = use_block(terms, account, FEBRUARY, Decimal(5), "worked")

    assert (found.covered, found.over, found.account.balance) == (3, 2, 0)
    assert [charge.amount for charge in found.billing.charges] == [eur(a) for a in charges]
    assert [wait.amount for wait in found.billing.held] == [eur(a) for a in held]


def test_a_block_lapses() -> None:
    terms = BLOCK.model_copy(update={"expires_after_days": 31})
    account = order_block(terms, opened(JANUARY, Decimal(0)), JANUARY).account

    assert use_block(terms, account, FEBRUARY, Decimal(1), "worked").covered == 1
    assert use_block(terms, account, MARCH, Decimal(1), "worked").covered == 0


DEPOSIT = Deposit(amount=eur(5000), threshold=eur(1500))


@pytest.mark.parametrize(
    ("drawn", "due", "balance", "replenishment"),
    [
        ("3500.00", "0", "1500.00", None),
        ("3500.01", "0", "1499.99", "3500.01"),
        ("6000.00", "1000", "0", "5000.00"),
    ],
)
def test_a_deposit_is_replenished_below_its_threshold(
    drawn: str, due: str, balance: str, replenishment: str | None
) -> None:
    found = draw_deposit(DEPOSIT, opened(JANUARY, eur(5000)), JANUARY, eur(drawn), "invoice 1")
    asked = found.replenishment.amount if found.replenishment else None

    assert (found.due, found.balance) == (eur(due), eur(balance))
    assert asked == (eur(replenishment) if replenishment else None)
    assert found.account.balance == (eur(5000) if replenishment else eur(balance))


def test_a_deposit_is_not_always_below_its_threshold() -> None:
    with pytest.raises(ValidationError, match="is always below"):
        Deposit(amount=eur(100), threshold=eur(101))


def test_a_commitment_that_is_reached_bills_nothing() -> None:
    assert true_up(eur(100), [eur(60), eur(40)]) is None
    short = true_up(eur(100), [eur(60), eur("39.99")])
    assert short is not None
    assert (short.amount, short.why) == (
        eur("0.01"),
        "100.00 EUR committed, 99.99 EUR billed",
    )


Acts = list[tuple[str, Money, int]]
ACTS = st.sampled_from(["buy", "draw", "refund"])


def acts() -> st.SearchStrategy[Acts]:
    """What happens, with which amount, after how many days."""
    return CURRENCIES.flatmap(
        lambda code: st.lists(
            st.tuples(ACTS, money(code), st.integers(0, 60)), min_size=1, max_size=15
        )
    )


def lived(story: Acts, order: DrawOrder, days: int | None) -> tuple[PrepaidAccount[Money], date]:
    on, zero = JANUARY, story[0][1] - story[0][1]
    account = opened(on, zero, order)
    for act, amount, later in story:
        on += timedelta(days=later)
        if act == "buy":
            terms = MoneyRetainer(amount=amount, expires_after_days=days)
            account = order_credit(terms, account, on).account
        elif act == "draw":
            account = pay_invoice(account, on, amount, "invoice").account
        else:
            back = refund_credit(account, on, amount, "asked for")
            account = account if isinstance(back, Problem) else back
    return account, on


@unhurried
@given(acts(), st.sampled_from(DrawOrder), st.none() | st.integers(0, 90))
def test_what_was_invoiced_was_drawn_lapsed_went_back_or_is_left(
    story: Acts, order: DrawOrder, days: int | None
) -> None:
    account, _ = lived(story, order, days)
    invoiced = account.total(MovementKind.BOUGHT)
    drawn = account.total(MovementKind.DRAWN)
    gone = account.total(MovementKind.EXPIRED) + account.total(MovementKind.REFUNDED)

    assert drawn <= invoiced
    assert drawn + gone + account.balance == invoiced
    lines = account.statement()
    assert all(line.balance.amount >= 0 for line in lines)
    assert not lines or lines[-1].balance == account.balance
    assert [n.movement.on for n in lines] == sorted(n.movement.on for n in lines)


@unhurried
@given(acts(), st.sampled_from(DrawOrder), st.none() | st.integers(0, 90))
def test_the_liability_in_the_books_is_the_balance_of_the_account(
    story: Acts, order: DrawOrder, days: int | None
) -> None:
    account, on = lived(story, order, days)
    current = expire_due(account, on)
    liability = [
        line.amount.amount
        for entry in money_entries(current)
        for line in entry.lines
        if line.account.value == "contract_liability"
    ]

    assert -sum(liability, Decimal(0)) == current.balance.amount
