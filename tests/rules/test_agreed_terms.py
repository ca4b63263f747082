"""Terms given from a day on: which are in force when, and which are refused."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.canonical import Contract, Opportunity
from isthmus.canonical.contract import Terms
from isthmus.canonical.opportunity import BillingModel
from isthmus.canonical.terms import (
    Cap,
    DayPremium,
    DayRate,
    FixedFeeTerms,
    Overtime,
    TimeRounding,
    TimeTerms,
    VolumeTier,
)
from isthmus.kit.money import Money
from isthmus.rules.agreed_terms import agree_terms, check_agreed, last_day_of_terms
from isthmus.rules.contracts import amend
from isthmus.rules.refusal import Unusable

FIRST = date(2026, 1, 1)


def a_contract(model: BillingModel = BillingModel.T_AND_M) -> Contract:
    return Contract(
        id="k1", number="C-0001", customer="c1", opportunity="o1", legal_entity="EA-NL",
        billing_model=model, currency="EUR", starts_on=FIRST, cap=Money.of(1000, "EUR"),
    )  # fmt: skip


def rounded(minutes: int) -> Terms:
    return Terms(time=TimeTerms(rounding=TimeRounding(increment=minutes)))


def test_they_hold_until_others_do() -> None:
    first = agree_terms(a_contract(), rounded(15), date(2026, 3, 1), "as signed", at_first=False)
    both = agree_terms(first, rounded(30), date(2026, 6, 1), "new price list", at_first=False)
    assert both.terms_on(date(2026, 2, 28)) == Terms()
    assert both.terms_on(date(2026, 5, 31)) == rounded(15)
    assert both.terms_on(date(2026, 6, 1)) == rounded(30)
    assert last_day_of_terms(both, date(2026, 3, 1)) == date(2026, 5, 31)
    assert last_day_of_terms(both, date(2026, 6, 1)) is None


def test_of_one_day_the_later_given_count_and_both_are_kept() -> None:
    day = date(2026, 3, 1)
    first = agree_terms(a_contract(), rounded(15), day, "", at_first=False)
    both = agree_terms(first, rounded(30), day, "a slip", at_first=False)
    assert both.terms_on(day) == rounded(30)
    assert [a.number for a in both.amendments] == [1, 2]


def test_the_first_terms_are_no_amendment() -> None:
    given_first = agree_terms(a_contract(), rounded(15), FIRST, "", at_first=True)
    assert (given_first.terms, given_first.amendments) == (rounded(15), ())


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from([6, 15, 30])), max_size=6))
def test_deals_and_terms_never_change_each_other(given_terms: list[tuple[int, int]]) -> None:
    """A deal that raises the value by 100 is won between every two changes of terms."""
    contract, alone, sold = a_contract(), a_contract(), a_contract()
    for place, (days, minutes) in enumerate(given_terms):
        day = FIRST + timedelta(days=days)
        deal = Opportunity(
            id=f"o{place + 2}", name="more", customer="c1", starts_on=day, amends="o1",
            amount=Money.of(100, "EUR"),
        )  # fmt: skip
        contract = agree_terms(contract, rounded(minutes), day, "", at_first=False)
        contract, sold = amend(contract, deal), amend(sold, deal)
        alone = agree_terms(alone, rounded(minutes), day, "", at_first=False)
    for days in range(22):
        day = FIRST + timedelta(days=days)
        assert contract.terms_on(day) == alone.terms_on(day)
        assert contract.cap_on(day) == sold.cap_on(day)


EUR_5, USD_5 = Money.of(5, "EUR"), Money.of(5, "USD")
HOURLY = BillingModel.T_AND_M


@pytest.mark.parametrize(
    ("terms", "field", "reason"),
    [
        (TimeTerms(day_rate=DayRate(hours_per_day=Decimal(0))), "day_rate", "more than zero"),
        (TimeTerms(day_rate=DayRate(hours_per_day=Decimal(8)),
                   overtime=Overtime(daily_threshold=Decimal(8))), "day_rate", "no overtime"),
        (TimeTerms(rounding=TimeRounding(increment=0)), "increment", "not a slice of time"),
        (TimeTerms(tiers=(VolumeTier(up_to_hours=Decimal(10), rate=EUR_5),)), "tiers",
         "the last one has no limit"),
        (TimeTerms(tiers=(VolumeTier(rate=USD_5),)), "tiers", "billed in EUR"),
        (TimeTerms(discount_percent=Decimal(101)), "discount_percent", "leaves no price"),
        (TimeTerms(overtime=Overtime(by_day=(DayPremium(multiplier=Decimal(-1)),))), "overtime",
         "below zero"),
    ],
)  # fmt: skip
def test_time_that_cannot_be_billed(terms: TimeTerms, field: str, reason: str) -> None:
    contract = agree_terms(a_contract(), Terms(time=terms), FIRST, "", at_first=True)
    with pytest.raises(Unusable, match=reason) as refused:
        check_agreed(contract, FIRST)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("model", "terms", "field"),
    [
        (HOURLY, Terms(fixed_fee=FixedFeeTerms(retention_percent=Decimal(10))), "fixed_fee"),
        (BillingModel.FIXED_FEE, rounded(15), "time"),
        (BillingModel.FIXED_FEE, Terms(caps=(Cap(hours=Decimal(8)),)), "caps"),
        (HOURLY, Terms(caps=(Cap(),)), "caps"),
    ],
)
def test_terms_that_nothing_is_billed_by(model: BillingModel, terms: Terms, field: str) -> None:
    contract = agree_terms(a_contract(model), terms, FIRST, "", at_first=True)
    with pytest.raises(Unusable) as refused:
        check_agreed(contract, FIRST)
    assert refused.value.field == field
