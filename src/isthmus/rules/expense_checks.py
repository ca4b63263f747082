"""Expense checks: what must hold before an approved expense is billed, and its cost booked.

All problems of an expense are found at once, so that a person corrects it once. One that the
client does not pay is no problem of the contract's, but its cost must have a place in the books.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from isthmus.canonical import Contract, ExpenseEntry, Project
from isthmus.canonical.terms import Allowance, CategoryRule, Excess, ExpenseTerms
from isthmus.kit.money import Money
from isthmus.rules.booking_checks import (
    Booked,
    Booking,
    check_approval,
    check_contract,
    check_dimensions,
    check_period,
    check_project,
)
from isthmus.rules.expenses.client_share import billable_cost
from isthmus.rules.expenses.judgement import rule_of
from isthmus.rules.expenses.markup import marked_up
from isthmus.rules.problems import Problem


@dataclass(frozen=True, slots=True)
class ExpenseContext(Booking):
    """Everything an expense points at. `terms` are those of its day.

    `keeps_cost`: the company's ledger takes the cost of expenses, so one that nobody is billed
    for needs its place in the books too.
    """

    terms: ExpenseTerms = field(default_factory=ExpenseTerms)
    keeps_cost: bool = True


@dataclass(frozen=True, slots=True)
class ExpenseVerdict:
    """Problems, or the amount to bill; neither for an expense that the client does not pay."""

    problems: tuple[Problem, ...] = ()
    billed: Money | None = None


def is_charged(expense: ExpenseEntry, project: Project, terms: ExpenseTerms) -> bool:
    """Any "no" wins. A fixed fee buys work: expenses are charged beside it where they say so."""
    return expense.is_billable and project.is_billable and not terms.included_in_price


def judge_expense(expense: ExpenseEntry, ctx: ExpenseContext) -> ExpenseVerdict:
    """Check everything, then mark up."""
    charged = ctx.project is None or is_charged(expense, ctx.project, ctx.terms)
    if not charged and not ctx.keeps_cost:
        return ExpenseVerdict()
    booked = Booked(
        "expense", "expenses", "spent_on", expense.spent_on, expense.resource, expense.project
    )
    if wrong := tuple(_amounts(expense, booked, ctx)):
        return ExpenseVerdict(wrong)
    problems = (
        *check_approval(expense.approval, booked, ctx),
        *check_project(ctx.project is not None and ctx.project.accepts_expenses, booked, ctx),
        *(_terms(expense, booked, ctx) if charged else ()),
        *check_dimensions(booked, ctx),
        *check_period(booked, ctx),
    )
    if problems or not charged:
        return ExpenseVerdict(problems)
    return ExpenseVerdict(billed=billed_amount(expense, ctx.terms) or None)


def billed_amount(expense: ExpenseEntry, terms: ExpenseTerms) -> Money:
    rule = rule_of(expense, terms)
    return marked_up(billable_cost(expense, terms, rule), terms, rule)


def _amounts(expense: ExpenseEntry, booked: Booked, ctx: Booking) -> Iterator[Problem]:
    """Tax that we recover and what is not billed are parts of the receipt, also together."""
    left = expense.amount
    parts = (
        ("tax", "tax", expense.tax),
        ("non_billable_amount", "non billable", expense.non_billable_amount),
    )
    for name, words, part in parts:
        if part is None:
            continue
        if part.currency != left.currency or not _within(part, left):
            yield booked.problem(
                "amount_invalid", ctx,
                f"{words} of {part} is no part of the {left} that the receipt leaves for it", "pmo",
                "Correct the amounts of the expense in the PSA, then replay.", name,
            )  # fmt: skip
            return
        if name != "tax" or expense.tax_recovered_percent:
            left = left - part


def _within(part: Money, whole: Money) -> bool:
    """Of a refund both are negative."""
    low, high = sorted((Money.zero(whole.currency), whole))
    return low <= part <= high


def _terms(expense: ExpenseEntry, booked: Booked, ctx: ExpenseContext) -> Iterator[Problem]:
    """What the contract says of it; amounts are compared in its currency only."""
    yield from check_contract(booked, ctx)
    contract = ctx.contract
    if contract is None:
        return
    if expense.amount.currency != contract.currency:
        yield booked.problem(
            "currency_differs", ctx,
            f"{expense.amount} was spent, and contract {contract.number} is billed in "
            f"{contract.currency}", "finance",
            f"Give the amount in {contract.currency} in the PSA, or make the expense not billable, "
            "then replay.", "amount",
        )  # fmt: skip
        return
    rule = rule_of(expense, ctx.terms)
    if rule.allowance is not None:
        yield _unpriced(expense, booked, ctx, contract, rule.allowance)
        return
    yield from _receipt(expense, booked, ctx, contract, rule)
    yield from _limit(expense, booked, ctx, contract, rule)


def _unpriced(
    expense: ExpenseEntry,
    booked: Booked,
    ctx: ExpenseContext,
    contract: Contract,
    allowance: Allowance,
) -> Problem:
    """An allowance needs the days of a trip or the distance of the year, and neither is read."""
    return booked.problem(
        "allowance_unpriced", ctx,
        f"contract {contract.number} pays {expense.category} as {allowance}, and only receipts "
        "are priced here", "finance",
        f"Bill the allowance by hand and make the expense not billable in the PSA, or take the "
        f"allowance of {expense.category} out of the contract's terms, then replay.", "category",
    )  # fmt: skip


def _receipt(
    expense: ExpenseEntry,
    booked: Booked,
    ctx: ExpenseContext,
    contract: Contract,
    rule: CategoryRule,
) -> Iterator[Problem]:
    above = rule.receipt_above or ctx.terms.receipt_above
    if expense.has_receipt:
        return
    if above is not None and above.currency != contract.currency:
        yield _foreign_term(booked, ctx, contract, "receipt threshold", above)
    elif above is None or above < expense.amount:
        asked = f"above {above}" if above is not None else "for every expense"
        yield booked.problem(
            "receipt_missing", ctx,
            f"the receipt for {expense.category} of {expense.amount} is lost, and contract "
            f"{contract.number} asks for one {asked}", "pmo",
            "Get a copy of the receipt and clear the lost receipt in the PSA, or make the expense "
            "not billable, then replay.", "has_receipt",
        )  # fmt: skip


def _limit(
    expense: ExpenseEntry,
    booked: Booked,
    ctx: ExpenseContext,
    contract: Contract,
    rule: CategoryRule,
) -> Iterator[Problem]:
    """A limit is per unit: a night, a day, a kilometre; one where the expense names none.

    An excess that is justified, or that the contract only warns of, is billed.
    """
    justified = rule.excess is Excess.JUSTIFICATION and expense.justification
    if rule.limit is None or rule.excess is Excess.WARNING or justified:
        return
    if rule.limit.currency != contract.currency:
        yield _foreign_term(booked, ctx, contract, f"limit of {expense.category}", rule.limit)
        return
    allowed = rule.limit.times(expense.quantity)
    excluded = expense.non_billable_amount or Money.zero(expense.amount.currency)
    asked = expense.amount - excluded
    if allowed < asked:
        yield booked.problem(
            "over_limit", ctx,
            f"{expense.category} of {asked} passes the limit of {allowed} in contract "
            f"{contract.number} by {asked - allowed}", "finance",
            "Agree on it with the client and raise the limit, or make what passes it not billable "
            "in the PSA, then replay.", "non_billable_amount",
        )  # fmt: skip


def _foreign_term(
    booked: Booked, ctx: Booking, contract: Contract, name: str, term: Money
) -> Problem:
    return booked.problem(
        "terms_currency", ctx,
        f"the {name} of contract {contract.number} is {term}, and the contract is in "
        f"{contract.currency}", "finance",
        f"Give the {name} of contract {contract.number} in {contract.currency}, then replay.",
        "terms",
    )  # fmt: skip
