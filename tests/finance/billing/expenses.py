"""Mark-up, input tax, disbursements, allowances, limits, receipts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.case_file import Inputs
from tests.rules.facts import usd

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.terms import Allowance, CategoryRule, ExpenseTerms, PerDiem
from isthmus.rules.expenses import ExpenseContext, Verdict, judge_expense
from isthmus.rules.tax_amount import included_tax


def expense(**facts: Any) -> ExpenseEntry:
    usual = {
        "id": "e1", "resource": "r1", "project": "p1", "category": "travel",
        "spent_on": "2026-03-05", "approval": "approved",
    }  # fmt: skip
    return ExpenseEntry.model_validate(usual | facts)


def judged(entry: ExpenseEntry, **terms: Any) -> Verdict:
    return judge_expense(entry, ExpenseTerms(**terms), ExpenseContext("USD"))


def travel(**rule: Any) -> tuple[CategoryRule, ...]:
    return (CategoryRule(category="travel", **rule),)


@BILLING.case("EX-02")
def marked_up(given: Inputs) -> dict[str, Any]:
    found = judged(
        expense(amount=usd(given["receipt_net"])), markup_percent=Decimal(given["markup"])
    )
    return {"amount": found.billed}


@BILLING.case("EX-03")
@BILLING.case("EX-04")
def input_tax(given: Inputs) -> dict[str, Any]:
    gross = usd(given["receipt_gross"])
    tax = included_tax(gross, Decimal(given["input_vat_percent"]))
    back = Decimal(100 if given["recoverable"] else 0)
    found = judged(
        expense(amount=gross, tax=tax, tax_recovered_percent=back),
        markup_percent=Decimal(given["markup"]),
    )
    charged = found.charged(Decimal(given["output_vat_percent"]))
    return {"base": found.base, "net": charged.net, "vat": charged.tax, "total": charged.total}


@BILLING.case("EX-05")
def disbursement(given: Inputs) -> dict[str, Any]:
    found = judged(
        expense(amount=usd(given["amount"])),
        categories=travel(as_agent=given["agent"]),
        markup_percent=Decimal(10),
    )
    charged = found.charged(Decimal(given["output_vat_percent"]))
    return {"net": charged.net, "vat": charged.tax, "total": charged.total}


@BILLING.case("EX-08")
def days_away(given: Inputs) -> dict[str, Any]:
    daily = PerDiem(
        daily=usd(given["per_diem"]), first_last_percent=Decimal(given["first_last_percent"])
    )
    found = judged(
        expense(amount=usd(0), quantity=given["days"]),
        categories=travel(allowance=Allowance.PER_DIEM),
        per_diem=daily,
    )
    return {"amount": found.billed}


@BILLING.case("EX-09")
def beyond_the_limit(given: Inputs) -> dict[str, Any]:
    nights = given["nights"]
    stay = usd(given["hotel_per_night"]).times(Decimal(nights))
    found = judged(
        expense(amount=stay, quantity=nights), categories=travel(limit=usd(given["cap"]))
    )
    [part] = found.held
    return {"billable": found.billed, "held": part.amount}


@BILLING.case("EX-10")
def without_receipt(given: Inputs) -> dict[str, Any]:
    found = judged(
        expense(amount=usd(given["amount"]), has_receipt=given["receipt"]),
        receipt_above=usd(given["limit"]),
    )
    return {
        "lines": [found.billed] if found.billed else [],
        "held": [{"reason": part.problem.code, "amount": part.amount} for part in found.held],
    }
