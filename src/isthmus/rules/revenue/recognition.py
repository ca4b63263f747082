"""What a contract has earned by the end of each month, by the method of its own terms.

Revenue to date is worked out whole at each month's end, on the terms in force that day; a month
gets what that total moved by. What a method needs and the terms do not say is a `Problem`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from isthmus.canonical import Contract
from isthmus.canonical.contract import Amendment
from isthmus.canonical.opportunity import BillingModel
from isthmus.canonical.revenue import RecognitionMethod
from isthmus.canonical.terms import RecognitionTerms
from isthmus.kit.money import Money
from isthmus.rules.calendar import days_between, month_end
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.revenue.milestone import Deliverable, earned_by
from isthmus.rules.revenue.modification import Pool, prospective
from isthmus.rules.revenue.progress import Costs, Measured, cost_to_cost, earned_to_date
from isthmus.rules.revenue.time_and_materials import CappedTime
from isthmus.rules.rounding import movements, share, trimmed

_AS_BILLED = {
    BillingModel.T_AND_M: RecognitionMethod.RIGHT_TO_INVOICE,
    BillingModel.FIXED_FEE: RecognitionMethod.MILESTONE,
}
"""Where the terms say nothing: hours under a right to invoice (IFRS 15 B16), and a fixed fee when
its milestones are accepted, the careful reading of IFRS 15.38 and B83."""


@dataclass(frozen=True, slots=True)
class Worked:
    """Hours of a day, what they are rated at and what they cost us; cost None: not known."""

    on: date
    hours: Decimal
    amount: Money
    cost: Money | None = None


@dataclass(frozen=True, slots=True)
class Credited:
    on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Evidence:
    """`credited` takes back rated work or a milestone that stays on its invoice. A price that is
    spread over a term or over cost changes by an amendment, not by a credit.
    """

    worked: tuple[Worked, ...] = ()
    accepted: tuple[Deliverable, ...] = ()
    credited: tuple[Credited, ...] = ()
    when_capped: CappedTime = CappedTime.BY_EFFORT

    def hours_by(self, day: date) -> Decimal:
        return sum((w.hours for w in self.worked if w.on <= day), Decimal(0))

    def credited_by(self, day: date, currency: str) -> Money:
        return Money.total((c.amount for c in self.credited if c.on <= day), currency)


@dataclass(frozen=True, slots=True)
class EarnedMonth:
    """`movement` of the first month asked for is everything earned up to its end."""

    ends_on: date
    to_date: Money
    movement: Money
    why: str


@dataclass(frozen=True, slots=True)
class _ToDate:
    amount: Money
    why: str


def earned_by_month(
    contract: Contract, evidence: Evidence, months: Iterable[date]
) -> tuple[EarnedMonth, ...] | Problem:
    """One per month, each named by any day of it, in the order given (oldest first)."""
    days = [month_end(month) for month in months]
    found: list[_ToDate] = []
    for day in days:
        earned = _earned(contract, evidence, day)
        if isinstance(earned, Problem):
            return earned
        found.append(earned)
    moved = movements([earned.amount for earned in found])
    return tuple(
        EarnedMonth(day, earned.amount, movement, earned.why)
        for day, earned, movement in zip(days, found, moved, strict=True)
    )


def method_on(contract: Contract, day: date) -> RecognitionMethod | Problem:
    terms = contract.terms_on(day).recognition
    method = terms.method if terms else _AS_BILLED.get(contract.billing_model)
    if method is not None:
        return method
    return Problem(
        "recognition_missing",
        f"{contract.number} is billed as {contract.billing_model.value} and says no method by "
        "which it is earned",
        "finance",
        "Set terms.recognition.method of the contract, then replay.",
        "terms",
    )


def _earned(contract: Contract, evidence: Evidence, day: date) -> _ToDate | Problem:
    method = method_on(contract, day)
    if isinstance(method, Problem):
        return method
    try:
        return _METHODS[method](contract, evidence, day)
    except Unusable as refused:
        return Problem(
            "revenue_unusable", f"{contract.number}: {refused.reason}", "pmo", refused.remedy,
            "terms",
        )  # fmt: skip


def _by_hours(contract: Contract, evidence: Evidence, day: date) -> _ToDate | Problem:
    work = [w for w in evidence.worked if w.on <= day]
    at_rate = Money.total((w.amount for w in work), contract.currency)
    hours = evidence.hours_by(day)
    cap = contract.cap_on(day)
    earned: _ToDate | Problem = _ToDate(at_rate, f"{trimmed(hours)} hours at their rates")
    if cap is not None and hours:
        earned = _capped(contract, evidence, day, at_rate, cap)
    return earned if isinstance(earned, Problem) else _less_credits(earned, evidence, day)


def _capped(
    contract: Contract, evidence: Evidence, day: date, at_rate: Money, cap: Money
) -> _ToDate | Problem:
    """The rate of the expected hours is that of the hours so far, on average."""
    if evidence.when_capped is CappedTime.AS_INVOICED:
        return _ToDate(min(at_rate, cap), f"hours at their rates up to the cap of {cap}")
    expected = _recognition(contract, day).expected_hours
    if expected is None:
        return _missing(contract, "expected_hours", "it is capped at " + str(cap))
    hours = evidence.hours_by(day)
    if share(at_rate, Fraction(expected) / Fraction(hours)) <= cap:
        return _ToDate(at_rate, f"{trimmed(hours)} hours at their rates; the cap does not bind")
    return _ToDate(
        earned_to_date(cap, Measured(hours, expected)),
        f"{trimmed(hours)} of {trimmed(expected)} expected hours, of the cap of {cap}",
    )


def _by_milestone(contract: Contract, evidence: Evidence, day: date) -> _ToDate:
    done = earned_by(evidence.accepted, day)
    names = ", ".join(earned.why for earned in done) or "no milestone"
    amount = Money.total((earned.amount for earned in done), contract.currency)
    return _less_credits(_ToDate(amount, f"accepted: {names}"), evidence, day)


def _less_credits(earned: _ToDate, evidence: Evidence, day: date) -> _ToDate:
    credited = evidence.credited_by(day, earned.amount.currency)
    if not credited:
        return earned
    return _ToDate(earned.amount - credited, f"{earned.why}, less {credited} credited")


def _by_cost(contract: Contract, evidence: Evidence, day: date) -> _ToDate | Problem:
    expected = _recognition(contract, day).expected_cost
    if expected is None:
        return _missing(contract, "expected_cost", "it is earned by cost")
    price = _price(contract, day)
    if isinstance(price, Problem):
        return price
    costs = [w.cost for w in evidence.worked if w.on <= day and w.hours]
    known = [cost for cost in costs if cost is not None and cost.currency == expected.currency]
    if len(known) != len(costs):
        return _without_cost(contract, len(costs) - len(known), expected.currency)
    incurred = Money.total(known, expected.currency)
    return _ToDate(
        cost_to_cost(price, Costs(incurred, expected)),
        f"cost of {incurred} of {expected} expected, of {price}",
    )


def _by_term(contract: Contract, evidence: Evidence, day: date) -> _ToDate | Problem:
    """By days. A change of price or end is prospective: the days to come are distinct services, so
    what is unearned and what is added spread over them (IFRS 15.21(a), ASC 606-10-25-13(a)).
    """
    terms = _recognition(contract, day)
    price = terms.price or contract.value
    first, last = terms.starts_on or contract.starts_on, terms.ends_on or contract.ends_on
    if price is None:
        return _no_price(contract)
    if last is None:
        return _missing(contract, "ends_on", "it is earned over its term")
    pool, since = Pool(price, Decimal(max(days_between(first, last), 0))), first
    earned = Money.zero(contract.currency)
    for change in () if terms.price else _changes(contract, day):
        starts, last = max(change.effective_on, first), change.ends_on or last
        booked = pool.earned(_elapsed(pool, since, starts - timedelta(days=1)))
        added = change.value_change or Money.zero(contract.currency)
        left = Decimal(max(days_between(starts, last), 0))
        pool = prospective(pool.consideration - booked, added, left)
        earned, since = earned + booked, starts
    earned += pool.earned(_elapsed(pool, since, day))
    return _ToDate(earned, f"by days of the term {first} to {last}")


def _elapsed(pool: Pool, since: date, day: date) -> Decimal:
    return min(Decimal(max(days_between(since, day), 0)), pool.units)


def _changes(contract: Contract, day: date) -> list[Amendment]:
    found = [a for a in contract.amendments if a.effective_on <= day]
    return [a for a in found if a.value_change is not None or a.ends_on is not None]


def _price(contract: Contract, day: date) -> Money | Problem:
    terms = contract.terms_on(day).recognition
    if terms and terms.price:
        return terms.price
    if contract.value is None:
        return _no_price(contract)
    added = (a.value_change for a in _changes(contract, day) if a.value_change is not None)
    return contract.value + Money.total(added, contract.currency)


def _recognition(contract: Contract, day: date) -> RecognitionTerms:
    found = contract.terms_on(day).recognition
    return found or RecognitionTerms(method=_AS_BILLED[contract.billing_model])


def _no_price(contract: Contract) -> Problem:
    return _missing(contract, "price", "it is earned as a part of its price")


def _missing(contract: Contract, name: str, why: str) -> Problem:
    return Problem(
        f"{name}_missing",
        f"{contract.number} has no {name.replace('_', ' ')}, and {why}",
        "finance" if name == "price" else "pmo",
        f"Set terms.recognition.{name} of the contract, then replay.",
        "terms",
    )


def _without_cost(contract: Contract, count: int, currency: str) -> Problem:
    return Problem(
        "cost_rate_missing",
        f"{count} entries of {contract.number} have no cost in {currency}",
        "finance",
        f"Give the people who worked a cost rate in {currency}, then replay.",
        "cost_rate",
    )


_METHODS: dict[RecognitionMethod, Callable[[Contract, Evidence, date], _ToDate | Problem]] = {
    RecognitionMethod.TIME_BASED: _by_hours,
    RecognitionMethod.RIGHT_TO_INVOICE: _by_hours,
    RecognitionMethod.MILESTONE: _by_milestone,
    RecognitionMethod.COST_TO_COST: _by_cost,
    RecognitionMethod.RATABLE: _by_term,
}
