"""Progress, effort, several customers, advances and cancellation of a fixed fee."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import day, eur
from tests.rules.revenue.test_properties import money, unhurried

from isthmus.canonical.contract import Instalment
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import PayerShare, ProgressDecrease
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump, priced, total
from isthmus.rules.fixed_fee.advance import advance_charge, deduct_advances
from isthmus.rules.fixed_fee.cancellation import cancel
from isthmus.rules.fixed_fee.effort import EffortTask, bill_effort
from isthmus.rules.fixed_fee.payers import bill_payers
from isthmus.rules.fixed_fee.progress import Progress, bill_progress
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable


def work(percent: str, billed: str = "0", price: str = "1000") -> Progress:
    return Progress("Build", eur(price), Decimal(percent), eur(billed))


def test_a_charge_is_what_a_ledger_will_compute() -> None:
    hours = priced("Hours", Decimal("2.5"), eur("33.33"), "agreed")

    assert hours.amount == eur("83.33")
    with pytest.raises(Unusable, match=r"2.5 x 33.33 EUR is not 83.32 EUR"):
        Charge("Hours", Decimal("2.5"), eur("33.33"), eur("83.32"), "agreed")


def test_progress_bills_the_difference_and_says_so() -> None:
    [charge] = bill_progress([work("55", "200")]).charges

    assert charge.amount == eur(350)
    assert charge.why == "55 % of 1,000.00 EUR is 550.00 EUR, of which 200.00 EUR was billed"
    assert bill_progress([work("55", "550")]).charges == ()


def test_a_lower_percentage_is_a_problem_unless_the_contract_credits_it() -> None:
    held = bill_progress([work("40", "550")])
    credited = bill_progress([work("40", "550")], ProgressDecrease.CREDIT)

    assert held.charges == ()
    assert [(h.amount, h.problem.code) for h in held.held] == [(-eur(150), "progress_decreased")]
    assert [charge.amount for charge in credited.charges] == [-eur(150)]
    assert credited.held == ()


@pytest.mark.parametrize("percent", ["-1", "100.01"])
def test_nothing_is_more_than_complete(percent: str) -> None:
    with pytest.raises(Unusable, match="percent_complete cannot be used"):
        bill_progress([work(percent)])


@unhurried
@given(money(), st.lists(st.integers(0, 10_000), max_size=12))
def test_progress_bills_the_price_in_the_end_whatever_the_steps(
    price: Money, steps: list[int]
) -> None:
    billed = Money.zero(price.currency)
    for step in [*steps, 10_000]:
        part = Progress("Build", price, Decimal(step) / 100, billed)
        billed += total(bill_progress([part], ProgressDecrease.CREDIT).charges, price.currency)

    assert billed == price


def test_a_task_is_billed_when_it_is_done_and_once() -> None:
    tasks = [
        EffortTask("Design", True, hours=Decimal(5), rate=eur(20)),
        EffortTask("Licence", True, price=eur(50)),
        EffortTask("Build", False, hours=Decimal(8), rate=eur(20)),
        EffortTask("Kick-off", True, hours=Decimal(1), rate=eur(20), billed=True),
        EffortTask("Internal", True),
    ]

    assert [(c.description, c.quantity, c.amount) for c in bill_effort(tasks)] == [
        ("Design", 5, eur(100)),
        ("Licence", 1, eur(50)),
    ]


def test_a_task_has_a_price_or_hours() -> None:
    with pytest.raises(Unusable, match="Design has a price and hours"):
        EffortTask("Design", True, hours=Decimal(5), rate=eur(20), price=eur(90))


def payers(*shares: str, rounding: str = "Client A") -> list[PayerShare]:
    names = [f"Client {letter}" for letter in "ABC"]
    return [
        PayerShare(customer=name, percent=Decimal(share), takes_rounding=name == rounding)
        for name, share in zip(names, shares, strict=False)
    ]


FEE = lump("Fee", eur("100.01"), "agreed")


def test_the_rounding_customer_takes_the_cents() -> None:
    found = bill_payers([(FEE, payers("33.3", "33.3", "33.4", rounding="Client B"))])

    assert isinstance(found, dict)
    assert {name: [c.amount for c in charges] for name, charges in found.items()} == {
        "Client A": [eur("33.30")],
        "Client B": [eur("33.31")],
        "Client C": [eur("33.40")],
    }
    assert found["Client B"][0].why == "33.3 % of 100.01 EUR, with the rounding: agreed"


def test_a_line_with_shares_of_its_own_keeps_its_quantity() -> None:
    hours = priced("Hours", Decimal(3), eur(50), "worked")
    found = bill_payers([(FEE, payers("50", "50")), (hours, payers("100"))])

    assert isinstance(found, dict)
    assert [c.amount for c in found["Client A"]] == [eur("50.00"), eur(150)]
    assert found["Client A"][1] == hours
    assert [c.amount for c in found["Client B"]] == [eur("50.01")]


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        (payers("50", "49"), "the shares of Client A, Client B total 99 %"),
        (payers("110", "-10"), "the shares of Client A, Client B total 100 %"),
        (payers("50", "50", rounding="Client C"), "0 customers of 2 take the rounding"),
        ([*payers("50"), *payers("50")], "a customer is named twice: Client A, Client A"),
        ([], "the shares of nobody total 0 %"),
    ],
)
def test_shares_that_do_not_divide_are_a_problem(shares: list[PayerShare], reason: str) -> None:
    found = bill_payers([(FEE, shares)])

    assert isinstance(found, Problem)
    assert (found.code, found.reason) == ("payers_do_not_split", reason)


@unhurried
@given(money(), st.integers(1, 98), st.integers(1, 99))
def test_customers_together_pay_the_charge(price: Money, first: int, cut: int) -> None:
    second = Decimal(100 - first) * cut / 100
    shares = payers(str(first), str(second), str(100 - first - second), rounding="Client C")
    found = bill_payers([(lump("Fee", price, "agreed"), shares)])

    assert isinstance(found, dict)
    assert total([c for part in found.values() for c in part], price.currency) == price


def test_an_advance_is_one_line_of_quantity_minus_one() -> None:
    paid = advance_charge(eur(1000), Decimal(30))
    found = deduct_advances("EUR", [lump("Final", eur(700), "rest")], [paid])

    [line] = found.charges
    assert (line.quantity, line.unit_price, line.amount) == (-1, eur(300), -eur(300))
    assert line.kind is LineKind.ADJUSTMENT
    assert found.left == eur(0)


def test_an_advance_never_makes_an_invoice_negative() -> None:
    advances = [advance_charge(eur(1000), Decimal(30)), advance_charge(eur(1000), Decimal(20))]
    found = deduct_advances("EUR", [lump("Final", eur(350), "rest")], advances)

    assert [line.amount for line in found.charges] == [-eur(300), -eur(50)]
    assert found.left == eur(150)
    assert deduct_advances("EUR", [], advances).left == eur(500)


SCHEDULE = [
    Instalment(description=f"Part {n}", amount=eur(400), due_on=day("2026-01-31")) for n in (1, 2)
]


def test_a_cancelled_contract_bills_the_work_and_the_fee_and_drops_the_schedule() -> None:
    found = cancel(work("55", "400"), SCHEDULE, {1}, eur(50))

    assert [(c.description, c.amount) for c in found.charges] == [
        ("Build", eur(150)),
        ("Termination fee", eur(50)),
    ]
    assert [instalment.description for instalment in found.removed] == ["Part 2"]


def test_a_contract_billed_ahead_of_its_work_gives_the_difference_back() -> None:
    found = cancel(work("30", "400"))

    assert [c.amount for c in found.charges] == [-eur(100)]
    assert cancel(work("40", "400")).charges == ()
