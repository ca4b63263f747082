"""Each convention that a firm may choose, with the same contract worked out both ways."""

from datetime import date
from decimal import Decimal

import pytest
from tests.rules.facts import day, eur, usd

from isthmus.kit.money import Money
from isthmus.rules.exchange_difference import Carried
from isthmus.rules.revenue.breakage import Breakage, Prepaid, Use, redeemed_by_period
from isthmus.rules.revenue.contract_cost import ShortContracts, expensed_by_month
from isthmus.rules.revenue.financing import OneYearExpedient, annuity, interest
from isthmus.rules.revenue.foreign import (
    Advance,
    ContractAssetRate,
    earned_from_advances,
    invoiced,
    remeasure,
)
from isthmus.rules.revenue.outstanding import HourlyContracts, is_exempt
from isthmus.rules.revenue.position import Movement, Unbilled, roll_forward
from isthmus.rules.revenue.ratable import Proration, ratable
from isthmus.rules.revenue.time_and_materials import CappedTime, TimeAgreement, earned_for_hours
from isthmus.rules.revenue.variable import Estimate, Outcome, Variable, estimate, reached_with
from isthmus.rules.rounding import Remainder, split


@pytest.mark.parametrize(
    ("remainder", "parts"),
    [
        (Remainder.CUMULATIVE, ["16.67", "16.66", "16.67", "16.67", "16.66", "16.67"]),
        (Remainder.LAST, ["16.67", "16.67", "16.67", "16.67", "16.67", "16.65"]),
        (Remainder.LARGEST_FRACTION, ["16.67", "16.67", "16.67", "16.67", "16.66", "16.66"]),
    ],
)
def test_a_hundred_over_six_months(remainder: Remainder, parts: list[str]) -> None:
    assert split(eur(100), [1] * 6, remainder) == tuple(eur(part) for part in parts)


def test_only_the_last_part_convention_can_turn_a_part_negative() -> None:
    """One euro over 150 days: 149 cents, then 49 back."""
    last = split(eur(1), [1] * 150, Remainder.LAST)
    cumulative = split(eur(1), [1] * 150, Remainder.CUMULATIVE)

    assert (last[0], last[-1]) == (eur("0.01"), eur("-0.49"))
    assert {part.amount for part in cumulative} == {Decimal("0.00"), Decimal("0.01")}


@pytest.mark.parametrize(
    ("proration", "months"),
    [
        (Proration.DAILY, ["103.33", "100.00", "103.34", "93.33"]),
        (Proration.HALF_MONTH, ["114.29", "114.28", "114.29", "57.14"]),
        (Proration.MONTH_FRACTION, ["101.69", "101.70", "101.69", "94.92"]),
        (Proration.TENTHS_OF_MONTH, ["102.56", "102.57", "102.56", "92.31"]),
        (Proration.EQUAL_MONTHS, ["100.00", "100.00", "100.00", "100.00"]),
    ],
)
def test_a_term_under_every_proration(proration: Proration, months: list[str]) -> None:
    """31 + 30 + 31 + 28 days; 3.5 months; 3 28/30; 27/29 is nine tenths; four months touched."""
    slices = ratable(eur(400), day("2026-08-01"), day("2026-11-28"), proration)

    assert [piece.amount for piece in slices] == [eur(amount) for amount in months]


HOURS = [Decimal(100), Decimal(220), Decimal(300)]
CAPPED = TimeAgreement(usd(200), cap=usd(50_000))


@pytest.mark.parametrize(
    ("when_capped", "to_date"),
    [
        (CappedTime.BY_EFFORT, ["16666.67", "36666.67", "50000.00"]),
        (CappedTime.AS_INVOICED, ["20000.00", "44000.00", "50000.00"]),
    ],
)
def test_hours_that_will_run_into_their_cap(when_capped: CappedTime, to_date: list[str]) -> None:
    earned = [earned_for_hours(CAPPED, hours, Decimal(300), when_capped) for hours in HOURS]

    assert earned == [usd(amount) for amount in to_date]


def test_a_cap_that_will_not_bind_changes_nothing() -> None:
    assert not CAPPED.cap_binds(Decimal(250))
    assert earned_for_hours(CAPPED, Decimal(100), Decimal(250)) == usd(20_000)


@pytest.mark.parametrize(
    ("breakage", "earned"),
    [
        (Breakage.PROPORTIONAL, ["5000.00", "5000.00", "0.00"]),
        (Breakage.REMOTE, ["4000.00", "4000.00", "2000.00"]),
    ],
)
def test_a_hundred_hours_of_which_eighty_are_used(breakage: Breakage, earned: list[str]) -> None:
    prepaid = Prepaid(eur(10_000), Decimal(100), breakage)
    all_used = Decimal(80)
    uses = [Use(Decimal(40), all_used), Use(all_used, all_used), Use(all_used, expired=True)]

    assert redeemed_by_period(prepaid, uses) == tuple(eur(amount) for amount in earned)


BONUS = [
    Outcome(eur(30_000), Decimal("0.6")),
    Outcome(eur(10_000), Decimal("0.3")),
    Outcome(eur(0), Decimal("0.1")),
]


def test_a_bonus_estimated_by_each_method() -> None:
    """0.6 x 30,000 + 0.3 x 10,000 = 21,000, or the likeliest 30,000."""
    assert estimate(BONUS) == eur(21_000)
    assert estimate(BONUS, Estimate.MOST_LIKELY) == eur(30_000)


@pytest.mark.parametrize(
    ("confidence", "ceiling", "included"),
    [("0.5", 30_000, 21_000), ("0.8", 10_000, 10_000), ("0.95", 0, 0)],
)
def test_the_constraint_caps_the_estimate(confidence: str, ceiling: int, included: int) -> None:
    supported = reached_with(BONUS, Decimal(confidence))

    assert supported == eur(ceiling)
    assert Variable(estimate(BONUS), supported).included == eur(included)


def test_a_year_or_less_of_credit_bears_interest_only_without_the_expedient() -> None:
    promised, cash = eur(12_000), eur(11_400)
    not_taken = OneYearExpedient.NOT_TAKEN

    assert interest(promised, cash, 12) == eur(0)
    assert interest(promised, cash, 13) == eur(600)
    assert interest(promised, cash, 12, not_taken) == eur(600)
    assert interest(promised, cash, 0, not_taken) == eur(0)
    assert annuity(Decimal(0), 24) == 24


def test_a_commission_on_a_short_contract() -> None:
    assert expensed_by_month(eur(600), 3) == (eur(600), eur(0), eur(0))
    assert expensed_by_month(eur(600), 3, ShortContracts.CAPITALISED) == (eur(200),) * 3


def test_unbilled_work_in_euro_moves_with_the_rate_or_waits_for_the_invoice() -> None:
    """5,000 EUR at 1.10; month end 1.12; invoiced at 1.13. The whole gain is 150 either way."""
    asset = Carried(eur(5_000), usd(5_500))
    kept = ContractAssetRate.HISTORICAL
    monetary = remeasure(asset, day("2026-01-31"), Decimal("1.12"))
    historical = remeasure(asset, day("2026-01-31"), Decimal("1.12"), kept)

    assert (monetary.gain, historical.gain) == (usd(100), usd(0))
    assert historical.entry.lines == ()
    billed = [
        invoiced(found.asset, day("2026-02-05"), Decimal("1.13"))
        for found in (monetary, historical)
    ]
    assert [found.gain for found in billed] == [usd(50), usd(150)]
    assert [found.asset.carried for found in billed] == [usd(5_650), usd(5_650)]


def test_of_two_advances_the_older_is_earned_first() -> None:
    """1,000 at 1.10 and 1,000 at 1.20: the first 1,500 are 1,100 + 600."""
    advances = [Advance(eur(1_000), Decimal("1.10")), Advance(eur(1_000), Decimal("1.20"))]

    assert earned_from_advances(advances, [eur(1_500), eur(500)], "USD") == (usd(1_700), usd(600))


def test_hourly_contracts_are_in_the_table_only_if_disclosed() -> None:
    assert is_exempt(right_to_invoice=True)
    assert not is_exempt(right_to_invoice=False)
    assert not is_exempt(right_to_invoice=True, hourly=HourlyContracts.DISCLOSED)


@pytest.mark.parametrize("name", Unbilled)
def test_work_before_its_invoice_is_named_by_what_it_waits_for(name: Unbilled) -> None:
    (posted,) = roll_forward("EUR", [Movement(date(2026, 1, 31), earned=eur(10))], name).entries

    assert [(line.account.value, line.amount) for line in posted.lines] == [
        (name.value, eur(10)),
        ("revenue", Money.of(-10, "EUR")),
    ]
