"""Rating in bulk says what rating one by one says: amounts, hours, sources and what is held."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rules.facts import card, day, eur

from isthmus.canonical import RateCard
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import Cap, TimeRounding
from isthmus.kit.money import Money, minor_units
from isthmus.rules.capped import within_caps
from isthmus.rules.caps import Bucket, Limit, Spent
from isthmus.rules.facts import Fact, Work, fact_of
from isthmus.rules.rating import (
    Overlap,
    Override,
    RateBook,
    Rated,
    RateQuery,
    Unrated,
)
from isthmus.rules.rating.batch import Allowance, BatchRater, WorkKind
from isthmus.rules.rating.columns import HOUR, Entries, RatedColumns, in_parts
from isthmus.rules.refusal import Unusable
from isthmus.rules.time.rounding import rounded_hours

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A slow machine is no wrong price."""

FIRST = date(2026, 1, 1)
CURRENCIES = ["EUR", "JPY", "BHD"]
QUERY = RateQuery("c1", "p1", "r1", None, "Architect", "EUR", FIRST)


@dataclass(frozen=True)
class Hour:
    """An entry as both ways are given it."""

    id: str
    work: WorkKind
    worked_on: date
    hours: Decimal
    override: Override | None

    @property
    def query(self) -> RateQuery:
        return self.work.on(self.worked_on.toordinal(), self.override)


Outcome = tuple[str | None, Money | None, Decimal, str | None]
"""Why it is held, what it comes to, the billed hours and the source of the rate."""


def one_by_one(
    book: RateBook, hours: list[Hour], allowances: dict[str, Allowance]
) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    priced: dict[str, list[Fact]] = {contract: [] for contract in allowances}
    for hour in hours:
        rate = book.resolve(hour.query)
        billed = rounded_hours(hour.hours, hour.work.rounding)
        if isinstance(rate, Unrated):
            found[hour.id] = rate.code, None, billed, None
        elif rate.unit is RateUnit.DAY:
            found[hour.id] = "rate_unit", None, billed, rate.source_id
        else:
            fact = fact_of(as_work(hour, rate), billed)
            found[hour.id] = None, fact.amount, billed, rate.source_id
            priced.setdefault(hour.work.contract or "", []).append(fact)
    for contract, allowance in allowances.items():
        limit = Limit(Cap(amount=allowance.cap))
        spent = {Bucket(limit, contract, contract): Spent(amount=allowance.consumed.amount)}
        for held in within_caps(priced[contract], [limit], spent).held:
            _, _, billed, source = found[held.fact.work.id]
            found[held.fact.work.id] = "cap_exceeded", None, billed, source
    return found


def as_work(hour: Hour, rate: Rated) -> Work:
    return Work(
        id=hour.id, worked_on=hour.worked_on, hours=hour.hours, rate=rate.rate, unit=rate.unit,
        contract=hour.work.contract or "", rate_source=rate.source_id,
    )  # fmt: skip


def in_bulk(
    book: RateBook, hours: list[Hour], allowances: dict[str, Allowance], chunk: int
) -> dict[str, Outcome]:
    rater = BatchRater(book, allowances)
    ordered = sorted(hours, key=lambda hour: (hour.worked_on, hour.id))
    found: dict[str, Outcome] = {}
    for start in range(0, len(ordered), chunk):
        entries = Entries()
        some = ordered[start : start + chunk]
        for hour in some:
            work = rater.enter(hour.work)
            entries.add(hour.id, work, hour.worked_on, hour.hours, hour.override)
        columns = rater.rate(entries)
        found |= {hour.id: as_outcome(columns, i, hour) for i, hour in enumerate(some)}
    return found


def as_outcome(columns: RatedColumns, place: int, hour: Hour) -> Outcome:
    units, price = columns.amounts[place], columns.prices[place]
    currency = hour.work.query.currency
    amount = None
    if units is not None:
        amount = Money.of(Decimal(units).scaleb(-minor_units(currency)), currency)
    billed = Decimal(columns.billed[place]) / HOUR
    return columns.held.get(place), amount, billed, price and price.source_id


@st.composite
def cards(draw: st.DrawFn) -> list[RateCard]:
    found = []
    for number in range(draw(st.integers(0, 10))):
        starts = FIRST + timedelta(draw(st.integers(0, 30)))
        length = draw(st.none() | st.integers(0, 20))
        cents = draw(st.integers(0, 10**7))
        found.append(
            RateCard(
                id=f"id-{number}",
                number=f"RC-{number}",
                role=draw(st.sampled_from(["Architect", "Analyst", None])),
                customer=draw(st.sampled_from(["c1", None])),
                project=draw(st.sampled_from(["p1", None, None])),
                resource=draw(st.sampled_from(["r1", None, None])),
                practice=draw(st.sampled_from(["Cloud", None, None])),
                bill_rate=Money.of(
                    Decimal(cents).scaleb(-draw(st.integers(0, 4))),
                    draw(st.sampled_from(CURRENCIES)),
                ),
                unit=draw(st.sampled_from([*[RateUnit.HOUR] * 4, RateUnit.DAY, RateUnit.ENTRY])),
                effective_from=starts,
                effective_to=None if length is None else starts + timedelta(length),
            )
        )
    return found


@st.composite
def works(draw: st.DrawFn) -> WorkKind:
    """The contract has the currency of its work."""
    currency = draw(st.sampled_from(CURRENCIES))
    query = replace(
        QUERY,
        currency=currency,
        role=draw(st.sampled_from(["Architect", "Analyst", None])),
        practice=draw(st.sampled_from(["Cloud", None])),
    )
    minutes = draw(st.sampled_from([None, 6, 10, 15, 30]))
    rounding = None if minutes is None else TimeRounding(increment=minutes)
    return WorkKind.of(query, f"k-{currency}", rounding)


@st.composite
def entered(draw: st.DrawFn) -> list[Hour]:
    kinds = draw(st.lists(works(), min_size=1, max_size=4))
    found = []
    for number in range(draw(st.integers(0, 25))):
        override = None
        if draw(st.integers(0, 9)) == 0:
            rate = Money.of(draw(st.integers(0, 400)), draw(st.sampled_from(CURRENCIES)))
            override = Override(f"t{number}", rate, unit=draw(st.sampled_from(RateUnit)))
        found.append(
            Hour(
                f"t{number:02}",
                draw(st.sampled_from(kinds)),
                FIRST + timedelta(draw(st.integers(-2, 60))),
                Decimal(draw(st.integers(-2_000_000, 24_000_000))).scaleb(-6)
                if draw(st.booleans())
                else Decimal(draw(st.integers(-300, 2400))).scaleb(-2),
                override,
            )
        )
    return found


@st.composite
def caps(draw: st.DrawFn) -> dict[str, Allowance]:
    found = {}
    for currency in CURRENCIES:
        if draw(st.booleans()):
            cap = Decimal(draw(st.integers(0, 10**7))).scaleb(-3)
            used = Decimal(draw(st.integers(0, 10**6))).scaleb(-3)
            found[f"k-{currency}"] = Allowance(Money.of(cap, currency), Money.of(used, currency))
    return found


@settings(unhurried, max_examples=400)
@given(cards(), entered(), caps(), st.sampled_from(Overlap), st.integers(1, 30))
def test_in_bulk_and_one_by_one_are_the_same(
    listed: list[RateCard],
    hours: list[Hour],
    allowances: dict[str, Allowance],
    overlap: Overlap,
    chunk: int,
) -> None:
    book = RateBook.build(listed, overlap=overlap)
    assert in_bulk(book, hours, allowances, chunk) == one_by_one(book, hours, allowances)


QUARTER = TimeRounding(increment=15)
LISTED = RateBook.build([card("RC-1", eur("33.33"), "2026-01-01")])
ARCHITECT = WorkKind.of(QUERY, "k1", QUARTER)


def test_a_cap_is_spent_in_order_and_the_first_that_does_not_fit_stops_the_rest() -> None:
    rater = BatchRater(LISTED, {"k1": Allowance(eur("100.00"), eur("20.00"))})
    entries = Entries()
    work = rater.enter(ARCHITECT)
    for id, hours in (("t1", "1.1"), ("t2", "2"), ("t3", "0.25")):
        entries.add(id, work, day("2026-03-05"), Decimal(hours))
    columns = rater.rate(entries)
    assert columns.amounts == [4166, None, None]
    assert columns.held == {1: "cap_exceeded", 2: "cap_exceeded"}
    assert columns.billed == [1_250_000, 2_000_000, 250_000]
    assert rater.left("k1") == eur("38.34")


def test_an_entry_that_takes_all_that_is_left_fits() -> None:
    rater = BatchRater(LISTED, {"k1": Allowance(eur("41.66"), eur("0"))})
    entries = Entries()
    entries.add("t1", rater.enter(ARCHITECT), day("2026-03-05"), Decimal("1.1"))
    assert rater.rate(entries).amounts == [4166]
    assert rater.left("k1") == eur("0.00")


def test_work_under_a_cap_that_comes_out_of_order_is_refused() -> None:
    rater = BatchRater(LISTED, {"k1": Allowance(eur("100.00"), eur("0"))})
    work = rater.enter(ARCHITECT)
    entries = Entries()
    entries.add("t1", work, day("2026-03-05"), Decimal(1))
    rater.rate(entries)
    earlier = Entries()
    earlier.add("t2", work, day("2026-03-04"), Decimal(1))
    with pytest.raises(Unusable, match="Entry t2 of 2026-03-04 comes after t1 of 2026-03-05"):
        rater.rate(earlier)


def test_one_entry_is_explained_as_rating_by_itself_explains_it() -> None:
    rater = BatchRater(LISTED)
    found = rater.explain(rater.enter(ARCHITECT), day("2026-03-05").toordinal())
    assert isinstance(found, Rated)
    assert found == LISTED.resolve(replace(QUERY, worked_on=day("2026-03-05")))


def test_the_same_work_is_entered_once() -> None:
    rater = BatchRater(LISTED)
    later = WorkKind.of(replace(QUERY, worked_on=day("2026-09-01")), "k1", QUARTER)
    assert [rater.enter(work) for work in (ARCHITECT, WorkKind.of(QUERY), later)] == [0, 1, 0]


def test_a_cap_in_another_currency_than_the_work_is_refused() -> None:
    rater = BatchRater(LISTED, {"k1": Allowance(Money.of(100, "USD"), Money.of(0, "USD"))})
    with pytest.raises(Unusable, match="The cap of contract k1 is not in EUR"):
        rater.enter(ARCHITECT)


def test_hours_finer_than_a_millionth_are_refused() -> None:
    assert in_parts(Decimal("0.000001")) == 1
    with pytest.raises(Unusable, match="finer than a millionth"):
        in_parts(Decimal("0.0000001"))
