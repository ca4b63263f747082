"""What holds for every contract and every set of entries, whatever the order they come in."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.rules.facts import contract

from isthmus.canonical import Contract
from isthmus.canonical.contract import Amendment, Terms
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import (
    Cap,
    CapLevel,
    CapPeriod,
    CapPolicy,
    DayPremium,
    DayRate,
    HalfCent,
    Overtime,
    RoundingGrain,
    RoundingMode,
    Stacking,
    TimeRounding,
    TimeTerms,
    VolumeTier,
    Weekday,
)
from isthmus.kit.money import Money, minor_units
from isthmus.rules.billing import invoice_lines, rounded_on_lines
from isthmus.rules.capped import within_caps
from isthmus.rules.caps import Bucket, bucket_of, limits_of
from isthmus.rules.fact_ledger import FactLedger, total
from isthmus.rules.facts import Charging, Fact, Work
from isthmus.rules.time.pricing import Priced, price, whole
from isthmus.rules.time.rounding import billed_hours, minutes_of

FIRST = date(2026, 3, 2)
CURRENCIES = st.sampled_from(["EUR", "JPY", "BHD", "USD"])
HOLDING = [CapPolicy.BLOCK, CapPolicy.SPLIT, CapPolicy.OVERFLOW]
unhurried = settings(deadline=None, max_examples=40)


def money(currency: str, low: int, high: int) -> st.SearchStrategy[Money]:
    """Rates and caps with every minor unit that the currency has."""
    digits = minor_units(currency)
    units = st.integers(low * 10**digits, high * 10**digits)
    return units.map(lambda n: Money.of(Decimal(n).scaleb(-digits), currency))


def hours(low: str, high: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=2)


@st.composite
def times(draw: st.DrawFn, currency: str, grains: Sequence[RoundingGrain]) -> TimeTerms:
    rounding = st.builds(
        TimeRounding,
        increment=st.sampled_from([None, 6, 7, 10, 15, 60]),
        mode=st.sampled_from(RoundingMode),
        grain=st.sampled_from(grains),
        minimum=st.sampled_from([None, 30]),
        maximum=st.sampled_from([None, 600]),
    )
    premium = st.builds(
        DayPremium, multiplier=st.just(Decimal(2)), weekdays=st.just((Weekday.SUNDAY,))
    )
    in_days = draw(st.booleans()) and draw(st.booleans())
    thresholds = st.none() if in_days else st.none() | st.sampled_from([Decimal(8), Decimal("7.5")])
    overtime = st.builds(
        Overtime,
        daily_threshold=thresholds,
        weekly_threshold=thresholds.map(lambda h: h and h * 3),
        multiplier=st.just(Decimal("1.5")),
        by_time_type=st.just({"Travel": Decimal("0.5"), "Night": Decimal("1.25")}),
        by_day=premium.map(lambda one: (one,)) | st.just(()),
        stacking=st.sampled_from(Stacking),
    )
    rates = money(currency, 1, 300)
    tiers = st.tuples(
        st.builds(VolumeTier, up_to_hours=st.just(Decimal(10)), rate=rates),
        st.builds(VolumeTier, up_to_hours=st.just(Decimal("22.5")), rate=rates),
        st.builds(VolumeTier, rate=rates),
    )
    day = st.builds(DayRate, hours_per_day=st.just(Decimal("7.5")), rate=st.none() | rates)
    return TimeTerms(
        rounding=draw(st.none() | rounding),
        overtime=draw(st.none() | overtime),
        day_rate=draw(day) if in_days else None,
        tiers=() if in_days else draw(st.just(()) | tiers),
        discount_percent=draw(st.none() | st.sampled_from([Decimal(10), Decimal("12.5")])),
        half_cent=draw(st.sampled_from(HalfCent)),
    )


def caps(currency: str, policies: Sequence[CapPolicy]) -> st.SearchStrategy[Cap]:
    amount, limit = money(currency, 100, 4000), hours("1", "40")
    common = {
        "level": st.sampled_from(CapLevel),
        "period": st.sampled_from(CapPeriod),
        "policy": st.sampled_from(policies),
    }
    return st.builds(Cap, amount=amount, **common) | st.builds(Cap, hours=limit, **common)


@st.composite
def contracts(
    draw: st.DrawFn,
    currency: str,
    policies: Sequence[CapPolicy] = tuple(CapPolicy),
    grains: Sequence[RoundingGrain] = (RoundingGrain.ENTRY, RoundingGrain.PERSON_TASK_DAY),
) -> Contract:
    def terms() -> Terms:
        found = draw(st.lists(caps(currency, policies), max_size=3)) if policies else []
        return Terms(time=draw(times(currency, grains)), caps=tuple(found))

    changes = [
        Amendment(number=1, effective_on=FIRST + timedelta(days=5), terms=terms())
        for _ in range(draw(st.integers(0, 1)))
    ]
    return contract(currency=currency, terms=terms(), amendments=tuple(changes))


@st.composite
def works(draw: st.DrawFn, currency: str, least: str = "-4", size: int = 9) -> list[Work]:
    def one(number: int) -> Work:
        return Work(
            id=f"e{number:02}",
            worked_on=FIRST + timedelta(days=draw(st.integers(0, 9))),
            hours=draw(hours(least, "12")),
            rate=draw(money(currency, 1, 300)),
            unit=draw(st.sampled_from([RateUnit.HOUR] * 6 + [RateUnit.ENTRY])),
            resource=draw(st.sampled_from(["r1", "r2"])),
            project=draw(st.sampled_from(["p1", "p2"])),
            task=draw(st.sampled_from(["a", "b"])),
            contract="k1",
            customer="c1",
            role=draw(st.sampled_from(["Architect", "Lead"])),
            time_type=draw(st.sampled_from([None, None, "Travel", "Night"])),
            is_billable=draw(st.sampled_from([True] * 5 + [False])),
            is_courtesy=draw(st.sampled_from([False] * 5 + [True])),
        )

    return [one(number) for number in range(draw(st.integers(0, size)))]


@st.composite
def cases(
    draw: st.DrawFn, policies: Sequence[CapPolicy] = tuple(CapPolicy), least: str = "-4"
) -> tuple[Contract, list[Work]]:
    currency = draw(CURRENCIES)
    return draw(contracts(currency, policies)), draw(works(currency, least))


def every(priced: Priced) -> list[Fact]:
    return [*priced.billed, *priced.not_charged, *(held.fact for held in priced.held)]


def chunks(work: list[Work], rng: random.Random) -> Iterable[list[Work]]:
    rng.shuffle(work)
    while work:
        size = rng.randint(1, len(work))
        yield work[:size]
        work = work[size:]


def ledger_in_chunks(terms: Contract, work: list[Work], rng: random.Random) -> FactLedger:
    ledger, known = FactLedger(), []
    for chunk in chunks(list(work), rng):
        known += chunk
        ledger = ledger.rerated(price(terms, known, ledger.frozen()).facts)
    return ledger


RANDOM = st.randoms(use_true_random=False)


@unhurried
@given(cases(), RANDOM)
def test_any_order_and_any_chunks_leave_the_same_facts(
    case: tuple[Contract, list[Work]], rng: random.Random
) -> None:
    terms, work = case
    at_once = price(terms, work)
    ledger = ledger_in_chunks(terms, work, rng)
    rng.shuffle(work)

    assert ledger.in_force() == at_once.facts
    assert price(terms, work) == at_once
    assert ledger.rerated(price(terms, work).facts) == ledger


@unhurried
@given(cases(), RANDOM, st.integers(0, 9))
def test_whatever_was_invoiced_the_rest_does_not_depend_on_its_order(
    case: tuple[Contract, list[Work]], rng: random.Random, days: int
) -> None:
    terms, work = case
    early = work[: len(work) // 2]
    ledger = FactLedger().rerated(price(terms, early).facts)
    due = ledger.billable(FIRST, FIRST + timedelta(days=days))
    ledger = ledger.on_document("INV-1", due) if due else ledger
    frozen = ledger.frozen()
    at_once = price(terms, work, frozen)

    for n in range(len(work)):
        ledger = ledger.rerated(price(terms, work[: n + 1], frozen).facts)
    rng.shuffle(work)
    assert ledger.rerated(price(terms, work, frozen).facts).open() == at_once.facts
    assert price(terms, work, frozen) == at_once


def over_the_cap_within_a_tier() -> tuple[Contract, list[Work]]:
    """10.01 h, billed as 10.1: 100.00 of the first tier's 100.10 EUR, and nothing of the rest."""
    tiers = (
        VolumeTier(up_to_hours=Decimal(10), rate=Money.of("10.01", "EUR")),
        VolumeTier(rate=Money.of("1.00", "EUR")),
    )
    cap = Cap(
        level=CapLevel.CONTRACT, amount=Money.of("100.00", "EUR"), period=CapPeriod.WHOLE,
        policy=CapPolicy.OVERFLOW,
    )  # fmt: skip
    time = TimeTerms(rounding=TimeRounding(increment=6, mode=RoundingMode.UP), tiers=tiers)
    entry = Work(
        id="e00", worked_on=FIRST, hours=Decimal("10.01"), rate=Money.of("1.00", "EUR"),
        resource="r1", project="p1", contract="k1", customer="c1",
    )  # fmt: skip
    return contract(currency="EUR", terms=Terms(time=time, caps=(cap,))), [entry]


@unhurried
@example(over_the_cap_within_a_tier(), 0)
@given(cases(least="0"), st.integers(0, 9))
def test_invoicing_the_first_days_changes_nothing_of_the_rest(
    case: tuple[Contract, list[Work]], days: int
) -> None:
    terms, work = case
    ledger = FactLedger().rerated(price(terms, work).facts)
    before = ledger.in_force()
    due = ledger.billable(FIRST, FIRST + timedelta(days=days))
    ledger = ledger.on_document("INV-1", due) if due else ledger

    assert ledger.rerated(price(terms, work, ledger.frozen()).facts).in_force() == before


@unhurried
@given(cases())
def test_no_hour_is_lost(case: tuple[Contract, list[Work]]) -> None:
    """Billed, held and not charged hours are the rounded hours, and raw hours are never changed."""
    terms, work = case
    raw: dict[str, Decimal] = defaultdict(Decimal)
    rounded: dict[object, Decimal] = defaultdict(Decimal)
    expected: dict[object, Decimal] = defaultdict(Decimal)
    minutes: dict[object, list[Work]] = defaultdict(list)
    for fact in every(price(terms, work)):
        raw[fact.work.id] += fact.hours
        rounded[_group(terms, fact.work)] += fact.billed_hours
    for one in work:
        minutes[_group(terms, one)].append(one)
    for key, group in minutes.items():
        if len(group) == 1 or all(one.hours >= 0 for one in group):
            expected[key] = _together(group, _rounding(terms, group[0]))
    assert raw == {one.id: one.hours for one in work}
    assert {key: rounded[key] for key in expected} == expected


def _together(group: list[Work], rounding: TimeRounding | None) -> Decimal:
    if rounding is None or not group[0].is_billable:
        return sum((one.hours for one in group), Decimal(0))
    minutes = (minutes_of(one.hours, rounding) for one in group)
    return billed_hours(sum(minutes, Fraction(0)), rounding)


def _rounding(terms: Contract, work: Work) -> TimeRounding | None:
    return terms.terms_on(work.worked_on).time.rounding


def _group(terms: Contract, work: Work) -> object:
    rounding = _rounding(terms, work)
    if rounding and rounding.grain is RoundingGrain.PERSON_TASK_DAY and _shares_a_day(work):
        return work.resource, work.project, work.task, work.worked_on
    return work.id


def _shares_a_day(work: Work) -> bool:
    return work.is_billable and work.unit is not RateUnit.ENTRY


@unhurried
@given(cases(policies=HOLDING), RANDOM)
def test_no_cap_is_passed_in_any_order(
    case: tuple[Contract, list[Work]], rng: random.Random
) -> None:
    terms, work = case
    ledger = ledger_in_chunks(terms, work, rng)
    charged = [f for f in ledger.in_force() if f.charging is Charging.CHARGED]
    usages = price(terms, work).usages

    assert all(
        usage.spent.amount <= usage.bucket.cap.amount.amount
        for usage in usages
        if usage.bucket.cap.amount is not None
    )
    assert all(
        usage.spent.hours <= usage.bucket.cap.hours
        for usage in usages
        if usage.bucket.cap.hours is not None
    )
    for usage in usages:
        ours = [f for f in charged if _in(usage.bucket, f)]
        assert sum((f.amount.amount for f in ours), Decimal(0)) == usage.spent.amount


def _in(bucket: Bucket, fact: Fact) -> bool:
    return bucket_of(bucket.limit, fact.work) == bucket


@unhurried
@given(st.integers(100, 20_000), works("EUR", "0.01"))
def test_a_cap_that_splits_bills_it_to_the_last_cent(limit: int, work: list[Work]) -> None:
    cap = Cap(amount=Money.of(Decimal(limit).scaleb(-2), "EUR"), policy=CapPolicy.SPLIT)
    hourly = [one for one in work if one.unit is RateUnit.HOUR]
    free = total(price(contract(), hourly).billed, "EUR")
    found = price(contract(terms=Terms(caps=(cap,))), hourly)

    assert cap.amount is not None
    assert total(found.billed, "EUR") == min(free, cap.amount)


@unhurried
@given(cases(policies=()), st.sampled_from([None, 6, 15]))
def test_lines_tie_out_twice(case: tuple[Contract, list[Work]], on_line: int | None) -> None:
    """The lines sum to their facts, and a ledger computes each line to the same amount."""
    terms, work = case
    facts: Sequence[Fact] = price(terms, work).facts
    if on_line:
        facts = rounded_on_lines(facts, TimeRounding(increment=on_line))
    shown = [fact for fact in facts if fact.charging is not Charging.NOT_CHARGED]
    billed = invoice_lines(facts, lambda _: "work")
    for line in billed.lines:
        behind = billed.facts[line.number]
        assert line.amount == behind[0].value(line.quantity)
        assert line.amount == total(behind, terms.currency)
        assert line.quantity == sum(fact.quantity for fact in behind)
    amounts = Money.total((line.amount for line in billed.lines), terms.currency)
    assert amounts == total(shown, terms.currency)


@unhurried
@given(cases())
def test_every_amount_is_payable_and_follows_from_its_parts(
    case: tuple[Contract, list[Work]],
) -> None:
    terms, work = case
    for fact in every(price(terms, work)):
        assert fact.amount == fact.amount.rounded()
        assert fact.amount == fact.value(fact.quantity)
        assert fact.list_amount == fact.list_amount.rounded()
        if fact.work.is_billable and not fact.discount_percent:
            free = fact.charging is not Charging.CHARGED
            assert fact.amount == (Money.zero(terms.currency) if free else fact.list_amount)


@unhurried
@given(cases())
def test_taking_everything_back_and_rating_it_again_is_nothing_in_total(
    case: tuple[Contract, list[Work]],
) -> None:
    terms, work = case
    facts = price(terms, work).facts
    ledger = FactLedger().rerated(facts)
    again = ledger.rerated(()).rerated(facts)

    assert total(ledger.rerated(()).in_force(), terms.currency) == Money.zero(terms.currency)
    assert again.in_force() == ledger.in_force()
    rows = total((row.fact for row in again.rows), terms.currency)
    assert rows == total(facts, terms.currency)


@unhurried
@given(contracts("EUR", HOLDING), works("EUR"))
def test_caps_see_a_set_of_facts(terms: Contract, work: list[Work]) -> None:
    facts = [whole(one, None) for one in work]
    assert within_caps(facts, limits_of(terms), {}) == within_caps(
        facts[::-1], limits_of(terms), {}
    )
