from decimal import Decimal

import pytest
from tests.rules.expenses.facts import booked, expense, judged, rate
from tests.rules.facts import day, eur, usd

from isthmus.canonical.terms import CategoryRule, Excess, ExpenseTerms, FeeBase, MarkupBase
from isthmus.kit.money import Money
from isthmus.rules.refusal import Unusable

TEN_PERCENT = ExpenseTerms(markup_percent=Decimal(10))
EMPLOYEE = {
    "project_expense": "dr 100.00 EUR",
    "input_tax": "dr 19.00 EUR",
    "employee_payable": "cr 119.00 EUR",
}
CARD = {
    "project_expense": "dr 100.00 EUR",
    "input_tax": "dr 19.00 EUR",
    "card_payable": "cr 119.00 EUR",
}
CLIENT = {"unbilled_receivable": "dr 110.00 EUR", "expense_revenue": "cr 110.00 EUR"}


@pytest.mark.parametrize(
    ("billable", "reimbursable", "entries", "back"),
    [
        (True, True, [EMPLOYEE, CLIENT], "119.00"),
        (True, False, [CARD, CLIENT], "0"),
        (False, True, [EMPLOYEE], "119.00"),
        (False, False, [CARD], "0"),
    ],
)
def test_billable_and_reimbursable_are_two_questions(
    billable: bool, reimbursable: bool, entries: list[dict[str, str]], back: str
) -> None:
    found = judged(expense(is_billable=billable, is_reimbursable=reimbursable), TEN_PERCENT)

    assert booked(found.entries()) == entries
    assert found.reimbursement == eur(back)
    assert found.billed == eur("110.00" if billable else "0")
    assert found.not_billable == eur("0" if billable else "100.00")
    assert found.cost.net == eur("100.00")


def test_what_the_employee_bears_costs_the_firm_nothing_and_may_be_billed() -> None:
    found = judged(expense(paid_by="employee", is_reimbursable=False), TEN_PERCENT)

    assert booked(found.entries()) == [CLIENT]
    assert (found.cost.net, found.billed) == (eur(0), eur("110.00"))


def test_the_gross_receipt_may_be_the_base() -> None:
    found = judged(expense(), TEN_PERCENT.model_copy(update={"base": MarkupBase.GROSS}))

    assert (found.base, found.billed, found.cost.net) == (eur(119), eur("130.90"), eur(100))


def test_tax_that_comes_back_in_part_is_cost_in_part() -> None:
    found = judged(expense(tax_recovered_percent="50"))

    assert (found.cost.recovered_tax, found.billed) == (eur("9.50"), eur("109.50"))


@pytest.mark.parametrize(
    ("base", "billed"), [(FeeBase.EXPENSE, "115.00"), (FeeBase.EXPENSE_AND_FEE, "115.50")]
)
def test_a_percent_with_a_flat_fee(base: FeeBase, billed: str) -> None:
    terms = ExpenseTerms(markup_percent=Decimal(10), flat_fee=eur(5), fee_base=base)

    assert judged(expense(), terms).billed == eur(billed)


def test_no_fee_goes_with_a_refund_or_with_nothing() -> None:
    terms = ExpenseTerms(markup_percent=Decimal(10), flat_fee=eur(5))
    refund = expense(amount=eur("-119.00"), tax=eur("-19.00"))

    assert judged(refund, terms).billed == eur("-110.00")
    assert judged(expense(amount=eur(0), tax=None), terms).billed == eur(0)


def test_a_disbursement_is_neither_cost_nor_revenue_nor_taxed() -> None:
    as_agent = CategoryRule(category="hotel", as_agent=True)
    terms = ExpenseTerms(markup_percent=Decimal(10), flat_fee=eur(5), categories=(as_agent,))
    found = judged(expense(), terms)

    assert found.charged(Decimal(19)).total == eur("119.00")
    assert booked(found.entries()) == [
        {"client_disbursement": "dr 119.00 EUR", "employee_payable": "cr 119.00 EUR"}
    ]


def test_a_price_that_includes_expenses_bills_none() -> None:
    found = judged(expense(), ExpenseTerms(included_in_price=True))

    assert (found.billed, found.not_billable) == (eur(0), eur(100))
    assert found.trail[1] == "not billable: the price of the contract includes expenses"


LIMIT = CategoryRule(category="hotel", limit=eur("90.00"))


@pytest.mark.parametrize(
    ("excess", "billed", "held", "warned"),
    [
        (Excess.WARNING, "200.00", [], ["over_limit"]),
        (Excess.JUSTIFICATION, "180.00", ["20.00"], []),
        (Excess.ERROR, "0", ["200.00"], []),
    ],
)
def test_beyond_a_limit_per_night(
    excess: Excess, billed: str, held: list[str], warned: list[str]
) -> None:
    rule = LIMIT.model_copy(update={"excess": excess})
    two_nights = expense(amount=eur("238.00"), tax=eur("38.00"), quantity="2")
    found = judged(two_nights, ExpenseTerms(categories=(rule,)))

    assert found.billed == eur(billed)
    assert [part.amount for part in found.held] == [eur(amount) for amount in held]
    assert [problem.code for problem in found.warnings] == warned
    assert found.reimbursement == eur("238.00")


def test_a_justified_excess_bills_what_is_still_open() -> None:
    terms = ExpenseTerms(markup_percent=Decimal(10), categories=(LIMIT,))
    first = judged(expense(), terms)
    again = expense(billed_amount=first.billed, invoice_number="INV-1", justification="Trade fair")
    second = judged(again, terms)

    assert (first.billed, first.to_bill) == (eur("99.00"), eur("99.00"))
    assert (second.billed, second.to_bill) == (eur("110.00"), eur("11.00"))
    assert booked(second.entries())[1] == {
        "unbilled_receivable": "dr 11.00 EUR",
        "expense_revenue": "cr 11.00 EUR",
    }


@pytest.mark.parametrize(("amount", "held"), [("75.00", []), ("75.01", ["receipt_missing"])])
def test_a_receipt_is_needed_beyond_the_threshold(amount: str, held: list[str]) -> None:
    lost = expense(amount=eur(amount), tax=None, has_receipt=False)
    found = judged(lost, ExpenseTerms(receipt_above=eur(75)))

    assert [part.problem.code for part in found.held] == held


def test_without_a_threshold_every_expense_needs_a_receipt() -> None:
    [part] = judged(expense(has_receipt=False)).held

    assert part.amount == eur(100)
    assert part.problem.reason == "hotel of r1 on p1, 2026-03-05: 119.00 EUR has no receipt"


def test_three_currencies_each_at_its_own_rate() -> None:
    spent = expense(amount=usd("238.00"), tax=None, reimbursement_currency="EUR")
    rates = [
        rate("USD", "EUR", "0.90"),
        rate("USD", "EUR", "0.80", "2026-03-06"),
        rate("USD", "GBP", "0.75"),
    ]
    found = judged(spent, TEN_PERCENT, "GBP", rates=rates)

    assert found.reimbursement == eur("214.20")
    assert found.billed == Money.of("196.35", "GBP")
    assert booked(found.entries()) == [
        {"project_expense": "dr 214.20 EUR", "employee_payable": "cr 214.20 EUR"},
        {"unbilled_receivable": "dr 196.35 GBP", "expense_revenue": "cr 196.35 GBP"},
    ]
    assert found.trail[0] == (
        "178.50 GBP from 238.00 USD, tax included, at USD/GBP 0.75 of 2026-03-01"
    )


def test_an_agreed_rate_goes_before_the_ledger_s() -> None:
    spent = expense(
        amount=usd(100), tax=None, reimbursement_currency="EUR", reimbursement_rate="0.95",
        billing_rate="1.05",
    )  # fmt: skip
    found = judged(spent, rates=[rate("USD", "EUR", "0.90")])

    assert (found.reimbursement, found.billed) == (eur(95), eur(105))


def test_the_employee_does_not_wait_for_the_client_s_exchange_rate() -> None:
    found = judged(expense(), currency="GBP", rates=[rate("USD", "EUR", "0.90")])

    assert [(part.amount, part.problem.code) for part in found.held] == [
        (eur(100), "exchange_rate_missing")
    ]
    assert booked(found.entries()) == [EMPLOYEE]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"approval": "submitted"}, "not_approved"),
        ({"paid_by": "company_card"}, "paid_twice"),
        ({"tax": eur("119.00")}, "tax_wrong"),
        ({"tax": eur("-1.00")}, "tax_wrong"),
        ({"tax": usd("19.00")}, "tax_wrong"),
        ({"tax_recovered_percent": "101"}, "tax_wrong"),
        ({"reimbursement_currency": "CHF"}, "exchange_rate_missing"),
    ],
)
def test_what_is_wrong_with_an_expense_holds_all_of_it(wrong: dict[str, object], code: str) -> None:
    found = judged(expense(**wrong))

    assert [(part.amount, part.problem.code) for part in found.held] == [(eur(119), code)]
    assert (found.billed, found.reimbursement, found.entries()) == (eur(0), eur(0), ())


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = judged(expense(approval="draft", paid_by="company_card"))

    assert [part.problem.code for part in found.held] == ["not_approved", "paid_twice"]
    assert [part.amount for part in found.held] == [eur(119), eur(0)]


def test_a_limit_may_be_in_the_currency_of_the_receipt() -> None:
    terms = ExpenseTerms(categories=(CategoryRule(category="hotel", limit=usd(200)),))
    spent = expense(amount=usd(230), tax=None, billing_rate="0.90")
    found = judged(spent, terms)

    assert (found.billed, found.held[0].amount) == (eur("180.00"), eur("27.00"))


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("limit", ExpenseTerms(categories=(CategoryRule(category="hotel", limit=usd(1)),))),
        ("flat_fee", ExpenseTerms(flat_fee=usd(1))),
        ("categories", ExpenseTerms(categories=(LIMIT, LIMIT))),
        (
            "per_diem",
            ExpenseTerms(categories=(CategoryRule(category="hotel", allowance="per_diem"),)),
        ),
    ],
)
def test_terms_that_say_nothing_usable_are_refused(field: str, terms: ExpenseTerms) -> None:
    with pytest.raises(Unusable) as refused:
        judged(expense(), terms)

    assert refused.value.field == field


def test_an_expense_posts_where_the_period_allows_and_keeps_its_day() -> None:
    found = judged(expense())

    assert {entry.on for entry in found.entries(day("2026-04-01"))} == {day("2026-04-01")}
    assert found.entry.spent_on == day("2026-03-05")
