"""What is added to an expense before the client gets it."""

from __future__ import annotations

from fractions import Fraction

from isthmus.canonical.terms import CategoryRule, ExpenseTerms, FeeBase
from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share


def marked_up(allowed: Money, terms: ExpenseTerms, rule: CategoryRule) -> Money:
    """Rounded once. The flat fee is per expense, and none goes with nothing or with a refund.

    A price per unit (mileage, per diem) takes a mark-up only from its own category: the price
    methods of Dynamics 365 are at cost, mark-up, or price per unit.
    """
    if rule.as_agent or not allowed:
        return allowed
    added = terms.markup_percent if rule.allowance is None else 0
    percent = rule.markup_percent if rule.markup_percent is not None else added
    factor = 1 + Fraction(percent) / 100
    fee = _fee(allowed, terms, rule)
    if terms.fee_base is FeeBase.EXPENSE_AND_FEE:
        return share(allowed + fee, factor)
    return share(allowed, factor) + fee


def _fee(allowed: Money, terms: ExpenseTerms, rule: CategoryRule) -> Money:
    fee = rule.flat_fee or (terms.flat_fee if rule.allowance is None else None)
    if fee is None or allowed.amount < 0:
        return Money.zero(allowed.currency)
    refuse_unless(
        fee.currency == allowed.currency and fee == fee.rounded(),
        "flat_fee",
        f"A fee of {fee} cannot be added to {allowed}.",
        f"State the fee of the contract in {allowed.currency}, in payable amounts.",
    )
    return fee
