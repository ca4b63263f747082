"""Overtime and tiers: which hours cost what."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.rules.facts import contract, day, eur, usd, work

from isthmus.canonical.contract import Amendment, Terms
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import (
    DayPremium,
    DayRate,
    Overtime,
    Stacking,
    TimeRounding,
    TimeTerms,
    VolumeTier,
    Weekday,
)
from isthmus.kit.money import Money
from isthmus.rules.facts import Fact, Work
from isthmus.rules.refusal import Unusable
from isthmus.rules.time.overtime import stacked
from isthmus.rules.time.pricing import price

MONDAY = day("2026-03-09")
THURSDAY = "2026-03-12"
HUNDRED = eur(100)


def overtime(**terms: Any) -> Any:
    return contract(terms=Terms(time=TimeTerms(overtime=Overtime(**terms))))


def tiered(*tiers: tuple[int | None, int]) -> Any:
    found = tuple(VolumeTier(up_to_hours=hours, rate=eur(rate)) for hours, rate in tiers)
    return contract(terms=Terms(time=TimeTerms(tiers=found)))


def parts(facts: tuple[Fact, ...]) -> list[tuple[str, int, Decimal, Decimal, Money]]:
    return [(f.work.id, f.part, f.billed_hours, f.multiplier, f.amount) for f in facts]


EIGHT = {"daily_threshold": Decimal(8), "multiplier": Decimal("1.5")}


def test_an_entry_over_the_days_threshold_is_two_parts_with_a_reason() -> None:
    found = price(overtime(**EIGHT), [work("e1", "12", HUNDRED, THURSDAY)]).billed
    assert parts(found) == [
        ("e1", 1, Decimal(8), Decimal(1), eur("800.00")),
        ("e1", 2, Decimal(4), Decimal("1.5"), eur("600.00")),
    ]
    assert found[1].why == ("4 h over 8 h on 2026-03-12: x1.5",)
    assert found[1].price == eur("150.0")


def test_a_threshold_is_each_persons_own() -> None:
    found = price(
        overtime(**EIGHT),
        [work("e1", "6", HUNDRED), work("e2", "6", HUNDRED, resource="r2")],
    ).billed
    assert [fact.multiplier for fact in found] == [1, 1]


def test_the_week_starts_where_it_is_said_to() -> None:
    """Saturday to Friday: 5 h on Saturday count with the week that follows."""
    terms = overtime(weekly_threshold=Decimal(8), multiplier=Decimal(2))
    entries = [
        work("e1", "5", HUNDRED, "2026-03-07"),
        work("e2", "5", HUNDRED, "2026-03-09"),
    ]
    monday = price(terms, entries).billed
    saturday = price(terms, entries, week_starts_on=Weekday.SATURDAY).billed
    assert parts(monday) == [
        ("e1", 1, Decimal(5), Decimal(1), eur("500.00")),
        ("e2", 1, Decimal(5), Decimal(1), eur("500.00")),
    ]
    assert parts(saturday)[1:] == [
        ("e2", 1, Decimal(3), Decimal(1), eur("300.00")),
        ("e2", 2, Decimal(2), Decimal(2), eur("400.00")),
    ]
    assert saturday[2].why == ("2 h over 8 h in the week of 2026-03-07: x2",)


def test_forty_eight_hours_in_six_days_of_eight_are_eight_hours_over_the_week() -> None:
    terms = overtime(**EIGHT, weekly_threshold=Decimal(40))
    week = [work(f"e{n}", "8", HUNDRED, str(MONDAY + timedelta(days=n))) for n in range(6)]
    found = price(terms, week).billed
    assert [f.multiplier for f in found] == [1, 1, 1, 1, 1, Decimal("1.5")]


def test_a_time_type_has_its_own_multiplier_and_takes_no_regular_hour() -> None:
    """8 h at the desk and 2 h of type Overtime are 2 premium hours, whichever is first."""
    terms = overtime(**EIGHT, by_time_type={"Overtime": Decimal("1.5")})
    for ids in ("ab", "ba"):
        entries = [
            work(ids[0], "2", HUNDRED, time_type="Overtime"),
            work(ids[1], "8", HUNDRED),
        ]
        found = price(terms, entries).billed
        assert {f.work.id: f.multiplier for f in found} == {
            ids[0]: Decimal("1.5"),
            ids[1]: 1,
        }


def test_travel_at_half_the_rate_counts_as_time_worked() -> None:
    terms = overtime(**EIGHT, by_time_type={"Travel": Decimal("0.5")})
    entries = [work("a", "4", HUNDRED, time_type="Travel"), work("b", "6", HUNDRED)]
    assert parts(price(terms, entries).billed) == [
        ("a", 1, Decimal(4), Decimal("0.5"), eur("200.00")),
        ("b", 1, Decimal(4), Decimal(1), eur("400.00")),
        ("b", 2, Decimal(2), Decimal("1.5"), eur("300.00")),
    ]


@pytest.mark.parametrize(
    ("stacking", "factor"),
    [(Stacking.HIGHEST, "2"), (Stacking.SUM, "3.5"), (Stacking.PRODUCT, "3")],
)
def test_a_sunday_holiday_by_each_way_of_stacking(stacking: Stacking, factor: str) -> None:
    sunday = "2026-04-05"
    terms = overtime(
        by_day=(
            DayPremium(multiplier=Decimal("1.5"), weekdays=(Weekday.SUNDAY,)),
            DayPremium(multiplier=Decimal(2), dates=(day(sunday),)),
        ),
        stacking=stacking,
    )
    [fact] = price(terms, [work("e1", "1", HUNDRED, sunday)]).billed
    assert fact.multiplier == Decimal(factor)
    assert stacked([], stacking) == 1


def test_a_correction_takes_back_the_dear_hours_first() -> None:
    """10 h less 3 h are 7 h, none of them overtime."""
    entries = [work("a", "10", HUNDRED), work("b", "-3", HUNDRED)]
    found = price(overtime(**EIGHT), entries).billed
    assert [(f.billed_hours, f.amount) for f in found if f.work.id == "b"] == [
        (Decimal(-1), eur("-100.00")),
        (Decimal(-2), eur("-300.00")),
    ]
    assert Money.total((f.amount for f in found), "EUR") == eur("700.00")


def test_invoiced_hours_of_the_day_stand_first() -> None:
    """B is invoiced with 2 h of overtime; A may not be charged the same overtime again."""
    terms = overtime(**EIGHT)
    a, b = work("a", "6", HUNDRED), work("b", "4", HUNDRED)
    frozen = [f for f in price(terms, [a, b]).billed if f.work.id == "b"]
    assert parts(price(terms, [a, b], frozen).billed) == [
        ("a", 1, Decimal(6), Decimal(1), eur("600.00")),
    ]


def test_a_tier_is_crossed_in_the_order_of_work_not_of_ids() -> None:
    terms = tiered((10, 150), (None, 135))
    late, early = work("a", "8", worked_on="2026-03-06"), work("z", "8")
    found = price(terms, [late, early]).billed
    assert [(f.work.id, f.billed_hours, f.rate, f.amount) for f in found] == [
        ("z", Decimal(8), eur(150), eur("1200.00")),
        ("a", Decimal(2), eur(150), eur("300.00")),
        ("a", Decimal(6), eur(135), eur("810.00")),
    ]
    assert found[2].why == ("6 h in tier 2: 135.00 EUR",)


def test_three_tiers_in_one_entry_and_overtime_at_the_rate_of_its_tier() -> None:
    tiers = tuple(
        VolumeTier(up_to_hours=h, rate=eur(r)) for h, r in ((2, 100), (5, 90), (None, 80))
    )
    terms = contract(terms=Terms(time=TimeTerms(tiers=tiers, overtime=Overtime(**EIGHT))))
    found = price(terms, [work("e1", "9")]).billed
    assert [(f.billed_hours, f.price.amount) for f in found] == [
        (Decimal(2), 100),
        (Decimal(3), 90),
        (Decimal(3), 80),
        (Decimal(1), 120),
    ]


def test_a_correction_leaves_the_last_tier_first() -> None:
    terms = tiered((10, 150), (None, 135))
    found = price(terms, [work("a", "12"), work("b", "-3")]).billed
    assert [(f.billed_hours, f.rate.amount) for f in found if f.work.id == "b"] == [
        (Decimal(-2), 135),
        (Decimal(-1), 150),
    ]


def test_invoiced_hours_keep_their_tier_and_late_ones_take_what_is_left() -> None:
    terms = tiered((10, 150), (None, 135))
    first, second = work("a", "8"), work("b", "8", worked_on="2026-03-06")
    frozen = price(terms, [first, second]).billed
    late = work("c", "3", worked_on="2026-03-01")
    assert [f.rate.amount for f in price(terms, [first, second, late], frozen).billed] == [135]


def test_hours_from_before_there_were_tiers_fill_them_from_the_first() -> None:
    """15 h in March, tiers from April on: 10 h of the first tier and 5 of the second are gone."""
    tiers = tuple(
        VolumeTier(up_to_hours=h, rate=eur(r)) for h, r in ((10, 100), (20, 90), (None, 80))
    )
    change = Amendment(
        number=1, effective_on=day("2026-04-01"), terms=Terms(time=TimeTerms(tiers=tiers))
    )
    entries = [work("a", "15", worked_on="2026-03-02"), work("b", "8", worked_on="2026-04-01")]
    found = price(contract(amendments=(change,)), entries).billed
    assert [(f.billed_hours, f.rate.amount) for f in found] == [(15, 150), (5, 90), (3, 80)]


@pytest.mark.parametrize(
    ("tiers", "reason"),
    [
        ((VolumeTier(up_to_hours=10, rate=eur(1)),), "the last one has no limit"),
        (
            (
                VolumeTier(up_to_hours=10, rate=eur(1)),
                VolumeTier(up_to_hours=5, rate=eur(1)),
                VolumeTier(rate=eur(1)),
            ),
            "go up to more hours each",
        ),
        ((VolumeTier(rate=usd(1)),), "billed in EUR, and a tier is not"),
    ],
)
def test_tiers_that_cannot_be_billed(tiers: tuple[VolumeTier, ...], reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        price(contract(terms=Terms(time=TimeTerms(tiers=tiers))), [work("e1")])


def days(*entries: Work, **terms: Any) -> tuple[Fact, ...]:
    rate = DayRate(**({"hours_per_day": Decimal("7.5")} | terms))
    return price(contract(terms=Terms(time=TimeTerms(day_rate=rate))), entries).billed


def test_two_entries_of_a_day_are_one_day_together() -> None:
    found = days(work("a", "3", HUNDRED), work("b", "2", HUNDRED), work("c", "6", HUNDRED))
    half = Decimal("0.5")
    assert [(f.quantity, f.unit, f.amount) for f in found] == [
        (half, RateUnit.DAY, eur("375.00")),
        (half, RateUnit.DAY, eur("375.00")),
        (0, RateUnit.DAY, eur("0.00")),
    ]
    assert sum(f.billed_hours for f in found) == 11
    assert found[0].why == ("3 h of 7.5 h on 2026-03-05: 0.5 days",)


def test_a_card_per_day_prices_the_day_and_a_contract_may_say_otherwise() -> None:
    entry = work("a", "8", eur(900), unit=RateUnit.DAY)
    assert days(entry)[0].amount == eur("900.00")
    assert days(entry, rate=eur(850))[0].amount == eur("850.00")


def test_a_price_per_entry_ignores_hours_and_overtime() -> None:
    entry = work("a", "10", eur(250), unit=RateUnit.ENTRY)
    [fact] = price(overtime(**EIGHT), [entry]).billed
    assert (fact.quantity, fact.billed_hours, fact.amount) == (1, 10, eur("250.00"))


def test_a_price_per_day_without_the_hours_of_a_day_is_refused() -> None:
    with pytest.raises(Unusable, match="no term says what a day is"):
        price(contract(), [work("a", "8", unit=RateUnit.DAY)])


def test_a_day_rate_and_overtime_do_not_go_together() -> None:
    time = TimeTerms(day_rate=DayRate(hours_per_day=Decimal(8)), overtime=Overtime(**EIGHT))
    with pytest.raises(Unusable, match="bills days, which have no overtime"):
        price(contract(terms=Terms(time=time)), [work("a")])


def test_the_terms_of_the_day_of_work_hold() -> None:
    change = Amendment(
        number=1,
        effective_on=day("2026-04-01"),
        terms=Terms(time=TimeTerms(rounding=TimeRounding(increment=60))),
    )
    amended = contract(amendments=(change,), minimum_increment=15)
    entries = [
        work("a", "1.1", worked_on="2026-03-31"),
        work("b", "1.1", worked_on="2026-04-01"),
    ]
    assert [f.billed_hours for f in price(amended, entries).billed] == [Decimal("1.25"), 2]
