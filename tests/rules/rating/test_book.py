import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rules.facts import assignment, card, day, entry, eur, project, usd

from isthmus.canonical import RateCard, Resource
from isthmus.kit.money import Money
from isthmus.rules.rating import (
    DEFAULT_SCOPES,
    Overlap,
    Override,
    RateBook,
    Rated,
    RateQuery,
    Scope,
    Tried,
    Unrated,
    query_for,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A slow machine is no wrong price."""

QUERY = RateQuery("c1", "p1", "r1", "a1", "Architect", "EUR", day("2026-03-05"))

LISTED = card("RC-1", eur("150.00"), "2026-01-01")
AGREED = card("RC-2", eur("140.00"), "2026-01-01", customer="c1")
WITH_ASSIGNMENTS = (Scope.ENTRY_OVERRIDE, Scope.PERSON_ON_ASSIGNMENT, *DEFAULT_SCOPES[1:])


def on(text: str) -> RateQuery:
    return replace(QUERY, worked_on=day(text))


def found(result: Rated | Unrated) -> Rated:
    assert isinstance(result, Rated), result
    return result


def refused(result: Rated | Unrated) -> Unrated:
    assert isinstance(result, Unrated), result
    return result


def test_the_client_card_goes_before_the_company_card() -> None:
    rated = found(RateBook.build([LISTED, AGREED]).resolve(QUERY))
    assert rated.rate == eur("140.00")
    assert (rated.source_id, rated.source_label) == ("id-RC-2", "RC-2")
    assert (rated.scope, rated.effective_from) == ("client rate card", day("2026-01-01"))


def test_another_client_card_is_no_price_and_the_trail_says_what_was_tried() -> None:
    other = card("RC-9", eur("99.00"), "2026-01-01", customer="c2")
    rated = found(RateBook.build([LISTED, other]).resolve(QUERY))
    assert rated.rate == eur("150.00")
    assert rated.trail == (
        Tried(
            "entry, person on project, task rate card, project rate card, person on client",
            "Architect in EUR on 2026-03-05",
            "none",
        ),
        Tried("client rate card", "Architect in EUR on 2026-03-05", "none"),
        Tried("region or practice rate card", "Architect in EUR on 2026-03-05", "none"),
        Tried("company rate card", "Architect in EUR on 2026-03-05", "RC-1 at 150.00 EUR"),
    )


@pytest.mark.parametrize(
    ("worked_on", "rate"),
    [
        ("2018-03-14", "100.00"),
        ("2018-03-15", "110.00"),
        ("2018-03-31", "110.00"),
        ("2018-04-01", "120.00"),
        ("2030-01-01", "120.00"),
    ],
)
def test_the_day_of_work_chooses_the_version(worked_on: str, rate: str) -> None:
    """D365 example 1 of date-effective price overrides."""
    book = RateBook.build(
        [
            card("A", usd("100.00"), "2018-01-01", "2018-03-14"),
            card("B", usd("110.00"), "2018-03-15", "2018-03-31"),
            card("C", usd("120.00"), "2018-04-01"),
        ]
    )
    assert found(book.resolve(replace(on(worked_on), currency="USD"))).rate == usd(rate)


def test_a_card_that_ended_is_named_with_its_last_day() -> None:
    book = RateBook.build([card("RC-7", eur("150.00"), "2025-01-01", "2026-02-28")])
    unrated = refused(book.resolve(QUERY))
    assert unrated.code == "rate_outdated"
    assert unrated.reason == (
        "no rate for Architect in EUR on 2026-03-05: RC-7 ended on 2026-02-28"
    )


def test_of_two_cards_that_ended_the_latest_is_named() -> None:
    older = card("RC-6", eur("120.00"), "2024-01-01", "2024-12-31")
    newer = card("RC-7", eur("150.00"), "2025-01-01", "2026-02-28")
    future = card("RC-8", eur("160.00"), "2026-04-01")
    unrated = refused(RateBook.build([older, newer, future]).resolve(QUERY))
    assert unrated.reason.endswith("RC-7 ended on 2026-02-28")


def test_a_card_that_starts_later_is_named_with_its_first_day() -> None:
    unrated = refused(RateBook.build([card("RC-8", eur("150.00"), "2026-04-01")]).resolve(QUERY))
    assert unrated.code == "rate_outdated"
    assert unrated.reason.endswith("RC-8 starts on 2026-04-01")


def test_a_lapsed_client_card_falls_back_to_the_company_card_and_shows_in_the_trail() -> None:
    lapsed = card("RC-2", eur("140.00"), "2025-01-01", "2025-12-31", customer="c1")
    rated = found(RateBook.build([LISTED, lapsed]).resolve(QUERY))
    assert rated.rate == eur("150.00")
    steps = {tried.scope: tried.found for tried in rated.trail}
    assert steps["client rate card"] == "none on that day: RC-2 (2025-01-01 to 2025-12-31)"


def test_another_currency_is_never_converted() -> None:
    book = RateBook.build([card("RC-U", usd("150.00"), "2026-01-01")])
    unrated = refused(book.resolve(QUERY))
    assert unrated.code == "rate_missing"
    assert "company rate card: none in EUR; priced in USD only" in unrated.reason


def test_work_without_a_role_has_no_price() -> None:
    unrated = refused(RateBook.build([LISTED]).resolve(replace(QUERY, role=None)))
    assert unrated.code == "rate_missing"
    assert unrated.reason == (
        "no rate for work without a role in EUR on 2026-03-05 "
        "(company rate card: the entry has no role)"
    )


def test_two_cards_for_one_day_are_a_configuration_error_naming_both() -> None:
    book = RateBook.build([LISTED, card("RC-3", eur("155.00"), "2026-03-01")])
    unrated = refused(book.resolve(QUERY))
    assert unrated.code == "rate_ambiguous"
    assert unrated.reason.startswith("RC-1 and RC-3 of the company rate card both price Architect")
    assert found(book.resolve(on("2026-02-28"))).rate == eur("150.00")


def test_an_overlap_among_client_cards_is_not_hidden_by_a_good_company_card() -> None:
    twice = card("RC-4", eur("145.00"), "2026-01-01", customer="c1")
    assert refused(RateBook.build([LISTED, AGREED, twice]).resolve(QUERY)).code == "rate_ambiguous"


def test_the_same_card_delivered_twice_is_one_card() -> None:
    assert found(RateBook.build([LISTED, LISTED]).resolve(QUERY)).rate == eur("150.00")


def test_assignment_rates_count_only_where_the_policy_says_so() -> None:
    agreed = assignment(bill_rate=eur("175.00"))
    assert found(RateBook.build([LISTED], [agreed]).resolve(QUERY)).rate == eur("150.00")
    book = RateBook.build([LISTED], [agreed], WITH_ASSIGNMENTS)
    rated = found(book.resolve(QUERY))
    assert (rated.rate, rated.scope, rated.source_id) == (eur("175.00"), "assignment", "a1")


def test_an_assignment_without_a_rate_leaves_the_cards_to_decide() -> None:
    book = RateBook.build([LISTED], [assignment()], WITH_ASSIGNMENTS)
    assert found(book.resolve(QUERY)).scope == "company rate card"


def test_an_assignment_rate_ends_with_the_assignment() -> None:
    over = assignment(bill_rate=eur("175.00"), ends_on="2026-02-28")
    book = RateBook.build([LISTED], [over], WITH_ASSIGNMENTS)
    assert found(book.resolve(QUERY)).rate == eur("150.00")


def test_the_order_of_scopes_is_data() -> None:
    book = RateBook.build([LISTED, AGREED], scopes=(Scope.COMPANY_CARD,))
    assert found(book.resolve(QUERY)).rate == eur("150.00")


def test_the_role_is_the_entrys_then_the_assignments_then_the_persons() -> None:
    person = Resource(id="r1", name="Somebody", role="Analyst")
    bare = entry(role=None)
    assert query_for(entry(role="Lead"), project(), assignment(), person).role == "Lead"
    assert query_for(bare, project(), assignment(), person).role == "Architect"
    assert query_for(bare, project(), assignment(role=None), person).role == "Analyst"
    assert query_for(bare, project()).role is None


LADDER = [
    card("RC-person-project", eur("201"), "2026-01-01", role=None, resource="r1", project="p1"),
    card("RC-task", eur("202"), "2026-01-01", task="x1"),
    card("RC-project", eur("203"), "2026-01-01", project="p1"),
    card("RC-person-client", eur("204"), "2026-01-01", role=None, resource="r1", customer="c1"),
    card("RC-client", eur("205"), "2026-01-01", customer="c1"),
    card("RC-practice", eur("206"), "2026-01-01", practice="Cloud"),
    card("RC-company", eur("207"), "2026-01-01"),
    card("RC-any", eur("208"), "2026-01-01", role=None),
    card("RC-person", eur("209"), "2026-01-01", role=None, resource="r1"),
]


def test_each_scope_decides_when_those_before_it_have_no_price() -> None:
    query = replace(QUERY, task="x1", practice="Cloud")
    rates = [
        found(RateBook.build(LADDER[rung:]).resolve(query)).rate.amount
        for rung in range(len(LADDER))
    ]
    assert rates == [201, 202, 203, 204, 205, 206, 207, 208, 209]


def test_a_rate_agreed_for_the_entry_goes_before_every_card_and_says_why() -> None:
    agreed = entry(agreed_rate=eur("250.00"), agreed_reason="steering committee of 3 March")
    rated = found(RateBook.build(LADDER).resolve(query_for(agreed, project())))
    assert (rated.rate, rated.source_id, rated.scope) == (eur("250.00"), "t1", "entry")
    assert rated.trail == (
        Tried(
            "entry",
            "Architect in EUR on 2026-03-05",
            "the rate agreed for the entry (steering committee of 3 March) at 250.00 EUR",
        ),
    )


def test_a_rate_agreed_in_another_currency_holds_the_entry_and_no_card_replaces_it() -> None:
    unrated = refused(
        RateBook.build(LADDER).resolve(replace(QUERY, override=Override("t1", usd("250.00"))))
    )
    assert unrated.code == "rate_currency"
    assert unrated.reason == (
        "250.00 USD is agreed for the entry of 2026-03-05, but its project is billed in EUR, "
        "and nothing is converted"
    )


def test_within_a_scope_the_price_with_more_dimensions_decides() -> None:
    anybody = card("RC-c", eur("100"), "2026-01-01", role=None, customer="c1")
    role = card("RC-cr", eur("110"), "2026-01-01", customer="c1")
    cloud = card("RC-crp", eur("120"), "2026-01-01", customer="c1", practice="Cloud")
    book = RateBook.build([anybody, cloud, role])
    assert found(book.resolve(QUERY)).rate == eur("110")
    assert found(book.resolve(replace(QUERY, practice="Cloud"))).rate == eur("120")
    assert found(book.resolve(replace(QUERY, role="Analyst"))).rate == eur("100")


def test_of_a_regions_and_a_practices_price_the_regions_decides() -> None:
    practice = card("RC-p", eur("100"), "2026-03-01", practice="Cloud")
    region = card("RC-r", eur("110"), "2026-01-01", region="North")
    book = RateBook.build([practice, region])
    assert found(book.resolve(replace(QUERY, region="North", practice="Cloud"))).source_id == (
        "id-RC-r"
    )


def test_a_price_for_one_task_is_no_price_for_the_rest_of_the_project() -> None:
    book = RateBook.build([card("RC-t", eur("190"), "2026-01-01", task="x1"), LISTED])
    assert found(book.resolve(replace(QUERY, task="x1"))).rate == eur("190")
    assert found(book.resolve(QUERY)).rate == eur("150.00")
    assert found(book.resolve(replace(QUERY, task="x2"))).rate == eur("150.00")


def test_a_new_price_ends_the_one_before_where_the_firm_says_so() -> None:
    raised = card("RC-3", eur("155.00"), "2026-03-01")
    book = RateBook.build([LISTED, raised], overlap=Overlap.LATEST_STARTS)
    assert found(book.resolve(on("2026-02-28"))).rate == eur("150.00")
    assert found(book.resolve(on("2026-03-01"))).rate == eur("155.00")
    twin = card("RC-4", eur("156.00"), "2026-03-01")
    both = RateBook.build([LISTED, raised, twin], overlap=Overlap.LATEST_STARTS)
    assert refused(both.resolve(on("2026-03-01"))).reason.startswith("RC-3 and RC-4 of the company")


def test_the_standard_price_stands_beside_what_the_client_agreed_to() -> None:
    book = RateBook.build([LISTED, AGREED])
    billed, standard = found(book.resolve(QUERY)), found(book.standard(QUERY))
    assert (billed.rate, standard.rate) == (eur("140.00"), eur("150.00"))
    assert standard.source_label == "RC-1"


def test_work_that_no_list_prices_has_no_standard_price() -> None:
    assert refused(RateBook.build([AGREED]).standard(QUERY)).code == "rate_missing"


DAYS = st.dates(min_value=day("2025-01-01"), max_value=day("2027-12-31"))
SOME = {
    "role": ["Architect", "Analyst"], "resource": ["r1", "r2"], "project": ["p1", "p2"],
    "task": ["x1"], "customer": ["c1", "c2"], "region": ["North"], "practice": ["Cloud"],
}  # fmt: skip


@st.composite
def cards(draw: st.DrawFn) -> list[RateCard]:
    """Some number of cards with any dimensions, so that every scope and every tie occurs."""
    number = draw(st.integers(0, 8))
    return [draw(one_card(n)) for n in range(number)]


@st.composite
def one_card(draw: st.DrawFn, number: int) -> RateCard:
    starts = draw(DAYS)
    length = draw(st.none() | st.integers(1, 400))
    named = {name: draw(st.none() | st.sampled_from(values)) for name, values in SOME.items()}
    return RateCard.model_validate(
        named
        | {
            "id": f"id-{number}",
            "number": f"RC-{number}",
            "bill_rate": Money.of(
                draw(st.integers(50, 400)), draw(st.sampled_from(["EUR", "USD"]))
            ),
            "effective_from": starts,
            "effective_to": length and date.fromordinal(starts.toordinal() + length),
        }
    )


@st.composite
def queries(draw: st.DrawFn) -> RateQuery:
    return replace(
        QUERY,
        worked_on=draw(DAYS),
        task=draw(st.sampled_from([None, "x1"])),
        region=draw(st.sampled_from([None, "North"])),
        practice=draw(st.sampled_from([None, "Cloud"])),
    )


OVERLAPS = st.sampled_from(Overlap)


@unhurried
@given(cards(), queries(), OVERLAPS, st.randoms(use_true_random=False))
def test_shuffling_the_cards_never_changes_the_result(
    listed: list[RateCard], query: RateQuery, overlap: Overlap, rng: random.Random
) -> None:
    before = RateBook.build(listed, overlap=overlap).resolve(query)
    rng.shuffle(listed)
    assert RateBook.build(listed, overlap=overlap).resolve(query) == before


@unhurried
@given(cards(), queries(), OVERLAPS, st.data())
def test_a_future_card_never_changes_the_rate_of_an_earlier_day(
    listed: list[RateCard], query: RateQuery, overlap: Overlap, data: st.DataObject
) -> None:
    """Neither a new one, nor another price of one that is there."""
    later = date.fromordinal(query.worked_on.toordinal() + 1)
    future = data.draw(one_card(99)).changed(effective_from=later, effective_to=None)
    dearer = [
        c.changed(bill_rate=c.bill_rate.times(Decimal(2))) if c.effective_from >= later else c
        for c in listed
    ]
    before = RateBook.build(listed, overlap=overlap).resolve(query)
    after = RateBook.build([*dearer, future], overlap=overlap).resolve(query)
    assert isinstance(after, Rated) == isinstance(before, Rated)
    if isinstance(before, Rated) and isinstance(after, Rated):
        assert (after.rate, after.source_id) == (before.rate, before.source_id)


@unhurried
@given(cards(), queries())
def test_a_rate_is_in_the_currency_asked_for_that_work_and_in_force_that_day(
    listed: list[RateCard], query: RateQuery
) -> None:
    result = RateBook.build(listed).resolve(query)
    if isinstance(result, Rated):
        [source] = [c for c in listed if c.id == result.source_id]
        assert source.applies_on(query.worked_on)
        assert source.bill_rate == result.rate
        assert result.rate.currency == "EUR"
        assert all(getattr(source, name) in (None, getattr(query, name)) for name in SOME)


@unhurried
@given(cards(), queries())
def test_work_is_unrated_only_where_no_card_fits_or_cards_contradict_each_other(
    listed: list[RateCard], query: RateQuery
) -> None:
    fitting = [
        c for c in listed
        if c.applies_on(query.worked_on) and c.bill_rate.currency == "EUR"
        and all(getattr(c, name) in (None, getattr(query, name)) for name in SOME)
    ]  # fmt: skip
    result = RateBook.build(listed).resolve(query)
    if isinstance(result, Unrated):
        assert result.code == "rate_ambiguous" or not fitting
    else:
        assert result.source_id in {c.id for c in fitting}
