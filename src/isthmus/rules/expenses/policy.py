"""Receipts and limits: which part of an expense may be billed, and what the rest waits for."""

from __future__ import annotations

from dataclasses import dataclass

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.terms import CategoryRule, Excess, ExpenseTerms
from isthmus.kit.money import Money
from isthmus.rules.expenses.currencies import LineRate
from isthmus.rules.fx import converted
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share


@dataclass(frozen=True, slots=True)
class HeldPart:
    """Before mark-up, in the contract's currency where its rate is known, else as spent."""

    amount: Money
    problem: Problem


@dataclass(frozen=True, slots=True)
class Claim:
    """`base`: what the client would pay before mark-up, in the contract's currency."""

    entry: ExpenseEntry
    label: str
    base: Money
    rate: LineRate


@dataclass(frozen=True, slots=True)
class Allowed:
    amount: Money
    held: tuple[HeldPart, ...] = ()
    warnings: tuple[Problem, ...] = ()


def apply_policy(claim: Claim, terms: ExpenseTerms, rule: CategoryRule) -> Allowed:
    if missing := _missing_receipt(claim, terms, rule):
        return Allowed(Money.zero(claim.base.currency), (HeldPart(claim.base, missing),))
    if rule.limit is None:
        return Allowed(claim.base)
    fits = min(claim.base, _in_billing_currency(rule.limit, claim))
    excess = claim.base - fits
    if not excess or (rule.excess is Excess.JUSTIFICATION and claim.entry.justification):
        return Allowed(claim.base)
    problem = _over_limit(claim, rule, rule.limit, excess)
    if rule.excess is Excess.WARNING:
        return Allowed(claim.base, warnings=(problem,))
    if rule.excess is Excess.ERROR:
        return Allowed(Money.zero(claim.base.currency), (HeldPart(claim.base, problem),))
    return Allowed(fits, (HeldPart(excess, problem),))


def _missing_receipt(claim: Claim, terms: ExpenseTerms, rule: CategoryRule) -> Problem | None:
    entry = claim.entry
    if entry.has_receipt or rule.allowance is not None:
        return None
    above = rule.receipt_above or terms.receipt_above
    if above is not None and _amount_in(above.currency, claim) <= above:
        return None
    beyond = f", and one is needed above {above}" if above else ""
    return Problem(
        "receipt_missing",
        f"{claim.label}: {entry.amount} has no receipt{beyond}",
        "pmo",
        "Attach the receipt in the PSA, or make the expense not billable, then replay.",
        "has_receipt",
    )


def _amount_in(currency: str, claim: Claim) -> Money:
    entry, rate = claim.entry, claim.rate
    if currency == entry.amount.currency:
        return entry.amount
    _comparable(currency, claim)
    return converted(entry.amount, rate.rate, rate.currency)


def _in_billing_currency(limit: Money, claim: Claim) -> Money:
    whole = share(limit, claim.entry.quantity)
    if limit.currency == claim.base.currency:
        return whole
    _comparable(limit.currency, claim)
    return converted(whole, claim.rate.rate, claim.rate.currency)


def _comparable(currency: str, claim: Claim) -> None:
    known = {claim.entry.amount.currency, claim.base.currency}
    refuse_unless(
        currency in known,
        "limit",
        f"A limit in {currency} says nothing about an expense in {' or '.join(sorted(known))}.",
        f"State the limit of the contract in {claim.base.currency}.",
    )


def _over_limit(claim: Claim, rule: CategoryRule, limit: Money, excess: Money) -> Problem:
    entry = claim.entry
    fix = {
        Excess.WARNING: "Nothing, or agree on a new limit with the client.",
        Excess.JUSTIFICATION: "Justify the expense in the PSA and approve it, or make the excess "
        "not billable, then replay.",
        Excess.ERROR: "Correct the expense in the PSA, or agree on a new limit with the client, "
        "then replay.",
    }
    return Problem(
        "over_limit",
        f"{claim.label}: {claim.base} is {excess} beyond {limit} for each of {entry.quantity} "
        f"in {rule.category}",
        "pmo",
        fix[rule.excess],
        "amount",
    )
