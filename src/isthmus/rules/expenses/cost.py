"""What an expense costs: the receipt less the tax on it that the firm gets back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.expense_entry import PaidBy
from isthmus.canonical.time_entry import Approval
from isthmus.kit.money import Money
from isthmus.rules.fx import converted
from isthmus.rules.problems import Owner, Problem
from isthmus.rules.rounding import Number, share


@dataclass(frozen=True, slots=True)
class Cost:
    gross: Money
    recovered_tax: Money

    @property
    def net(self) -> Money:
        return self.gross - self.recovered_tax

    def at(self, rate: Number, currency: str) -> Cost:
        return Cost(
            converted(self.gross, rate, currency), converted(self.recovered_tax, rate, currency)
        )


def cost_of(entry: ExpenseEntry, *, as_agent: bool = False) -> Cost:
    """Tax on what was bought in the client's name is the client's to recover, not ours."""
    tax = entry.tax
    if tax is None or as_agent:
        return Cost(entry.amount, Money.zero(entry.amount.currency))
    return Cost(entry.amount, share(tax, Fraction(entry.tax_recovered_percent) / 100))


def payer(entry: ExpenseEntry) -> PaidBy:
    if entry.paid_by is not None:
        return entry.paid_by
    return PaidBy.EMPLOYEE if entry.is_reimbursable else PaidBy.COMPANY_CARD


def is_borne(entry: ExpenseEntry) -> bool:
    """Whether the firm pays it in the end: its card did, or it pays the employee back."""
    return payer(entry) is PaidBy.COMPANY_CARD or entry.is_reimbursable


def check_expense(entry: ExpenseEntry, label: str) -> tuple[Problem, ...]:
    """All that stops an expense altogether, so that a person corrects it once."""
    return tuple(_checks(entry, label))


def _checks(entry: ExpenseEntry, label: str) -> Iterator[Problem]:
    def problem(code: str, what: str, owner: Owner, fix: str, field: str) -> Problem:
        return Problem(code, f"{label}: {what}", owner, fix, field)

    if entry.approval is not Approval.APPROVED:
        yield problem(
            "not_approved", f"it is {entry.approval}, and only approved expenses count", "pmo",
            "Approve the expense in the PSA, or reject it.", "approval",
        )  # fmt: skip
    if entry.paid_by is PaidBy.COMPANY_CARD and entry.is_reimbursable:
        yield problem(
            "paid_twice", "the company card paid it, and the employee would be paid back too",
            "finance", "Clear the reimbursable mark, or say who paid, in the PSA, then replay.",
            "is_reimbursable",
        )  # fmt: skip
    if entry.tax is not None and _tax_is_wrong(entry.amount, entry.tax):
        yield problem(
            "tax_wrong", f"{entry.tax} of tax cannot be part of {entry.amount}", "finance",
            "Correct the tax on the expense in the PSA, then replay.", "tax",
        )  # fmt: skip
    if not 0 <= entry.tax_recovered_percent <= 100:
        yield problem(
            "tax_wrong", f"{entry.tax_recovered_percent} percent of its tax cannot come back",
            "finance", "Set the recovered part between 0 and 100, then replay.",
            "tax_recovered_percent",
        )  # fmt: skip


def _tax_is_wrong(amount: Money, tax: Money) -> bool:
    if tax.currency != amount.currency:
        return True
    return bool(tax) and not 0 <= tax.amount / (amount.amount or -tax.amount) < 1
