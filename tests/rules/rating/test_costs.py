from dataclasses import replace

from tests.rules.facts import card, day, eur, usd

from isthmus.canonical import Resource
from isthmus.rules.rating import RateBook, Rated, RateQuery, Unrated

QUERY = RateQuery("c1", "p1", "r1", None, "Architect", "EUR", day("2026-03-05"))
PERSON = Resource(id="r1", name="Consultant 1", cost_rate=eur("70.00"))
AVERAGE = card("RC-1", eur("150.00"), "2026-01-01", cost_rate=eur("80.00"))


def cost(book: RateBook, query: RateQuery = QUERY) -> Rated | Unrated:
    return book.resolve(query)


def test_the_persons_own_cost_goes_before_the_average_of_the_role() -> None:
    found = cost(RateBook.of_costs([AVERAGE], [PERSON]))
    assert isinstance(found, Rated)
    assert (found.rate, found.source_label) == (eur("70.00"), "the person's cost")


def test_a_dated_cost_of_the_person_goes_before_the_undated_one() -> None:
    raise_in_march = card(
        "CC-1", eur("150.00"), "2026-03-01", role=None, resource="r1", cost_rate=eur("75.00")
    )
    book = RateBook.of_costs([AVERAGE, raise_in_march], [PERSON])
    february = replace(QUERY, worked_on=day("2026-02-28"))
    rates = [found.rate for found in (cost(book), cost(book, february)) if isinstance(found, Rated)]
    assert rates == [eur("75.00"), eur("70.00")]


def test_a_person_without_a_cost_costs_the_average_of_the_role_on_that_day() -> None:
    later = card("RC-2", eur("160.00"), "2026-03-01", cost_rate=eur("85.00"))
    earlier = AVERAGE.changed(effective_to="2026-02-28")
    book = RateBook.of_costs([later, earlier])
    february = replace(QUERY, worked_on=day("2026-02-28"))
    rates = [found.rate for found in (cost(book), cost(book, february)) if isinstance(found, Rated)]
    assert rates == [eur("85.00"), eur("80.00")]


def test_a_price_is_no_cost() -> None:
    found = cost(RateBook.of_costs([card("RC-1", eur("150.00"), "2026-01-01")]))
    assert isinstance(found, Unrated)
    assert found.code == "rate_missing"


def test_a_cost_in_another_currency_is_not_converted() -> None:
    abroad = Resource(id="r1", name="Consultant 1", cost_rate=usd("70.00"))
    found = cost(RateBook.of_costs([], [abroad]))
    assert isinstance(found, Unrated)
    assert "person's record: none in EUR; priced in USD only" in found.reason
