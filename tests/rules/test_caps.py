from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from tests.rules.facts import contract, day, eur, rated, usd, work

from isthmus.canonical import Contract
from isthmus.canonical.contract import Amendment, Terms
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import (
    Cap,
    CapLevel,
    CapPeriod,
    CapPolicy,
    DayRate,
    TimeTerms,
    VolumeTier,
)
from isthmus.kit.money import Money
from isthmus.rules.capped import Capped, within_caps
from isthmus.rules.caps import Bucket, Spent, limits_of, not_to_exceed
from isthmus.rules.facts import Fact, charge_of
from isthmus.rules.refusal import Unusable
from isthmus.rules.time.pricing import price

HUNDRED = eur(100)


def capped(*caps: Cap, cap: Money | None = None, **changes: Any) -> Contract:
    return contract(cap=cap, terms=Terms(caps=caps), **changes)


def within(terms: Contract, *facts: Fact, spent: Money | None = None) -> Capped:
    limits = limits_of(terms)
    before = {Bucket(limits[0], "k1", "k1"): Spent(amount=spent.amount)} if spent else {}
    return within_caps(facts, limits, before, terms.number)


def billed(outcome: Capped) -> list[tuple[str, Money]]:
    return [(fact.work.id, fact.amount) for fact in outcome.billed]


def held(outcome: Capped) -> list[tuple[str, Money]]:
    return [(one.fact.work.id, one.fact.amount) for one in outcome.held]


def test_capped_items_go_out_in_sequence_while_they_fit() -> None:
    """Certinia's own example: remaining 300, items 100, 150, 140."""
    outcome = within(
        contract(cap=eur("1000.00")),
        rated("e3", "1", eur("140.00"), "2026-03-03"),
        rated("e1", "1", eur("100.00"), "2026-03-01"),
        rated("e2", "1", eur("150.00"), "2026-03-02"),
        spent=eur("700.00"),
    )
    assert billed(outcome) == [("e1", eur("100.00")), ("e2", eur("150.00"))]
    assert held(outcome) == [("e3", eur("140.00"))]
    assert [usage.left for usage in outcome.usages] == [eur("50.00")]
    problem = outcome.held[0].problem
    assert problem.reason == "contract C-1001 may not exceed 1,000.00 EUR"
    assert (problem.code, problem.owner, problem.field) == ("cap_exceeded", "finance", "cap")


def test_the_same_items_under_a_cap_that_splits() -> None:
    outcome = within(
        capped(Cap(amount=eur(300), policy=CapPolicy.SPLIT)),
        rated("e1", "1", eur("100.00"), "2026-03-01"),
        rated("e2", "1", eur("150.00"), "2026-03-02"),
        rated("e3", "1", eur("140.00"), "2026-03-03"),
    )
    assert billed(outcome)[2] == ("e3", eur("50.00"))
    assert held(outcome) == [("e3", eur("90.00"))]
    assert outcome.billed[2].quantity == Decimal("0.357142")
    assert outcome.billed[2].hours + outcome.held[0].fact.hours == 1


def test_a_later_smaller_item_does_not_jump_over_a_blocked_one() -> None:
    outcome = within(
        contract(cap=eur("200.00")),
        rated("e1", "1", eur("100.00"), "2026-03-01"),
        rated("e2", "1", eur("140.00"), "2026-03-02"),
        rated("e3", "1", eur("40.00"), "2026-03-03"),
    )
    assert [name for name, _ in held(outcome)] == ["e2", "e3"]
    assert outcome.usages[0].left == eur("100.00")


def test_a_cap_may_be_used_to_the_last_cent_and_no_further() -> None:
    terms = contract(cap=eur("100.00"))
    exact = within(terms, rated("e1", "1", eur("100.00")))
    assert (len(exact.billed), exact.usages[0].left) == (1, eur("0.00"))
    over = within(terms, rated("e1", "1", eur("100.01")))
    assert (over.billed, len(over.held)) == ((), 1)
    spent = within(terms, rated("e1", "1", eur("0.01")), spent=eur("120.00"))
    assert (len(spent.held), spent.usages[0].left) == (1, eur("-20.00"))


def test_without_a_cap_everything_passes() -> None:
    outcome = within(contract(), rated("e2"), rated("e1"))
    assert [fact.work.id for fact in outcome.billed] == ["e1", "e2"]
    assert (outcome.held, outcome.usages) == ((), ())


def test_a_cap_in_another_currency_is_an_error_not_a_number() -> None:
    with pytest.raises(ValueError, match="different currencies"):
        within(contract(cap=usd("100.00")), rated("e1"))


def test_a_cap_of_nothing_is_refused() -> None:
    with pytest.raises(Unusable, match="limits neither money nor hours"):
        limits_of(capped(Cap(level=CapLevel.TASK)))


def test_a_correction_is_not_held_and_gives_room() -> None:
    outcome = within(
        contract(cap=eur(800)),
        rated("e1", "8", HUNDRED, "2026-03-01"),
        rated("e2", "-2", HUNDRED, "2026-03-02"),
        rated("e3", "2", HUNDRED, "2026-03-03"),
    )
    assert (len(outcome.billed), outcome.held) == (3, ())
    assert outcome.usages[0].left == eur("0.00")


@pytest.mark.parametrize(
    ("level", "of", "names"),
    [
        (CapLevel.PROJECT, None, ["e2", "e3"]),
        (CapLevel.TASK, None, ["e3"]),
        (CapLevel.PERSON, None, ["e3"]),
        (CapLevel.TASK, "design", ["e3"]),
        (CapLevel.TASK, "build", []),
        (CapLevel.CUSTOMER, None, ["e2", "e3"]),
    ],
)
def test_hours_of_a_level_are_counted_apart(
    level: CapLevel, of: str | None, names: list[str]
) -> None:
    """Eight hours are enough for one task, person and so on, here for all of one project."""
    outcome = within(
        capped(Cap(level=level, of=of, hours=Decimal(8))),
        rated("e1", "8", HUNDRED, "2026-03-01", task="design"),
        rated("e2", "8", HUNDRED, "2026-03-02", task="build", resource="r2"),
        rated("e3", "1", HUNDRED, "2026-03-03", task="design"),
    )
    assert [name for name, _ in held(outcome)] == names


@pytest.mark.parametrize(
    ("period", "reason"),
    [
        (CapPeriod.DAY, "may not exceed 8 h on 2026-03-31"),
        (CapPeriod.WEEK, "may not exceed 8 h in the week of 2026-03-30"),
        (CapPeriod.MONTH, "may not exceed 8 h in 2026-03"),
    ],
)
def test_hours_of_a_period_are_counted_apart(period: CapPeriod, reason: str) -> None:
    outcome = within(
        capped(Cap(hours=Decimal(8), period=period, policy=CapPolicy.SPLIT)),
        rated("e1", "9", HUNDRED, "2026-03-31"),
        rated("e2", "8", HUNDRED, "2026-04-06"),
    )
    assert billed(outcome) == [("e1", eur("800.00")), ("e2", eur("800.00"))]
    assert [one.problem.reason for one in outcome.held] == [f"contract C-1001 {reason}"]


def test_what_overflows_is_worked_for_nothing_and_keeps_its_value() -> None:
    terms = capped(Cap(hours=Decimal(8), period=CapPeriod.DAY, policy=CapPolicy.OVERFLOW))
    outcome = within(terms, rated("e1", "9.5", HUNDRED))
    [free] = outcome.not_charged
    assert (free.billed_hours, free.amount, free.list_amount) == (
        Decimal("1.5"),
        eur("0.00"),
        eur("150.00"),
    )
    assert free.why == ("1.5 h over the cap of 8 h on 2026-03-05: not charged",)


def test_a_warning_bills_everything_and_tells_how_far_it_went() -> None:
    terms = capped(Cap(amount=eur(1000), policy=CapPolicy.WARN))
    alerts = []
    for hours in ("7.49", "7.5", "9", "9.99", "10", "12"):
        outcome = within(terms, rated("e1", hours, HUNDRED))
        assert billed(outcome) == [("e1", HUNDRED.times(Decimal(hours)).rounded())]
        alerts.append(outcome.usages[0].alert)
    assert alerts == [None, 75, 90, 90, 100, 100]
    assert within(terms, rated("e1", "1", HUNDRED)).alerts == ()


def test_several_caps_at_once_cut_an_entry_into_billed_held_and_free() -> None:
    """10 h: the contract's money is enough for 5, the client pays 8 a day at most."""
    terms = capped(
        Cap(amount=eur(500), policy=CapPolicy.SPLIT),
        Cap(
            level=CapLevel.PERSON, hours=Decimal(8), period=CapPeriod.DAY,
            policy=CapPolicy.OVERFLOW,
        ),
    )  # fmt: skip
    outcome = within(terms, rated("e1", "10", HUNDRED))
    assert [f.billed_hours for f in outcome.billed] == [5]
    assert [one.fact.billed_hours for one in outcome.held] == [3]
    assert [f.billed_hours for f in outcome.not_charged] == [2]


def test_a_full_task_holds_its_own_entries_only() -> None:
    terms = capped(Cap(level=CapLevel.TASK, of="design", hours=Decimal(4)), cap=eur(2000))
    outcome = within(
        terms,
        rated("e1", "8", HUNDRED, "2026-03-01", task="design"),
        rated("e2", "8", HUNDRED, "2026-03-02", task="build"),
    )
    assert (billed(outcome), [n for n, _ in held(outcome)]) == ([("e2", eur("800.00"))], ["e1"])
    assert outcome.held[0].problem.reason == ("contract C-1001, task design, may not exceed 4 h")


def test_expenses_spend_a_cap_that_includes_them_and_are_never_cut() -> None:
    train = charge_of("x1", eur("150.00"), day("2026-03-01"), LineKind.EXPENSE, contract="k1")
    hours = rated("e1", "2", HUNDRED, "2026-03-02")
    with_them = Cap(amount=eur(300), policy=CapPolicy.SPLIT, includes_expenses=True)
    without = Cap(amount=eur(300), policy=CapPolicy.SPLIT)
    assert billed(within(capped(with_them), train, hours)) == [
        ("x1", eur("150.00")),
        ("e1", eur("150.00")),
    ]
    assert held(within(capped(without), train, hours)) == []
    small = Cap(amount=eur(100), policy=CapPolicy.SPLIT, includes_expenses=True)
    assert held(within(capped(small), train)) == [("x1", eur("150.00"))]


def test_approval_comes_before_the_id_on_one_day() -> None:
    first, second = (
        rated(id, "1", HUNDRED, approved_at=datetime.combine(at, time(), UTC))
        for id, at in (
            ("b", day("2026-03-06")),
            ("a", day("2026-03-07")),
        )
    )
    outcome = within(contract(cap=HUNDRED), second, first)
    assert [name for name, _ in billed(outcome)] == ["b"]


def _amended(**amendment: Any) -> Contract:
    change = Amendment(number=1, effective_on=day("2026-08-01"), **amendment)
    return contract(cap=eur(1500), ends_on=None, amendments=(change,))


def test_a_raised_cap_holds_from_its_day_on_and_counts_all_before() -> None:
    terms = _amended(cap=eur(2000))
    assert [(n.cap.amount, n.before) for n in not_to_exceed(terms)] == [
        (eur(1500), day("2026-08-01")),
        (eur(2000), None),
    ]
    outcome = within(
        terms,
        rated("e1", "12", HUNDRED, "2026-07-06"),
        rated("e2", "5", HUNDRED, "2026-07-07"),
        rated("e3", "8", HUNDRED, "2026-08-03"),
        rated("e4", "1", HUNDRED, "2026-08-04"),
    )
    assert held(outcome) == [("e2", eur("500.00")), ("e4", eur("100.00"))]
    assert [one.problem.reason[-12:] for one in outcome.held] == ["1,500.00 EUR", "2,000.00 EUR"]


def test_an_amendment_of_other_terms_leaves_the_cap_one_limit() -> None:
    assert [(n.before, n.cap.amount) for n in limits_of(_amended(terms=Terms()))] == [
        (None, eur(1500))
    ]


def test_hours_held_back_are_billed_when_the_cap_is_raised_and_no_hour_twice() -> None:
    """4 h at 125 under 300: 2.4 h invoiced; with 500 the other 1.6 h."""
    entry = work("e1", "4", eur(125))
    low = capped(Cap(amount=eur(300), policy=CapPolicy.SPLIT))
    high = capped(Cap(amount=eur(500), policy=CapPolicy.SPLIT))
    invoiced = price(low, [entry]).billed
    later = price(high, [entry], frozen=invoiced)
    assert [(f.part, f.billed_hours, f.amount) for f in (*invoiced, *later.billed)] == [
        (1, Decimal("2.4"), eur("300.00")),
        (2, Decimal("1.6"), eur("200.00")),
    ]
    assert (later.held, later.usages[0].left) == ((), eur("0.00"))


def test_what_a_cut_leaves_over_of_a_cap_buys_no_part_at_nothing() -> None:
    """An hour of a day of 8.27 h is 0.999991 h at six places of a day."""
    day_rate = DayRate(hours_per_day=Decimal("7.5"))
    cap = Cap(hours=Decimal(1), policy=CapPolicy.SPLIT)
    terms = contract(terms=Terms(time=TimeTerms(day_rate=day_rate), caps=(cap,)))
    entry = work("e1", "8.27", HUNDRED)
    invoiced = price(terms, [entry]).billed
    assert [(f.quantity, f.billed_hours, f.amount) for f in invoiced] == [
        (Decimal("0.120918"), Decimal("0.999991"), eur("90.69"))
    ]
    assert price(terms, [entry], frozen=invoiced).billed == ()


def test_work_on_another_contract_spends_the_clients_cap() -> None:
    terms = capped(Cap(level=CapLevel.CUSTOMER, amount=eur(1000)))
    other = rated("x", "9", HUNDRED, contract="k2", customer="c1")
    priced = price(terms, [work("e1", "2", HUNDRED)], elsewhere=[other])
    assert [one.problem.reason for one in priced.held] == [
        "contract C-1001, customer c1, may not exceed 1,000.00 EUR"
    ]


def test_other_contracts_spend_nothing_but_the_clients_cap() -> None:
    other = rated("x", "9", HUNDRED, contract="k2", customer="c1")
    priced = price(contract(cap=eur(500)), [work("e1", "2", HUNDRED)], elsewhere=[other])
    assert [(u.bucket.contract, u.left) for u in priced.usages] == [("k1", eur("300.00"))]


def test_an_expense_is_priced_with_the_hours_to_share_their_cap() -> None:
    cap = Cap(amount=eur(500), policy=CapPolicy.SPLIT, includes_expenses=True)
    flight = work("x1", "0", eur(320), "2026-03-01", unit=RateUnit.ENTRY, kind=LineKind.EXPENSE)
    priced = price(capped(cap), [work("e1", "4", HUNDRED), flight])
    assert [(f.work.kind, f.quantity, f.amount) for f in priced.billed] == [
        (LineKind.EXPENSE, 1, eur("320.00")),
        (LineKind.TIME, Decimal("1.8"), eur("180.00")),
    ]
    assert [one.fact.amount for one in priced.held] == [eur("220.00")]


def test_a_cap_stated_twice_is_counted_once() -> None:
    twice = capped(Cap(amount=eur(500)), cap=eur(500))
    assert len(limits_of(twice)) == 1


def test_a_cap_in_the_middle_of_a_tier_and_after_it() -> None:
    """12 h: 10 at 100, 2 at 80; 1,120 are enough for 1.5 h of the second tier."""
    tiers = (VolumeTier(up_to_hours=Decimal(10), rate=eur(100)), VolumeTier(rate=eur(80)))
    terms = contract(
        terms=Terms(
            time=TimeTerms(tiers=tiers),
            caps=(Cap(amount=eur(1120), policy=CapPolicy.SPLIT),),
        )
    )
    priced = price(terms, [work("e1", "12")])
    assert [(f.part, f.billed_hours, f.amount) for f in priced.billed] == [
        (1, Decimal(10), eur("1000.00")),
        (2, Decimal("1.5"), eur("120.00")),
    ]
    [rest] = priced.held
    assert (rest.fact.part, rest.fact.billed_hours, rest.fact.amount) == (
        3,
        Decimal("0.5"),
        eur("40.00"),
    )


def test_an_entry_in_parts_is_blocked_whole() -> None:
    tiers = (VolumeTier(up_to_hours=Decimal(10), rate=eur(100)), VolumeTier(rate=eur(80)))
    terms = contract(cap=eur(1119), terms=Terms(time=TimeTerms(tiers=tiers)))
    priced = price(terms, [work("e1", "12")])
    assert priced.billed == ()
    assert [(one.fact.part, one.fact.amount) for one in priced.held] == [
        (1, eur("1000.00")),
        (2, eur("160.00")),
    ]
