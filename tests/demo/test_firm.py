"""The demonstration's firm: exact facts, always the same."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from stdnum.eu import vat as eu_vat
from stdnum.gb import vat as gb_vat
from stdnum.us import ein

from isthmus.demo.clients import WRONG_NUMBER
from isthmus.demo.deals import AMENDED, FIXED, HOURLY
from isthmus.demo.firm import Firm, example_advisory
from isthmus.demo.price_list import INDEXED_ON, REVOKED_FROM, average_cost, labour_prices
from isthmus.demo.timesheets import DISCOVERY, DISCOVERY_ENDS


@pytest.fixture(scope="module")
def firm() -> Firm:
    return example_advisory()


def test_the_same_seed_gives_the_same_firm(firm: Firm) -> None:
    assert example_advisory() == firm
    assert example_advisory(seed=1).timecards != firm.timecards


def test_how_much_of_everything(firm: Firm) -> None:
    assert (len(firm.clients), len(firm.people), len(firm.deals)) == (24, 40, 30)
    assert Counter(c.currency for c in firm.clients) == {"EUR": 13, "GBP": 3, "USD": 8}
    assert Counter(d.model for d in firm.deals) == {HOURLY: 21, FIXED: 8, None: 1}
    assert Counter(d.currency for d in firm.deals) == {"EUR": 16, "GBP": 4, "USD": 10}
    assert [d.name for d in firm.deals if d.is_defective] == [
        "Nettlebach Energie GmbH: Grid forecast",
        "Saltmarsh Marine SAS: Dry dock survey",
    ]
    assert [d.amends for d in firm.deals if d.amends] == [AMENDED]
    assert len(firm.acceptances) == 20
    assert len(firm.cards) == 35


def test_how_many_days_are_approved_and_which_are_not(firm: Firm) -> None:
    days: Counter[tuple[str, bool]] = Counter()
    for card in firm.timecards:
        days[card.batch, card.is_billable] += len(list(card.days()))
    assert sum(n for (batch, _), n in days.items() if batch != "open") == 5018
    assert sum(n for (_, billable), n in days.items() if not billable) == 1052
    assert (days["late_july", True], days["late_august", True], days["open", True]) == (15, 10, 12)
    assert [card.is_approved for card in firm.logged("open")] == [False] * 4


def test_prices_are_the_real_ones() -> None:
    prices = labour_prices()
    assert len(prices) == 10
    assert {len(of_role) for of_role in prices.values()} == {4}
    assert prices["Technical Writer"] == [
        Decimal("64.21"), Decimal("66.80"), Decimal("70.31"), Decimal("71.64"),
    ]  # fmt: skip


def test_what_an_hour_costs_the_firm_goes_by_role_step_and_region(firm: Firm) -> None:
    paid = {p.number: (p.role, p.cost_rate, p.paid_in) for p in firm.people}
    assert Counter(currency for _, _, currency in paid.values()) == {"EUR": 24, "GBP": 2, "USD": 14}
    assert [paid[n] for n in ("E003", "E013", "E023", "E033")] == [
        ("Senior Consultant", Decimal("69.75"), "EUR"),
        ("Senior Consultant", Decimal("77.50"), "EUR"),
        ("Senior Consultant", Decimal("86.80"), "EUR"),
        ("Senior Consultant", Decimal("77.80"), "USD"),
    ]
    assert average_cost("Senior Consultant", "GBP") == Decimal("77.50")


def test_what_a_fixed_fee_costs(firm: Firm) -> None:
    """Claims intake: 37,000.00 of its fee is due in the quarter, so 7,933.91 is left of it."""
    rates = {p.number: p.cost_rate for p in firm.people}
    days = [
        (hours, rates[card.person])
        for card in firm.timecards
        if card.deal == "Copperleaf Verzekeringen B.V.: Claims intake" and card.is_approved
        for _, hours in card.days()
    ]
    assert sum(hours for hours, _ in days) == Decimal("524.50")
    assert sum(hours * rate for hours, rate in days).quantize(Decimal("0.01")) == Decimal(
        "29066.09"
    )


def test_tax_numbers_are_valid_but_for_the_mistyped_one(firm: Firm) -> None:
    checks = {"GB": gb_vat.is_valid, "US": ein.is_valid}
    wrong = [
        c.name for c in firm.clients if not checks.get(c.country, eu_vat.is_valid)(c.tax_number)
    ]
    assert wrong == [WRONG_NUMBER]
    assert len({c.tax_number for c in firm.clients}) == 24


def test_nobody_logs_the_same_day_on_the_same_deal_twice(firm: Firm) -> None:
    worked = Counter(
        (card.person, card.deal, day) for card in firm.timecards for day, _ in card.days()
    )
    assert set(worked.values()) == {1}
    hours: Counter[tuple[str, date]] = Counter()
    for card in firm.timecards:
        for day, amount in card.days():
            assert amount % Decimal("0.25") == 0
            hours[card.person, day] += amount  # type: ignore[assignment] # a Decimal sum
    assert max(hours.values()) == Decimal(8)


def test_every_week_of_hourly_work_has_a_price_when_it_is_logged(firm: Firm) -> None:
    people = {(a.deal, a.person): a for a in firm.assignments}
    for card in firm.timecards:
        if card.is_billable:
            assert firm.rate_on(people[card.deal, card.person], card.starts_on) > 0


def test_new_prices_follow_the_old_without_gap_or_overlap(firm: Firm) -> None:
    assert INDEXED_ON.weekday() == 0
    assert len(firm.new_prices) == 10
    for before, after in firm.new_prices:
        assert before.ends_on is not None
        assert before.ends_on + timedelta(days=1) == after.starts_on == INDEXED_ON
        assert after.rate > before.rate
    assert firm.withdrawn.ends_on == REVOKED_FROM - timedelta(days=1)


def test_one_consultant_gets_lost_in_a_phase_that_is_over(firm: Firm) -> None:
    lost = [t for t in firm.timecards if t.phase == DISCOVERY and t.starts_on > DISCOVERY_ENDS]
    assert len(lost) == 1
    assert len(list(lost[0].days())) == 5


def test_the_amended_cap_is_reached_in_august_and_holds_after(firm: Firm) -> None:
    first = firm.deal(AMENDED)
    changed = next(d for d in firm.deals if d.amends == AMENDED)
    assert first.cap is not None
    assert changed.cap == 2 * first.cap
    people = {a.person: a for a in firm.assignments if a.deal == AMENDED}

    def worth(until: date) -> Decimal:
        return sum(
            (
                hours * firm.rate_on(people[t.person], t.starts_on)
                for t in firm.timecards
                if t.deal == AMENDED
                for day, hours in t.days()
                if day <= until
            ),
            Decimal(0),
        )

    assert worth(date(2026, 8, 19)) < first.cap < worth(date(2026, 8, 31))
    assert first.cap < worth(date(2026, 9, 30)) < changed.cap
