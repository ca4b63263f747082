import random
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rules.facts import card, eur, usd

from isthmus.canonical import RateCard
from isthmus.rules.rating import (
    DEFAULT_SCOPES,
    Overlap,
    RateBook,
    RateQuery,
    Scope,
    Unrated,
    check_book,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A slow machine is no wrong price."""


def codes(cards: list[RateCard]) -> list[str]:
    return [problem.code for problem in check_book(cards)]


def test_an_overlap_names_both_cards_and_the_days() -> None:
    [problem] = check_book(
        [
            card("RC-1", eur("150.00"), "2026-01-01", "2026-03-31"),
            card("RC-2", eur("155.00"), "2026-03-01"),
        ]
    )
    assert problem.code == "rate_overlap"
    assert problem.reason == (
        "RC-1 and RC-2 of the company rate card both price Architect in EUR "
        "from 2026-03-01 to 2026-03-31"
    )
    assert problem.fix == "End RC-1 on 2026-02-28, or withdraw one of them, in the PSA."


def test_three_cards_for_one_day_are_three_overlaps() -> None:
    cards = [card(f"RC-{n}", eur("150.00"), f"2026-0{n}-01") for n in (1, 2, 3)]
    assert codes(cards) == ["rate_overlap"] * 3


def test_neighbours_and_other_currencies_clients_and_roles_do_not_overlap() -> None:
    assert not check_book(
        [
            card("RC-1", eur("150.00"), "2026-01-01", "2026-02-28"),
            card("RC-2", eur("155.00"), "2026-03-01"),
            card("RC-3", usd("155.00"), "2026-01-01"),
            card("RC-4", eur("140.00"), "2026-01-01", customer="c1"),
            card("RC-5", eur("140.00"), "2026-01-01", customer="c2"),
            card("RC-6", eur("140.00"), "2026-01-01", role="Analyst"),
        ]
    )


def test_a_gap_is_told_by_its_days() -> None:
    [problem] = check_book(
        [
            card("RC-2", eur("155.00"), "2026-03-15"),
            card("RC-1", eur("150.00"), "2026-01-01", "2026-02-28"),
        ]
    )
    assert problem.code == "rate_gap"
    assert problem.reason == (
        "nothing in the company rate card prices Architect in EUR from 2026-03-01 to 2026-03-14: "
        "RC-1 ends, and RC-2 starts later"
    )


def test_a_card_that_ends_before_it_starts_can_never_match() -> None:
    [problem] = check_book([card("RC-1", eur("150.00"), "2026-03-01", "2026-02-01")])
    assert (problem.code, problem.reason) == (
        "rate_unreachable",
        "RC-1 ends on 2026-02-01, before it starts on 2026-03-01",
    )


def test_a_card_of_a_scope_that_is_not_asked_can_never_match() -> None:
    project = card("RC-1", eur("150.00"), "2026-01-01", project="p1")
    without = tuple(scope for scope in DEFAULT_SCOPES if scope is not Scope.PROJECT_CARD)
    [problem] = check_book([project], without)
    assert (problem.code, problem.reason) == (
        "rate_unreachable",
        "RC-1 is of the scope project_card, which the order of scopes leaves out",
    )


def test_where_a_new_price_ends_the_old_one_only_two_of_one_first_day_overlap() -> None:
    old = card("RC-1", eur("150.00"), "2026-01-01")
    new = card("RC-2", eur("155.00"), "2026-03-01")
    assert not check_book([old, new], overlap=Overlap.LATEST_STARTS)
    twin = card("RC-0", eur("149.00"), "2026-01-01", "2026-01-31")
    [problem] = check_book([twin, old, new], overlap=Overlap.LATEST_STARTS)
    assert problem.fix == "Withdraw RC-0 or RC-1, in the PSA."


FIRST = date(2026, 1, 1)
SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.none() | st.integers(0, 40), st.sampled_from(["c1", None])),
    max_size=7,
)


def listed(spans: list[tuple[int, int | None, str | None]]) -> list[RateCard]:
    return [
        RateCard(
            id=f"id-{number}",
            number=f"RC-{number}",
            role="Architect",
            customer=client,
            bill_rate=eur(100 + number),
            effective_from=FIRST + timedelta(start),
            effective_to=None if length is None else FIRST + timedelta(start + length),
        )
        for number, (start, length, client) in enumerate(spans)
    ]


@unhurried
@given(SPANS)
def test_an_overlap_is_reported_exactly_where_rating_would_refuse(
    spans: list[tuple[int, int | None, str | None]],
) -> None:
    """Each client scope on its own, so that a narrower price hides nothing."""
    cards = listed(spans)
    reported = {p.code for p in check_book(cards)} & {"rate_overlap"}
    refused = False
    for scope in (Scope.CLIENT_CARD, Scope.COMPANY_CARD):
        book = RateBook.build(cards, scopes=(scope,))
        for day in range(120):
            query = RateQuery("c1", "p1", "r1", None, "Architect", "EUR", FIRST + timedelta(day))
            found = book.resolve(query)
            refused |= isinstance(found, Unrated) and found.code == "rate_ambiguous"
    assert bool(reported) == refused


@unhurried
@given(SPANS, st.randoms(use_true_random=False))
def test_the_order_of_the_cards_never_changes_what_is_found(
    spans: list[tuple[int, int | None, str | None]], rng: random.Random
) -> None:
    cards = listed(spans)
    before = check_book(cards)
    rng.shuffle(cards)
    assert check_book(cards) == before
