"""One approved expense against its terms: billed, borne, paid back, held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.terms import CategoryRule, ExpenseTerms
from isthmus.kit.money import Money
from isthmus.rules.expenses.client_share import ClientShare, ExpenseContext, client_share
from isthmus.rules.expenses.cost import Cost, check_expense, cost_of, is_borne
from isthmus.rules.expenses.currencies import LineRate, reimbursement_rate
from isthmus.rules.expenses.markup import marked_up
from isthmus.rules.expenses.policy import HeldPart
from isthmus.rules.expenses.posting import expense_entries
from isthmus.rules.journal import Entry
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.tax_amount import Taxed, taxed


@dataclass(frozen=True, slots=True)
class Verdict:
    """`base` = `allowed` + `not_billable` + what is held, all before mark-up.

    `billed` is what the client pays in all, before tax; `to_bill` the part no invoice has yet.
    Cost and reimbursement of an approved expense do not wait for what is held.
    """

    entry: ExpenseEntry
    base: Money
    allowed: Money
    not_billable: Money
    held: tuple[HeldPart, ...]
    billed: Money
    in_tax_scope: bool
    cost: Cost
    reimbursement: Money
    warnings: tuple[Problem, ...] = ()
    trail: tuple[str, ...] = ()

    @property
    def to_bill(self) -> Money:
        before = self.entry.billed_amount if self.entry.invoice_number else None
        return self.billed - before if before is not None else self.billed

    def charged(self, output_tax_percent: Decimal) -> Taxed:
        """What invoices say of it in all, at the rate that the ledger found."""
        return taxed(self.billed, output_tax_percent if self.in_tax_scope else Decimal(0))

    def entries(self, posted_on: date | None = None) -> tuple[Entry, ...]:
        """Of its cost and of what is still to bill, on the day that the period allows."""
        return expense_entries(
            posted_on or self.entry.spent_on,
            self.entry,
            self.cost,
            self.to_bill,
            disbursed=not self.in_tax_scope and not self.not_billable,
        )


def judge_expense(entry: ExpenseEntry, terms: ExpenseTerms, ctx: ExpenseContext) -> Verdict:
    """What is wrong with the expense itself holds all of it, cost too; `held` then says what.

    Raises `Unusable` where the terms are at fault: a limit or fee in a foreign currency, tiers
    out of order.
    """
    problems = list(check_expense(entry, ctx.label(entry)))
    back = reimbursement_rate(entry, ctx.rates)
    if isinstance(back, Problem):
        return _stopped(entry, ctx, [*problems, back])
    if problems:
        return _stopped(entry, ctx, problems)
    rule = rule_of(entry, terms)
    return _judged(entry, terms, rule, client_share(entry, terms, rule, ctx), ctx, back)


def rule_of(entry: ExpenseEntry, terms: ExpenseTerms) -> CategoryRule:
    named = [rule for rule in terms.categories if rule.category == entry.category]
    refuse_unless(
        len(named) <= 1,
        "categories",
        f"The contract has {len(named)} rules for {entry.category}.",
        "Leave one of them.",
    )
    return named[0] if named else CategoryRule(category=entry.category)


def _stopped(entry: ExpenseEntry, ctx: ExpenseContext, problems: Sequence[Problem]) -> Verdict:
    """The first problem holds the amount, so that the parts still add up to it."""
    none = Money.zero(entry.amount.currency)
    amounts = [entry.amount, *(none for _ in problems[1:])]
    held = (HeldPart(part, why) for part, why in zip(amounts, problems, strict=True))
    return Verdict(
        entry=entry, base=entry.amount, allowed=none, not_billable=none, held=tuple(held),
        billed=Money.zero(ctx.billing_currency), in_tax_scope=True, cost=Cost(none, none),
        reimbursement=none, trail=tuple(problem.reason for problem in problems),
    )  # fmt: skip


def _judged(
    entry: ExpenseEntry,
    terms: ExpenseTerms,
    rule: CategoryRule,
    share: ClientShare,
    ctx: ExpenseContext,
    back: LineRate,
) -> Verdict:
    none = Money.zero(back.currency)
    spent = cost_of(entry, as_agent=rule.as_agent).at(back.rate, back.currency)
    billed = Money.zero(ctx.billing_currency)
    if share.allowed:
        billed = marked_up(share.allowed, terms, rule)
    return Verdict(
        entry=entry, base=share.base, allowed=share.allowed, not_billable=share.not_billable,
        held=share.held, billed=billed, in_tax_scope=not rule.as_agent,
        cost=spent if is_borne(entry) else Cost(none, none),
        reimbursement=spent.gross if entry.is_reimbursable else none,
        warnings=share.warnings, trail=(*share.trail, _price(share.allowed, billed)),
    )  # fmt: skip


def _price(allowed: Money, billed: Money) -> str:
    if not billed:
        return "nothing is billed"
    return f"{billed} billed" + ("" if allowed == billed else f" for {allowed}, with mark-up")
