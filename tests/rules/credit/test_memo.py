from decimal import Decimal

import pytest
from tests.rules.credit.facts import billed, credited, discount, line, posted, problems
from tests.rules.facts import eur, usd

from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.rules.credit.memo import Credit
from isthmus.rules.refusal import Unusable

MILESTONE = LineKind.MILESTONE


def shown(lines: tuple[InvoiceLine, ...]) -> list[tuple[int, Decimal, str]]:
    return [(part.number, part.quantity, str(part.amount)) for part in lines]


def test_a_full_credit_says_what_the_invoice_says() -> None:
    invoice = billed(line(1, "150", "8"), discount(2, "200"), tax_total=eur("200.00"))
    found = credited(invoice)

    assert found.memo.lines == invoice.invoice.lines
    assert (found.memo.subtotal, found.memo.tax_total) == (eur(1000), eur(200))
    assert (found.memo.total, found.left) == (eur(1200), eur(0))


def test_hours_are_credited_at_their_price() -> None:
    invoice = billed(line(1, "150", "8"))
    found = credited(invoice, Credit(1, quantity=Decimal(3)))

    assert shown(found.memo.lines) == [(1, Decimal(3), "450.00 EUR")]
    assert (found.totals.tax, found.left) == (eur(90), eur(900))


def test_the_last_hour_takes_the_cent_that_is_left() -> None:
    """3 x 33.335 is 100.01 on the invoice; one by one they would be 100.02."""
    invoice = billed(line(1, "33.335", "3"), tax="0")
    one = Credit(1, quantity=Decimal(1))
    first = posted(credited(invoice, one))
    second = posted(credited(invoice, one, before=(first,)))
    third = credited(invoice, one, before=(first, second))

    assert [m.subtotal for m in (first, second, third.memo)] == [
        eur("33.34"), eur("33.34"), eur("33.33"),
    ]  # fmt: skip
    assert third.left == eur(0)


def test_an_amount_is_one_at_that_amount() -> None:
    found = credited(billed(line(1, "150", "8")), Credit(1, eur("99.99")))

    assert shown(found.memo.lines) == [(1, Decimal(1), "99.99 EUR")]
    assert found.memo.lines[0].unit_price == eur("99.99")


def test_a_discount_goes_back_with_the_lines_it_reduces() -> None:
    """300 off 1,000 + 500: the half of line 1 takes 100 of its 200 along."""
    invoice = billed(line(1, "1000"), line(2, "500"), discount(3, "300"))
    found = credited(invoice, Credit(1, eur(500)))

    assert shown(found.memo.lines) == [
        (1, Decimal(1), "500.00 EUR"),
        (3, Decimal(-1), "-100.00 EUR"),
    ]
    assert found.totals.net == eur(400)


def test_a_discount_may_belong_to_one_line() -> None:
    lines = (line(1, "1000"), line(2, "500"), discount(3, "300"))
    invoice = billed(*lines, discounts={3: (2,)})

    assert credited(invoice, Credit(1, eur(500))).totals.net == eur(500)
    assert credited(invoice, Credit(2, eur(250))).totals.net == eur(100)


def test_each_rate_of_tax_goes_back_at_its_own() -> None:
    invoice = billed(line(1, "100"), line(2, "100"), tax={1: "19", 2: "7"})

    assert credited(invoice, Credit(2, eur(50))).totals.tax == eur("3.50")
    assert credited(invoice).totals.tax == eur("26.00")


def test_the_ledger_s_own_tax_is_what_goes_back_in_the_end() -> None:
    """Three lines of 0.33 at 20 percent: 0.20 as one, 0.21 as the ledger rounded line by line."""
    lines = [line(number, "0.33") for number in (1, 2, 3)]
    invoice = billed(*lines, tax_total=eur("0.21"))
    first = credited(invoice, Credit(1))
    rest = credited(invoice, before=(posted(first),))

    assert first.totals.tax + rest.totals.tax == eur("0.21")
    assert rest.left == eur(0)


@pytest.mark.parametrize(
    ("credit", "code", "says"),
    [
        (Credit(1, eur("1200.01")), "credit_exceeds_line",
         "1,200.01 EUR is more than the 1,200.00 EUR left of line 1 of INV-1"),
        (Credit(1, quantity=Decimal("8.5")), "credit_exceeds_line",
         "1,275.00 EUR is more than the 1,200.00 EUR left of line 1 of INV-1"),
        (Credit(1, eur(-1)), "credit_negative",
         "a credit of -1.00 EUR of line 1 of INV-1 would bill more"),
        (Credit(2, eur(500)), "credit_milestone_partial",
         "500.00 EUR of line 2 of INV-1 is part of a milestone, which is credited whole: "
         "1,000.00 EUR"),
    ],
)  # fmt: skip
def test_a_credit_that_cannot_be(credit: Credit, code: str, says: str) -> None:
    invoice = billed(line(1, "150", "8"), line(2, "1000", kind=MILESTONE))
    [problem] = problems(invoice, credit)

    assert (problem.code, problem.reason) == (code, says)


def test_what_was_credited_is_not_credited_again_unless_it_was_a_draft() -> None:
    invoice = billed(line(1, "100"))
    draft = credited(invoice, Credit(1, eur(80))).memo
    kept = posted(credited(invoice, Credit(1, eur(80))))

    assert credited(invoice, Credit(1, eur(30)), before=(draft,)).left == eur(84)
    [problem] = problems(invoice, Credit(1, eur(30)), before=(draft, kept))
    assert problem.reason.startswith("30.00 EUR is more than the 20.00 EUR left of line 1")


def test_a_memo_of_another_invoice_counts_nothing() -> None:
    other = billed(line(1, "100"), id="i2")
    memo = posted(credited(other))

    assert credited(billed(line(1, "100")), before=(memo,)).totals.net == eur(100)


def test_every_line_that_is_wrong_is_named() -> None:
    invoice = billed(line(1, "100"), line(2, "100", kind=MILESTONE))
    found = problems(invoice, Credit(1, eur(101)), Credit(2, eur(1)))

    assert [p.code for p in found] == ["credit_exceeds_line", "credit_milestone_partial"]


@pytest.mark.parametrize("status", ["draft", "void"])
def test_only_a_posted_invoice_is_credited(status: str) -> None:
    [problem] = problems(billed(line(1, "100"), status=status))

    assert problem.code == "invoice_not_posted"


def test_a_return_on_the_invoice_keeps_its_sign_and_bounds_the_rest() -> None:
    """7 x 400 less 3 x 500: the first line alone would give back more than was paid."""
    invoice = billed(line(1, "400", "7"), line(2, "500", "-3"))
    [problem] = problems(invoice, Credit(1))
    both = credited(invoice)

    assert problem.code == "credit_exceeds_invoice"
    assert shown(both.memo.lines)[1] == (2, Decimal(-3), "-1,500.00 EUR")
    assert both.totals.total == eur(1560)


@pytest.mark.parametrize(
    ("field", "credits"),
    [
        ("line", [Credit(9)]),
        ("line", [Credit(2)]),
        ("line", [Credit(1, eur(1)), Credit(1, eur(2))]),
        ("amount", [Credit(1, eur("0.005"))]),
        ("amount", [Credit(1, usd(1))]),
        ("amount", [Credit(1, eur(1), Decimal(1))]),
    ],
)
def test_a_credit_of_nothing_known_is_refused(field: str, credits: list[Credit]) -> None:
    invoice = billed(line(1, "100"), discount(2, "10"))
    with pytest.raises(Unusable) as refused:
        credited(invoice, *credits)

    assert refused.value.field == field


def test_a_line_whose_tax_is_not_known_is_not_credited() -> None:
    with pytest.raises(Unusable, match="The tax of line 1 of R-1 is not known"):
        credited(billed(line(1, "100"), tax={}))
