"""Periods start on the billing day, in February and in leap years too."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.rules.facts import day, eur
from tests.rules.revenue.test_properties import unhurried

from isthmus.canonical.terms import BillingInterval, SubscriptionTerms
from isthmus.rules.subscriptions.periods import Anchor, Period, anchor_of


def terms(**changes: object) -> SubscriptionTerms:
    return SubscriptionTerms.model_validate({"price": eur(100)} | changes)


def starts(anchor: Anchor, first: str, count: int) -> list[str]:
    period, found = anchor.period_of(day(first)), []
    for _ in range(count):
        found.append(str(period.starts_on))
        period = anchor.period_of(period.ends_on)
    return found


@pytest.mark.parametrize(
    ("changes", "started", "found"),
    [
        ({"billing_day": 31}, "2024-01-31",
         ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]),
        ({"billing_day": 30}, "2026-01-30", ["2026-01-30", "2026-02-28", "2026-03-30"]),
        ({"billing_day": 15}, "2026-01-10", ["2025-12-15", "2026-01-15", "2026-02-15"]),
        ({"interval": "quarter", "billing_day": 31}, "2026-08-31",
         ["2026-08-31", "2026-11-30", "2027-02-28", "2027-05-31"]),
        ({"interval": "quarter", "billing_month": 1}, "2026-05-20",
         ["2026-04-01", "2026-07-01", "2026-10-01"]),
        ({"interval": "quarter"}, "2026-05-20", ["2026-03-01", "2026-06-01", "2026-09-01"]),
        ({"interval": "year", "billing_day": 29}, "2024-02-29",
         ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ({"interval": "year", "billing_month": 7}, "2026-05-20", ["2025-07-01", "2026-07-01"]),
        ({"interval": "week", "billing_day": 1}, "2026-01-01", ["2025-12-29", "2026-01-05"]),
        ({"interval": "week", "billing_day": 7}, "2026-01-04", ["2026-01-04", "2026-01-11"]),
    ],
)  # fmt: skip
def test_full_periods(changes: dict[str, object], started: str, found: list[str]) -> None:
    assert starts(anchor_of(terms(**changes), day(started)), started, len(found)) == found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interval": "week", "billing_day": 8}, "a week has no day 8; use 1 to 7"),
        ({"billing_day": 32}, "a month has no day 32; use 1 to 31"),
        ({"billing_month": 13}, "13 is no month"),
        ({"price": eur(-1)}, "would pay the client"),
    ],
)
def test_terms_that_no_calendar_has(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        terms(**changes)


@unhurried
@given(
    st.sampled_from(BillingInterval),
    st.integers(1, 31),
    st.none() | st.integers(1, 12),
    st.dates(date(2019, 1, 1), date(2029, 12, 31)),
    st.integers(0, 1500),
)
def test_every_day_lies_in_one_period_and_periods_meet(
    interval: BillingInterval, billing_day: int, month: int | None, started: date, later: int
) -> None:
    weekly = interval is BillingInterval.WEEK
    anchor = anchor_of(
        terms(
            interval=interval,
            billing_day=billing_day % 7 + 1 if weekly else billing_day,
            billing_month=month,
        ),
        started,
    )
    on = started + timedelta(days=later)
    period = anchor.period_of(on)

    assert on in period
    assert anchor.period_of(period.starts_on) == period
    assert anchor.period_of(period.last_day) == period
    assert anchor.period_of(period.ends_on).starts_on == period.ends_on
    assert anchor.period_of(period.starts_on - timedelta(days=1)).ends_on == period.starts_on


def test_a_period_says_its_last_day() -> None:
    period = Period(day("2024-02-01"), day("2024-03-01"))

    assert (period.days, period.last_day) == (29, day("2024-02-29"))
