import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import assignment, card, day, entry, eur, project, usd

from isthmus.canonical import RateCard, Resource
from isthmus.kit.money import Money
from isthmus.rules.rating import (
    COMPANY_CARD,
    RateBook,
    Rated,
    RateQuery,
    Tried,
    Unrated,
    query_for,
)

QUERY = RateQuery("c1", "p1", "r1", "a1", "Architect", "EUR", day("2026-03-05"))

LISTED = card("RC-1", eur("150.00"), "2026-01-01")
AGREED = card("RC-2", eur("140.00"), "2026-01-01", customer="c1")


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
        Tried("client rate card", "Architect in EUR on 2026-03-05", "none"),
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
    assert rated.trail[0].found == "none on that day: RC-2 (2025-01-01 to 2025-12-31)"


def test_another_currency_is_never_converted() -> None:
    book = RateBook.build([card("RC-U", usd("150.00"), "2026-01-01")])
    unrated = refused(book.resolve(QUERY))
    assert unrated.code == "rate_missing"
    assert "company rate card: none in EUR; priced in USD only" in unrated.reason


def test_work_without_a_role_has_no_price() -> None:
    unrated = refused(RateBook.build([LISTED]).resolve(replace(QUERY, role=None)))
    assert unrated.code == "rate_missing"
    assert unrated.trail[-1].found == "the entry has no role"


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
    book = RateBook.build([LISTED], [agreed], use_assignment_rates=True)
    rated = found(book.resolve(QUERY))
    assert (rated.rate, rated.scope, rated.source_id) == (eur("175.00"), "assignment", "a1")


def test_an_assignment_without_a_rate_leaves_the_cards_to_decide() -> None:
    book = RateBook.build([LISTED], [assignment()], use_assignment_rates=True)
    assert found(book.resolve(QUERY)).scope == "company rate card"


def test_an_assignment_rate_ends_with_the_assignment() -> None:
    over = assignment(bill_rate=eur("175.00"), ends_on="2026-02-28")
    book = RateBook.build([LISTED], [over], use_assignment_rates=True)
    assert found(book.resolve(QUERY)).rate == eur("150.00")


def test_the_order_of_scopes_is_data() -> None:
    book = RateBook.build([LISTED, AGREED], scopes=(COMPANY_CARD,))
    assert found(book.resolve(QUERY)).rate == eur("150.00")


def test_the_role_is_the_entrys_then_the_assignments_then_the_persons() -> None:
    person = Resource(id="r1", name="Somebody", role="Analyst")
    bare = entry(role=None)
    assert query_for(entry(role="Lead"), project(), assignment(), person).role == "Lead"
    assert query_for(bare, project(), assignment(), person).role == "Architect"
    assert query_for(bare, project(), assignment(role=None), person).role == "Analyst"
    assert query_for(bare, project()).role is None


DAYS = st.dates(min_value=day("2025-01-01"), max_value=day("2027-12-31"))
CARDS = st.lists(
    st.builds(
        lambda n, rate, starts, length, client, currency: RateCard(
            id=f"id-{n}",
            number=f"RC-{n}",
            role="Architect",
            customer=client,
            bill_rate=Money.of(rate, currency),
            effective_from=starts,
            effective_to=length and starts.fromordinal(starts.toordinal() + length),
        ),
        st.integers(0, 10_000),
        st.integers(50, 400),
        DAYS,
        st.none() | st.integers(1, 400),
        st.sampled_from([None, "c1", "c2"]),
        st.sampled_from(["EUR", "USD"]),
    ),
    max_size=8,
    unique_by=lambda c: c.id,
)


@given(CARDS, DAYS, st.randoms(use_true_random=False))
def test_shuffling_the_cards_never_changes_the_result(
    cards: list[RateCard], worked_on: object, rng: random.Random
) -> None:
    query = replace(QUERY, worked_on=worked_on)
    before = RateBook.build(cards).resolve(query)
    rng.shuffle(cards)
    assert RateBook.build(cards).resolve(query) == before


@given(CARDS, DAYS, st.integers(1, 500), st.sampled_from([None, "c1"]))
def test_a_future_card_never_changes_the_rate_of_an_earlier_day(
    cards: list[RateCard], worked_on: object, rate: int, client: str | None
) -> None:
    query = replace(QUERY, worked_on=worked_on)
    later = query.worked_on.fromordinal(query.worked_on.toordinal() + 1)
    future = card("RC-F", eur(rate), later.isoformat(), customer=client)
    before = RateBook.build(cards).resolve(query)
    after = RateBook.build([*cards, future]).resolve(query)
    assert isinstance(after, Rated) == isinstance(before, Rated)
    if isinstance(before, Rated) and isinstance(after, Rated):
        assert (after.rate, after.source_id) == (before.rate, before.source_id)


@given(CARDS, DAYS)
def test_a_rate_is_in_the_currency_asked_and_in_force_that_day(
    cards: list[RateCard], worked_on: object
) -> None:
    query = replace(QUERY, worked_on=worked_on)
    result = RateBook.build(cards).resolve(query)
    if isinstance(result, Rated):
        [source] = [c for c in cards if c.id == result.source_id]
        assert source.applies_on(query.worked_on)
        assert source.bill_rate == result.rate
        assert result.rate.currency == "EUR"
        assert source.customer in (None, "c1")
