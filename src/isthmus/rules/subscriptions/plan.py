"""Plans: one subscription from a day on, at terms that stay the same until it changes or ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from isthmus.canonical.terms import BillingInterval, LastDay, SubscriptionTerms
from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import percent_of
from isthmus.rules.subscriptions.periods import MONTHS, Anchor, Period, anchor_of


class CancelAt(StrEnum):
    """Which day ends a subscription that the client cancels."""

    DAY = "day"
    """Default: the day named, and what was billed beyond it is credited (Kill Bill: immediate)."""
    END_OF_PERIOD = "end_of_period"
    """The end of the period under way, which stays billed (Kill Bill: end of term)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`subscription` names what is billed; a change of terms is another plan of the same name.

    Whether `ends_on` is a day of service is said by `terms.last_day`.
    """

    subscription: str
    terms: SubscriptionTerms
    starts_on: date
    ends_on: date | None = None

    @property
    def until(self) -> date | None:
        """The first day without service."""
        if self.ends_on is None or self.terms.last_day is LastDay.EXCLUDED:
            return self.ends_on
        return self.ends_on + timedelta(days=1)

    @property
    def anchor(self) -> Anchor:
        return anchor_of(self.terms, self.starts_on)

    def ended_before(self, day: date) -> Plan:
        """With `day` as the first one without service, unless it ends earlier."""
        if self.until is not None and self.until <= day:
            return self
        extra = 0 if self.terms.last_day is LastDay.EXCLUDED else 1
        return replace(self, ends_on=day - timedelta(days=extra))


def changed(plan: Plan, on: date, terms: SubscriptionTerms) -> tuple[Plan, Plan]:
    """Other terms from a day on: a price, an interval, a billing day."""
    refuse_unless(
        plan.starts_on <= on and (plan.until is None or on < plan.until),
        "on",
        f"{plan.subscription} is not in force on {on}.",
        "Change terms on a day of the subscription, or start another plan.",
    )
    return plan.ended_before(on), Plan(plan.subscription, terms, on, _end_under(terms, plan.until))


def cancelled(plan: Plan, on: date, at: CancelAt = CancelAt.DAY) -> Plan:
    """Ended on a day, which the terms count as one of service or not."""
    if at is CancelAt.END_OF_PERIOD:
        return plan.ended_before(plan.anchor.period_of(on).ends_on)
    ended = replace(plan, ends_on=on)
    return ended if plan.until is None or (ended.until or on) < plan.until else plan


def add_on(base: Plan, subscription: str, terms: SubscriptionTerms, starts_on: date) -> Plan:
    """Its periods start on the billing days of the base and it ends with the base (Kill Bill:
    billing alignment of add-ons with the bundle). The interval stays its own.
    """
    weekly = {terms.interval, base.terms.interval} & {BillingInterval.WEEK}
    refuse_unless(
        not weekly or terms.interval is base.terms.interval,
        "interval",
        f"{subscription} is billed by the {terms.interval}, {base.subscription} by the "
        f"{base.terms.interval}: a weekday and a day of the month do not meet.",
        "Give both weeks, or neither.",
    )
    anchor = base.anchor
    follows = not weekly and MONTHS[anchor.interval] >= MONTHS[terms.interval]
    aligned = {
        "billing_day": anchor.billing_day,
        "billing_month": anchor.offset + 1 if follows else None,
    }
    own = SubscriptionTerms.model_validate({**terms.model_dump(), **aligned})
    return Plan(subscription, own, starts_on, _end_under(own, base.until))


def priced_parts(plan: Plan, period: Period) -> tuple[tuple[Period, Money], ...]:
    """A period cut at the days from which another price holds."""
    days = [i.from_day for i in plan.terms.indexation]
    cuts = sorted({d for d in days if period.starts_on < d < period.ends_on})
    starts, ends = [period.starts_on, *cuts], [*cuts, period.ends_on]
    return tuple(
        (Period(first, end), price_on(plan.terms, first))
        for first, end in zip(starts, ends, strict=True)
    )


def price_on(terms: SubscriptionTerms, day: date) -> Money:
    """Each indexed price is rounded, because it is announced and the next percent is of it."""
    price = terms.price
    for index in sorted(terms.indexation, key=lambda index: index.from_day):
        if index.from_day <= day:
            price = (price + percent_of(price, index.percent)).rounded()
    return price


def _end_under(terms: SubscriptionTerms, until: date | None) -> date | None:
    if until is None or terms.last_day is LastDay.EXCLUDED:
        return until
    return until - timedelta(days=1)
