"""Expenses: what stops one, what the client pays for it, and how its cost is booked."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import contract, day, eur, expense, month, project, usd

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.journal_entry import Account
from isthmus.canonical.terms import CategoryRule, ExpenseTerms, MarkupBase
from isthmus.canonical.time_entry import Approval
from isthmus.kit.money import Money
from isthmus.rules.expense_checks import ExpenseContext, billed_amount, judge_expense
from isthmus.rules.expenses.cost import cost_of
from isthmus.rules.expenses.posting import cost_entry

TAXED = {"tax": eur("21.00"), "tax_recovered_percent": Decimal(100)}


def context(**changes: Any) -> ExpenseContext:
    facts: dict[str, Any] = {
        "project": project(), "contract": contract(), "period": month(3), "legal_entity": "le1",
        "cost_centre": "cc1", "profit_centre": "pc1", "person": "Consultant 17",
    }  # fmt: skip
    return ExpenseContext(**(facts | changes))


def codes(ctx: ExpenseContext, judged: ExpenseEntry | None = None) -> list[str]:
    return [p.code for p in judge_expense(judged or expense(), ctx).problems]


def test_an_expense_in_order_is_billed_at_cost() -> None:
    verdict = judge_expense(expense(), context())
    assert (verdict.problems, verdict.billed) == ((), eur("121.00"))


@pytest.mark.parametrize("approval", [Approval.DRAFT, Approval.SUBMITTED, Approval.REJECTED])
def test_the_unapproved_never_pass(approval: Approval) -> None:
    verdict = judge_expense(expense(approval=approval), context())
    [problem] = verdict.problems
    assert verdict.billed is None
    assert (problem.code, problem.owner, problem.field) == ("not_approved", "pmo", "approval")
    assert problem.reason == (
        f"Consultant 17 on Plant rollout, 2026-03-05: the entry is {approval}, "
        "and only approved expenses are billed"
    )
    assert problem.fix == "Approve the expense in the PSA, or reject it."


@pytest.mark.parametrize(
    ("changes", "code", "owner"),
    [
        ({"project": None}, "project_missing", "integration"),
        ({"project": project(status="closed")}, "project_closed", "pmo"),
        ({"project": project(status="on_hold")}, "project_closed", "pmo"),
        ({"project": project(accepts_expenses=False)}, "project_closed", "pmo"),
        ({"contract": None}, "contract_missing", "finance"),
        ({"contract": contract(starts_on="2026-03-06")}, "outside_contract", "finance"),
        ({"contract": contract(ends_on="2026-03-04")}, "outside_contract", "finance"),
        ({"contract": contract(currency="USD")}, "currency_differs", "finance"),
        ({"legal_entity": None}, "legal_entity_missing", "finance"),
        ({"cost_centre": None}, "cost_centre_missing", "finance"),
        ({"profit_centre": None}, "profit_centre_missing", "finance"),
        ({"period": None}, "period_missing", "finance"),
        ({"period": month(3, "closed")}, "period_closed", "finance"),
    ],
)
def test_each_fault_is_found_alone_and_named(
    changes: dict[str, Any], code: str, owner: str
) -> None:
    verdict = judge_expense(expense(), context(**changes))
    [problem] = verdict.problems
    assert (problem.code, problem.owner, verdict.billed) == (code, owner, None)
    named = "project p1" if changes.get("project", "") is None else "Plant rollout"
    assert problem.reason.startswith(f"Consultant 17 on {named}, 2026-03-05: ")
    assert problem.fix.endswith("then replay.")


def test_a_project_closed_for_time_takes_expenses() -> None:
    assert codes(context(project=project(accepts_time=False))) == []


@pytest.mark.parametrize(
    ("above", "amount", "found"),
    [
        (None, "0.01", ["receipt_missing"]),
        (eur("25.00"), "25.00", []),
        (eur("25.00"), "25.01", ["receipt_missing"]),
        (usd("25.00"), "1.00", ["terms_currency"]),
    ],
)
def test_a_lost_receipt_matters_above_the_threshold(
    above: Money | None, amount: str, found: list[str]
) -> None:
    ctx = context(terms=ExpenseTerms(receipt_above=above))
    assert codes(ctx, expense(amount=eur(amount), has_receipt=False)) == found
    assert codes(ctx, expense(amount=eur(amount))) == []


def test_a_lost_receipt_is_told_with_its_rule() -> None:
    ctx = context(terms=ExpenseTerms(receipt_above=eur("25.00")))
    [problem] = judge_expense(expense(has_receipt=False), ctx).problems
    assert (problem.owner, problem.field) == ("pmo", "has_receipt")
    assert problem.reason.endswith(
        "the receipt for Train of 121.00 EUR is lost, and contract C-1001 asks for one above "
        "25.00 EUR"
    )


def hotel(limit: Money | None, **rule: Any) -> ExpenseTerms:
    return ExpenseTerms(categories=(CategoryRule(category="Hotel", limit=limit, **rule),))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"amount": eur("200.01")}, ["over_limit"]),
        ({"amount": eur("260.00"), "non_billable_amount": eur("60.00")}, []),
        ({"amount": eur("260.00"), "non_billable_amount": eur("59.99")}, ["over_limit"]),
        ({"amount": eur("900.00"), "category": "Flight"}, []),
        ({"amount": eur("600.00"), "quantity": Decimal(3)}, []),
        ({"amount": eur("600.01"), "quantity": Decimal(3)}, ["over_limit"]),
    ],
)
def test_a_category_has_its_limit(changes: dict[str, Any], found: list[str]) -> None:
    """200.00 for each unit that the expense is for."""
    spent = expense(**({"category": "Hotel", "amount": eur("200.00")} | changes))
    assert codes(context(terms=hotel(eur("200.00"))), spent) == found


def test_what_passes_a_limit_is_told() -> None:
    ctx = context(terms=hotel(eur("200.00")))
    spent = expense(category="Hotel", amount=eur("260.00"))
    [problem] = judge_expense(spent, ctx).problems
    assert (problem.owner, problem.field) == ("finance", "non_billable_amount")
    assert problem.reason.endswith(
        "Hotel of 260.00 EUR passes the limit of 200.00 EUR in contract C-1001 by 60.00 EUR"
    )
    foreign = context(terms=hotel(usd("200.00")))
    assert codes(foreign, spent) == ["terms_currency"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tax": eur("121.01")}, "tax"),
        ({"tax": eur("-1.00")}, "tax"),
        ({"tax": usd("21.00")}, "tax"),
        ({"non_billable_amount": eur("121.01")}, "non_billable_amount"),
        ({"non_billable_amount": usd("1.00")}, "non_billable_amount"),
        ({**TAXED, "non_billable_amount": eur("100.01")}, "non_billable_amount"),
    ],
)
def test_a_part_is_no_more_than_the_receipt(changes: dict[str, Any], field: str) -> None:
    [problem] = judge_expense(expense(**changes), context()).problems
    assert (problem.code, problem.owner, problem.field) == ("amount_invalid", "pmo", field)


def test_what_the_client_does_not_pay_is_no_matter_of_the_contract() -> None:
    """Its cost is booked all the same, so the books must have a place for it."""
    own = expense(is_billable=False, has_receipt=False, amount=usd("900.00"))
    verdict = judge_expense(own, context(contract=None))
    assert (verdict.problems, verdict.billed) == ((), None)
    assert codes(context(contract=None, cost_centre=None), own) == ["cost_centre_missing"]
    assert codes(context(contract=None, cost_centre=None, keeps_cost=False), own) == []
    internal = context(project=project(is_billable=False), contract=None)
    assert judge_expense(expense(), internal).billed is None


def test_expenses_of_a_fixed_fee_are_charged_beside_it() -> None:
    fixed = context(project=project(billing_model="fixed_fee"))
    assert judge_expense(expense(), fixed).billed == eur("121.00")


def test_an_expense_of_which_nothing_is_billable_is_not_billed() -> None:
    spent = expense(non_billable_amount=eur("121.00"))
    assert judge_expense(spent, context()) == judge_expense(expense(is_billable=False), context())


@pytest.mark.parametrize(
    ("terms", "changes", "billed"),
    [
        (ExpenseTerms(markup_percent=Decimal(10)), {}, "133.10"),
        (ExpenseTerms(markup_percent=Decimal(10)), TAXED, "110.00"),
        (ExpenseTerms(markup_percent=Decimal(10)), {"tax": eur("21.00")}, "133.10"),
        (ExpenseTerms(markup_percent=Decimal(10), base=MarkupBase.GROSS), TAXED, "133.10"),
        (ExpenseTerms(markup_percent=Decimal(10)),
         {**TAXED, "non_billable_amount": eur("50.00")}, "55.00"),
        (ExpenseTerms(markup_percent=Decimal("7.5")), {"amount": eur("33.33")}, "35.83"),
        (ExpenseTerms(markup_percent=Decimal(10), categories=(
            CategoryRule(category="Train", markup_percent=Decimal(0)),)), TAXED, "100.00"),
        (ExpenseTerms(markup_percent=Decimal(10), categories=(
            CategoryRule(category="Train", as_agent=True),)), {}, "121.00"),
    ],
)  # fmt: skip
def test_the_mark_up_is_on_what_it_cost(
    terms: ExpenseTerms, changes: dict[str, Any], billed: str
) -> None:
    assert billed_amount(expense(**changes), terms) == eur(billed)


def booked(**changes: Any) -> dict[Account, str]:
    spent = expense(**changes)
    entry = cost_entry(day("2026-03-05"), spent, cost_of(spent), disbursed=False)
    return {line.account: str(line.amount) for line in entry.lines}


def test_cost_is_owed_to_the_employee_or_the_card() -> None:
    assert booked() == {
        Account.PROJECT_EXPENSE: "121.00 EUR", Account.EMPLOYEE_PAYABLE: "-121.00 EUR",
    }  # fmt: skip
    assert booked(**TAXED, is_reimbursable=False) == {
        Account.PROJECT_EXPENSE: "100.00 EUR", Account.INPUT_TAX: "21.00 EUR",
        Account.CARD_PAYABLE: "-121.00 EUR",
    }  # fmt: skip
    assert booked(tax=eur("21.00")) == booked()


cents = st.integers(min_value=0, max_value=10**7).map(lambda n: Decimal(n).scaleb(-2))


@given(amount=cents, share=st.integers(0, 100), recovered=st.booleans(), back=st.booleans())
def test_every_cost_balances_and_is_the_receipt(
    amount: Decimal, share: int, recovered: bool, back: bool
) -> None:
    tax = (amount * share / 100).quantize(Decimal("0.01"))
    spent = expense(
        amount=eur(amount),
        tax=eur(tax),
        tax_recovered_percent=100 * recovered,
        is_reimbursable=back,
    )
    lines = cost_entry(day("2026-03-05"), spent, cost_of(spent), disbursed=False).lines
    assert sum((line.debit.amount for line in lines), Decimal(0)) == amount
    assert billed_amount(spent, ExpenseTerms()).amount == amount - (tax if recovered else 0)


def test_expenses_within_the_price_of_the_contract_are_billed_to_nobody() -> None:
    terms = ExpenseTerms(included_in_price=True)
    verdict = judge_expense(expense(), context(terms=terms))
    assert (verdict.problems, verdict.billed) == ((), None)


@pytest.mark.parametrize(
    ("rule", "justification", "found", "billed"),
    [
        ({"excess": "warning"}, None, [], "260.00"),
        ({"excess": "justification"}, "Fair week", [], "260.00"),
        ({"excess": "justification"}, None, ["over_limit"], None),
        ({"excess": "error"}, "Fair week", ["over_limit"], None),
    ],
)
def test_an_excess_is_billed_where_the_contract_says_so(
    rule: dict[str, Any], justification: str | None, found: list[str], billed: str | None
) -> None:
    spent = expense(category="Hotel", amount=eur("260.00"), justification=justification)
    verdict = judge_expense(spent, context(terms=hotel(eur("200.00"), **rule)))
    assert [p.code for p in verdict.problems] == found
    assert verdict.billed == (eur(billed) if billed else None)


def test_a_category_has_its_own_receipt_threshold() -> None:
    terms = ExpenseTerms(
        receipt_above=eur("25.00"),
        categories=(CategoryRule(category="Train", receipt_above=eur("150.00")),),
    )
    assert codes(context(terms=terms), expense(has_receipt=False)) == []


@pytest.mark.parametrize("allowance", ["mileage", "per_diem"])
def test_an_allowance_is_held_and_not_billed_by_its_receipt(allowance: str) -> None:
    terms = ExpenseTerms(categories=(CategoryRule(category="Train", allowance=allowance),))
    verdict = judge_expense(expense(), context(terms=terms))
    [problem] = verdict.problems
    assert (problem.code, problem.owner, verdict.billed) == ("allowance_unpriced", "finance", None)
    assert f"contract C-1001 pays Train as {allowance}, and only receipts" in problem.reason
