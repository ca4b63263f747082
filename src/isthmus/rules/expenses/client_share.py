"""The client's share of an expense before mark-up: what may be billed, what waits, what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from isthmus.canonical import ExchangeRate, ExpenseEntry
from isthmus.canonical.terms import Allowance, CategoryRule, ExpenseTerms, MarkupBase
from isthmus.kit.money import Money
from isthmus.rules.expenses.allowances import Trip, mileage, per_diem
from isthmus.rules.expenses.cost import cost_of
from isthmus.rules.expenses.currencies import LineRate, billing_rate
from isthmus.rules.expenses.policy import Allowed, Claim, HeldPart, apply_policy
from isthmus.rules.fx import converted
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable, refuse_unless


@dataclass(frozen=True, slots=True)
class ExpenseContext:
    """`driven_before` and `trip` matter to allowances only; a trip's days default to the quantity.

    `person` and `project` are names for people who read a problem.
    """

    billing_currency: str
    rates: Sequence[ExchangeRate] = ()
    driven_before: Decimal = Decimal(0)
    trip: Trip | None = None
    person: str | None = None
    project: str | None = None

    def label(self, entry: ExpenseEntry) -> str:
        who, where = self.person or entry.resource, self.project or entry.project
        return f"{entry.category} of {who} on {where}, {entry.spent_on}"


@dataclass(frozen=True, slots=True)
class ClientShare:
    """`base` = `allowed` + `not_billable` + the parts held."""

    base: Money
    allowed: Money
    not_billable: Money
    held: tuple[HeldPart, ...] = ()
    warnings: tuple[Problem, ...] = ()
    trail: tuple[str, ...] = ()


def client_share(
    entry: ExpenseEntry, terms: ExpenseTerms, rule: CategoryRule, ctx: ExpenseContext
) -> ClientShare:
    rate = billing_rate(entry, ctx.billing_currency, ctx.rates)
    if isinstance(rate, Problem):
        return _unrated(entry, terms, rule, rate)
    base, why = _base(entry, terms, rule, ctx, rate)
    none = Money.zero(base.currency)
    if free := _not_billable(entry, terms):
        return ClientShare(base, none, base, trail=(why, free))
    found = apply_policy(Claim(entry, ctx.label(entry), base, rate), terms, rule)
    return ClientShare(base, found.amount, none, found.held, found.warnings, (why, *_said(found)))


def _unrated(
    entry: ExpenseEntry, terms: ExpenseTerms, rule: CategoryRule, problem: Problem
) -> ClientShare:
    base = billable_cost(entry, terms, rule)
    none = Money.zero(base.currency)
    if free := _not_billable(entry, terms):
        return ClientShare(base, none, base, trail=(free,))
    held = (HeldPart(base, problem),)
    return ClientShare(base, none, none, held, trail=(problem.reason,))


def _not_billable(entry: ExpenseEntry, terms: ExpenseTerms) -> str | None:
    if not entry.is_billable:
        return "not billable: marked so in the PSA"
    if terms.included_in_price:
        return "not billable: the price of the contract includes expenses"
    return None


def _said(found: Allowed) -> tuple[str, ...]:
    waits = tuple(f"{part.amount} held: {part.problem.reason}" for part in found.held)
    told = tuple(f"billed with a warning: {problem.reason}" for problem in found.warnings)
    return waits + told


def billable_cost(entry: ExpenseEntry, terms: ExpenseTerms, rule: CategoryRule) -> Money:
    """Less the part of the receipt that the client does not pay."""
    cost = cost_of(entry, as_agent=rule.as_agent)
    base = cost.gross if terms.base is MarkupBase.GROSS else cost.net
    return base if entry.non_billable_amount is None else base - entry.non_billable_amount


def _base(
    entry: ExpenseEntry,
    terms: ExpenseTerms,
    rule: CategoryRule,
    ctx: ExpenseContext,
    rate: LineRate,
) -> tuple[Money, str]:
    if rule.allowance is not None:
        amount = _allowance(entry, terms, rule.allowance, ctx)
        _in_contract_currency(amount, ctx)
        return amount, f"{amount} as {rule.allowance} for {entry.quantity}"
    cost = billable_cost(entry, terms, rule)
    base = converted(cost, rate.rate, rate.currency)
    taxed = "tax included" if cost == entry.amount else "without the tax that comes back"
    return base, f"{base} from {entry.amount}, {taxed}, at {rate.source}"


def _allowance(
    entry: ExpenseEntry, terms: ExpenseTerms, allowance: Allowance, ctx: ExpenseContext
) -> Money:
    if allowance is Allowance.MILEAGE:
        return mileage(terms.mileage, entry.quantity, ctx.driven_before)
    if terms.per_diem is None:
        raise Unusable(
            "per_diem",
            f"{entry.category} is paid per day, and the contract has no daily amount.",
            "Add the daily amount to the expense terms of the contract.",
        )
    return per_diem(terms.per_diem, ctx.trip or Trip(_whole_days(entry)))


def _whole_days(entry: ExpenseEntry) -> int:
    refuse_unless(
        entry.quantity == entry.quantity.to_integral_value(),
        "quantity",
        f"{entry.quantity} is no number of days away.",
        "Correct the quantity of the expense in the PSA.",
    )
    return int(entry.quantity)


def _in_contract_currency(amount: Money, ctx: ExpenseContext) -> None:
    refuse_unless(
        amount.currency == ctx.billing_currency,
        "allowance",
        f"An allowance in {amount.currency} is no price of a contract in {ctx.billing_currency}.",
        f"State the allowances of the contract in {ctx.billing_currency}.",
    )
