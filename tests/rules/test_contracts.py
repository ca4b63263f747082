import itertools

import pytest
from tests.rules.facts import contract, day, deal, eur

from isthmus.canonical import Contract
from isthmus.rules.contracts import amend, covers, ends_on

CAPPED = contract(cap=eur("10000.00"))
MORE = deal(
    id="o2", name="More hours", amends="o1", amount=eur("2500.00"),
    starts_on="2026-03-01", ends_on=None, lines=(),
)  # fmt: skip
LONGER = deal(
    id="o3", name="Extension", amends="o1", amount=eur("4000.00"),
    starts_on="2026-05-01", ends_on="2026-12-31", lines=(),
)  # fmt: skip


def caps(amended: Contract) -> list[object]:
    days = ("2026-02-28", "2026-03-01", "2026-04-30", "2026-05-01")
    return [amended.cap_on(day(text)) for text in days]


def test_the_amount_raises_the_cap_from_the_deals_first_day() -> None:
    amended = amend(CAPPED, MORE)
    assert caps(amended) == [eur("10000.00"), eur("12500.00"), eur("12500.00"), eur("12500.00")]
    [amendment] = amended.amendments
    assert (amendment.number, amendment.effective_on) == (1, day("2026-03-01"))
    assert (amendment.opportunity, amendment.value_change) == ("o2", eur("2500.00"))
    assert amended.cap == eur("10000.00"), "first terms stay as they were signed"


def test_a_cap_of_its_own_replaces_the_old_one() -> None:
    amended = amend(CAPPED, MORE.changed(cap=eur("9000.00")))
    assert amended.cap_on(day("2026-03-01")) == eur("9000.00")


def test_a_contract_without_a_cap_gets_none_from_an_amount() -> None:
    assert caps(amend(contract(), MORE)) == [None] * 4
    assert amend(contract(), MORE.changed(cap=eur("1"))).cap_on(day("2026-03-01")) == eur("1")


def test_the_end_moves_from_the_amendments_day_on() -> None:
    amended = amend(CAPPED, LONGER)
    assert ends_on(amended, day("2026-04-30")) == day("2026-06-30")
    assert ends_on(amended, day("2026-05-01")) == day("2026-12-31")
    assert covers(amended, day("2026-12-31"))
    assert not covers(amended, day("2027-01-01"))
    assert not covers(CAPPED, day("2026-07-01"))
    assert not covers(CAPPED, day("2025-12-31"))


def test_a_deal_amends_once_however_often_it_arrives() -> None:
    once = amend(CAPPED, MORE)
    assert amend(once, MORE) == once
    assert amend(amend(once, LONGER), MORE) == amend(once, LONGER)


@pytest.mark.parametrize("last_cap", [None, eur("20000.00")])
def test_two_amendments_give_the_same_terms_in_either_order(last_cap: object) -> None:
    deals = (MORE, LONGER.changed(cap=last_cap))
    results = [
        caps(amend(amend(CAPPED, first), second)) for first, second in itertools.permutations(deals)
    ]
    assert results[0] == results[1]
    assert results[0][2:] == [eur("12500.00"), last_cap or eur("16500.00")]


def test_the_close_date_serves_where_there_is_no_start() -> None:
    amended = amend(CAPPED, MORE.changed(starts_on=None, close_on=day("2026-02-20")))
    assert amended.amendments[0].effective_on == day("2026-02-20")
    with pytest.raises(ValueError, match="More hours: an amendment needs a first day"):
        amend(CAPPED, MORE.changed(starts_on=None))


def test_another_currency_is_never_added() -> None:
    with pytest.raises(ValueError, match="different currencies"):
        amend(
            contract(cap=eur("1"), currency="EUR"),
            MORE.changed(amount={"amount": "5", "currency": "USD"}),
        )
