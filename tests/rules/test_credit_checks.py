from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import eur

from isthmus.canonical import Invoice
from isthmus.canonical.invoice import InvoiceLine, InvoiceStatus, LineKind
from isthmus.kit.money import Money
from isthmus.rules.credit_checks import Asked, credit_lines, left_of, shares, taken_back
from isthmus.rules.problems import Problem

HOURS = InvoiceLine(
    number=1, kind=LineKind.TIME, description="Consultant", quantity=Decimal("7.5"),
    unit_price=eur("133.33"), amount=eur("999.98"),
)  # fmt: skip
STONE = InvoiceLine(
    number=2, kind=LineKind.MILESTONE, description="Design", quantity=Decimal(1),
    unit_price=eur("500.00"), amount=eur("500.00"),
)  # fmt: skip
REBATE = InvoiceLine(
    number=3, kind=LineKind.ADJUSTMENT, description="Discount 5 %", quantity=Decimal(1),
    unit_price=eur("-75.00"), amount=eur("-75.00"),
)  # fmt: skip


def invoice(*lines: InvoiceLine, **more: object) -> Invoice:
    values = {
        "id": "1", "reference": "C-1", "customer": "c", "legal_entity": "e", "currency": "EUR",
        "issued_on": date(2026, 7, 31), "lines": lines, "number": "INV-1",
        "status": InvoiceStatus.POSTED, **more,
    }  # fmt: skip
    return Invoice.model_validate(values)


def code(found: object) -> str:
    assert isinstance(found, Problem)
    return found.code


def test_all_that_is_left_mirrors_every_line_with_its_discount() -> None:
    found = credit_lines(invoice(HOURS, STONE, REBATE), [], [], rebill=True)
    assert found == (HOURS, STONE, REBATE)


def test_what_is_left_after_a_part_in_money_is_a_lump() -> None:
    billed = invoice(HOURS)
    [first] = credit_lines(billed, [], [Asked(1, amount=eur("100.00"))], rebill=False)
    [rest] = credit_lines(billed, [first], [], rebill=False)
    assert (first.quantity, first.unit_price) == (Decimal(1), eur("100.00"))
    assert (rest.quantity, rest.unit_price, rest.amount) == (
        Decimal(1), eur("899.98"), eur("899.98")
    )  # fmt: skip
    assert code(credit_lines(billed, [first, rest], [], rebill=False)) == "nothing_left"


def test_an_amount_that_cannot_be_paid_is_refused() -> None:
    found = credit_lines(invoice(HOURS), [], [Asked(1, amount=eur("1.005"))], rebill=False)
    assert code(found) == "parts_of_a_cent"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("draft", "invoice_not_posted"), ("void", "invoice_not_posted"),
     ("credited", "invoice_not_posted")],
)  # fmt: skip
def test_only_what_the_ledger_has_posted_is_credited(status: str, expected: str) -> None:
    assert code(credit_lines(invoice(HOURS, status=status), [], [], rebill=False)) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(1, quantity=Decimal("7.6")), "credit_too_high"),
        (Asked(1, amount=eur("999.99")), "credit_too_high"),
        (Asked(1, quantity=Decimal(0)), "not_positive"),
        (Asked(2, amount=eur("499.99")), "milestone_in_part"),
        (Asked(2, quantity=Decimal("0.5")), "milestone_in_part"),
        (Asked(3, amount=eur("-5.00")), "not_positive"),
        (Asked(9), "line_unknown"),
    ],
)
def test_a_part_has_its_bounds(asked: Asked, expected: str) -> None:
    assert code(credit_lines(invoice(HOURS, STONE, REBATE), [], [asked], rebill=False)) == expected


def test_credits_in_the_ledger_are_counted_with_tax() -> None:
    known = {"total": eur("1209.98"), "credited": eur("605.00")}
    half = Asked(1, amount=eur("499.98"))
    assert code(credit_lines(invoice(HOURS, **known), [], [], rebill=False)) == "credit_too_high"
    [line] = credit_lines(invoice(HOURS, **known), [], [half], rebill=False)
    assert line.amount == eur("499.98")


quantities = st.lists(st.integers(1, 400), min_size=1, max_size=8)


@given(quantities, st.integers(1, 40_000))
def test_parts_by_quantity_add_up_to_the_line_to_the_cent(parts: list[int], cents: int) -> None:
    whole, amount = Decimal(sum(parts)) / 4, Decimal(cents) / 100
    line = HOURS.model_copy(
        update={"quantity": whole, "amount": Money.of(amount, "EUR"),
                "unit_price": Money.of(amount / whole, "EUR")}
    )  # fmt: skip
    credited: list[InvoiceLine] = []
    for part in parts:
        found = credit_lines(
            invoice(line), credited, [Asked(1, quantity=Decimal(part) / 4)], rebill=False
        )
        if isinstance(found, Problem):
            assert found.code in ("not_positive", "nothing_left")
            return
        credited += found
    assert left_of(line, credited) == Money.of(0, "EUR")


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=12), st.integers(1, 10_000))
def test_a_part_shared_by_facts_takes_no_more_than_there_is(left: list[int], cents: int) -> None:
    amounts = [Money.of(Decimal(n) / 100, "EUR") for n in left]
    total = sum(left)
    if not total:
        return
    credit = Money.of(Decimal(min(cents, total)) / 100, "EUR")
    found = shares(credit, amounts)
    assert Money.total(found, "EUR") == credit
    assert all(
        0 <= part.amount <= amount.amount for part, amount in zip(found, amounts, strict=True)
    )


def test_what_is_taken_of_the_facts_behind_a_line() -> None:
    """A correction of -50 has no part in a part, and goes back with the whole."""
    left = [eur("120.00"), eur("-50.00"), eur("60.00")]

    whole = taken_back(eur("130.00"), left)
    part = taken_back(eur("100.01"), left)

    assert (whole.amounts, whole.in_part) == (tuple(left), False)
    assert (part.amounts, part.in_part) == ((eur("66.67"), eur("0.00"), eur("33.34")), True)


def test_a_line_that_no_work_is_behind_takes_nothing_of_any() -> None:
    assert taken_back(eur("5.00"), []).amounts == ()
    assert taken_back(eur("5.00"), [eur("-20.00")]).amounts == (eur("0.00"),)
