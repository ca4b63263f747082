"""Detailed terms that a contract is given from a day on, and what no work can be billed by."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from isthmus.canonical import Contract
from isthmus.canonical.contract import Amendment, Terms
from isthmus.canonical.opportunity import BillingModel
from isthmus.canonical.terms import FixedFeeTerms, Overtime, TimeTerms
from isthmus.rules.caps import limits_of
from isthmus.rules.contracts import with_amendment
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.time.day_rate import check_day_rate
from isthmus.rules.time.pricing import check_terms
from isthmus.rules.time.rounding import check_rounding
from isthmus.rules.time.tiers import check_tiers


def agree_terms(
    contract: Contract, terms: Terms, day: date, note: str, *, at_first: bool
) -> Contract:
    """The contract with these terms in force from `day` until a later amendment has others.

    `at_first`: they are the terms that it starts with, else an amendment. The same terms again
    change nothing; of two amendments of one day the later one counts.
    """
    if contract.terms_on(day) == terms:
        return contract
    if at_first:
        return contract.changed(terms=terms)  # type: ignore[no-any-return] # `changed` gives its own type
    number = len(contract.amendments) + 1
    return with_amendment(
        contract, Amendment(number=number, effective_on=day, terms=terms, note=note)
    )


def last_day_of_terms(contract: Contract, day: date) -> date | None:
    """The last day of the terms in force on `day`; None where no later amendment has others."""
    later = [a.effective_on for a in contract.amendments if a.terms and day < a.effective_on]
    return min(later) - timedelta(days=1) if later else None


def check_agreed(contract: Contract, day: date) -> None:
    """The terms in force on a day. Raises Unusable where no work could be billed by them."""
    terms = contract.terms_on(day)
    _check_model(contract, terms)
    _check_time(contract, terms.time)
    check_terms(contract, terms.time, limits_of(contract))


def _check_model(contract: Contract, terms: Terms) -> None:
    """Hours of a fixed fee are costed and its milestones billed; of others it is the reverse."""
    fixed = contract.billing_model is BillingModel.FIXED_FEE
    for name, stated, fits in (
        ("time", terms.time != TimeTerms(), not fixed),
        ("caps", bool(terms.caps), not fixed),
        ("fixed_fee", terms.fixed_fee != FixedFeeTerms(), fixed),
    ):
        refuse_unless(
            fits or not stated,
            name,
            f"Contract {contract.number} is billed as {contract.billing_model}, and {name} would "
            "change nothing of it.",
            f"Leave {name} out, or sell it with another billing model.",
        )


def _check_time(contract: Contract, terms: TimeTerms) -> None:
    if terms.rounding:
        check_rounding(terms.rounding)
    if terms.day_rate:
        check_day_rate(terms.day_rate)
    if terms.tiers:
        check_tiers(terms.tiers, contract.currency)
    if terms.overtime:
        _check_overtime(terms.overtime)
    refuse_unless(
        0 <= (terms.discount_percent or 0) <= 100,
        "discount_percent",
        f"A discount of {terms.discount_percent} % leaves no price.",
        "Give a percentage from 0 to 100.",
    )


def _check_overtime(terms: Overtime) -> None:
    factors = (terms.multiplier, *terms.by_time_type.values(),
               *(premium.multiplier for premium in terms.by_day))  # fmt: skip
    thresholds = (terms.daily_threshold, terms.weekly_threshold)
    refuse_unless(
        min((*factors, *(t for t in thresholds if t is not None)), default=Decimal(0)) >= 0,
        "overtime",
        "A threshold or a multiplier of overtime is below zero.",
        "Give hours and multipliers of zero or more; 1.5 makes an hour half as dear again.",
    )
