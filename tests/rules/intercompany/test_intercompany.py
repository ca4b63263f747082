from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.expenses.facts import booked, rate
from tests.rules.facts import contract, day, eur, usd

from isthmus.canonical import Resource
from isthmus.kit.money import Money
from isthmus.rules.intercompany.books import BooksCurrencies, book, eliminate
from isthmus.rules.intercompany.parties import companies_of
from isthmus.rules.intercompany.results import delivered
from isthmus.rules.intercompany.transfer import (
    Link,
    Transfer,
    TransferMethod,
    TransferTerms,
    Work,
    transfer,
    transfers,
)
from isthmus.rules.journal import Account, Entry
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.revenue.affiliates import Companies, Pair, Result, at_transfer_price

COMPANIES = Companies(contracting="US01", performing="UK01")
MARCH = day("2026-03-05")
CARD = TransferTerms(TransferMethod.CARD, card={"Consultant": usd(120)})


def gbp(amount: str | int) -> Money:
    return Money.of(amount, "GBP")


WORK = Work(MARCH, Decimal(10), "Consultant", gbp(88), usd(200))


def moved(work: Work, terms: TransferTerms, currency: str | None = None) -> Transfer:
    found = transfer(work, Link(COMPANIES, terms, currency), [rate("GBP", "USD", "1.25")])
    assert isinstance(found, Transfer), found
    return found


def person(employer: str | None) -> Resource:
    return Resource(id="r1", name="Consultant 1", employee_number="E7", legal_entity=employer)


def test_the_employer_and_the_contract_say_who_is_intercompany() -> None:
    american = contract(legal_entity="US01")

    assert companies_of(person("UK01"), american) == COMPANIES
    assert companies_of(person("US01"), american) is None
    unknown = companies_of(person(None), american)
    assert isinstance(unknown, Problem)
    assert unknown.code == "employer_missing"


@pytest.mark.parametrize(
    ("terms", "price"),
    [
        (TransferTerms(TransferMethod.COST), gbp(880)),
        (TransferTerms(TransferMethod.COST_PLUS, Decimal("7.5")), gbp(946)),
        (TransferTerms(TransferMethod.CLIENT_RATE, Decimal(60)), usd(1200)),
        (CARD, usd(1200)),
    ],
)
def test_the_four_prices(terms: TransferTerms, price: Money) -> None:
    found = moved(WORK, terms)

    assert (found.document, found.cost) == (price, gbp(880))


def test_a_price_may_be_invoiced_in_another_currency_and_is_rounded_once() -> None:
    """3.333 h at 88.00 and 7.5 percent are 315.3018 pounds, so 394.12725 dollars."""
    odd = replace(WORK, hours=Decimal("3.333"))
    terms = TransferTerms(TransferMethod.COST_PLUS, Decimal("7.5"))

    assert moved(odd, terms, "USD").document == usd("394.13")


def test_a_role_without_a_price_waits_and_a_missing_percent_is_refused() -> None:
    found = transfer(replace(WORK, role="Partner"), Link(COMPANIES, CARD))
    assert isinstance(found, Problem)
    assert found.code == "transfer_rate_missing"

    with pytest.raises(Unusable, match="percent"):
        moved(WORK, TransferTerms(TransferMethod.COST_PLUS))
    by_rate = TransferTerms(TransferMethod.CLIENT_RATE, Decimal(60))
    with pytest.raises(Unusable, match="client_rate"):
        moved(replace(WORK, client_rate=None), by_rate)


def test_a_missing_exchange_rate_is_no_guess() -> None:
    found = transfer(WORK, Link(COMPANIES, CARD, "EUR"), [rate("GBP", "USD", "1.1")])

    assert isinstance(found, Problem)
    assert found.code == "exchange_rate_missing"


def test_each_company_books_the_one_document_in_its_own_currency() -> None:
    """Dynamics 365: 880 pounds of cost, 1,200 dollars between the two, 2,000 to the client."""
    rates = [rate("USD", "GBP", "0.79")]
    pair = book(moved(WORK, CARD), MARCH, BooksCurrencies("USD", "GBP"), rates)

    assert isinstance(pair, Pair)
    assert booked((pair.contracting, pair.performing)) == [
        {"intercompany_cost": "dr 1,200.00 USD", "due_to": "cr 1,200.00 USD"},
        {"due_from": "dr 948.00 GBP", "intercompany_revenue": "cr 948.00 GBP"},
    ]
    assert {line.counterparty for line in pair.contracting.lines} == {"UK01"}
    assert {line.counterparty for line in pair.performing.lines} == {"US01"}


def test_the_client_s_cap_is_the_contracting_company_s_loss() -> None:
    card = TransferTerms(TransferMethod.CARD, card={"Consultant": usd(90)})
    work = replace(WORK, cost_rate=usd(60))
    shown = delivered(usd(2000), [moved(work, card)], usd(800))

    assert (shown.billed, shown.held) == (usd(800), usd(1200))
    assert shown.companies["US01"] == Result(usd(800), usd(900))
    assert shown.companies["UK01"] == Result(usd(900), usd(600))
    assert shown.group == Result(usd(800), usd(600))


def test_two_companies_show_what_the_revenue_rules_show() -> None:
    work = replace(WORK, cost_rate=usd(60))
    found = moved(work, CARD)
    shown = delivered(usd(2000), [found])
    other = at_transfer_price(usd(2000), found.document, found.cost)

    assert shown.companies == {"US01": other.contracting, "UK01": other.performing}
    assert shown.group == other.group


LINKS = (
    Link(Companies("A", "B"), TransferTerms(TransferMethod.CLIENT_RATE, Decimal(75))),
    Link(Companies("B", "C"), TransferTerms(TransferMethod.COST_PLUS, Decimal(5))),
)


def test_in_a_chain_the_next_company_s_invoice_is_the_cost() -> None:
    work = Work(MARCH, Decimal(8), "Consultant", usd(70), usd(200))
    plus_ten = Link(LINKS[0].companies, TransferTerms(TransferMethod.COST_PLUS, Decimal(10)))
    found = transfers(work, [plus_ten, LINKS[1]])

    assert isinstance(found, tuple)
    assert [(each.document, each.cost) for each in found] == [
        (usd("646.80"), usd("588.00")), (usd("588.00"), usd("560.00")),
    ]  # fmt: skip


def test_companies_that_form_no_chain_are_refused() -> None:
    with pytest.raises(Unusable, match="form no chain"):
        transfers(WORK, LINKS[::-1])


def test_the_group_shows_neither_sale_nor_debt_between_its_companies() -> None:
    work = Work(MARCH, Decimal(8), "Consultant", usd(70), usd(200))
    chain = transfers(work, LINKS)
    assert isinstance(chain, tuple)
    books = BooksCurrencies("USD", "USD")
    entries = [_entries(book(each, MARCH, books)) for each in chain]
    group = eliminate(MARCH, chain, "USD")
    assert isinstance(group, Entry)

    assert _sums([*entries[0], *entries[1], group]) == {}


def _entries(pair: Pair | Problem) -> tuple[Entry, Entry]:
    assert isinstance(pair, Pair)
    return pair.contracting, pair.performing


def _sums(entries: list[Entry]) -> dict[Account, Money]:
    found: dict[Account, Money] = {}
    for line in (line for posted in entries for line in posted.lines):
        found[line.account] = found.get(line.account, usd(0)) + line.amount
    return {account: amount for account, amount in found.items() if amount}


@settings(deadline=None)
@given(
    st.integers(1, 10**6),
    st.integers(1, 10**5),
    st.integers(0, 200),
    st.integers(1, 50_000),
    st.sampled_from(["USD", "GBP", "EUR", "JPY"]),
    st.sampled_from(["USD", "GBP", "EUR", "JPY"]),
)
def test_both_sides_mirror_each_other(
    thousandths: int, cents: int, percent: int, value: int, theirs: str, ours: str
) -> None:
    """The borrower's cost is the lender's sale, in the currency of the invoice, to the cent."""
    cost = Money.of(Decimal(cents).scaleb(-2), theirs).rounded()
    work = Work(MARCH, Decimal(thousandths).scaleb(-3), "Consultant", cost)
    terms = TransferTerms(TransferMethod.COST_PLUS, Decimal(percent))
    found = transfer(work, Link(COMPANIES, terms))
    assert isinstance(found, Transfer)
    rates = [rate(theirs, ours, str(Decimal(value) / 1000))] if theirs != ours else []
    mine = _entries(book(found, MARCH, BooksCurrencies(theirs, theirs), rates))
    abroad = _entries(book(found, MARCH, BooksCurrencies(ours, theirs), rates))

    assert _on(mine[0], Account.INTERCOMPANY_COST) == found.document.amount
    assert _on(mine[1], Account.INTERCOMPANY_REVENUE) == -found.document.amount
    assert _on(mine[0], Account.DUE_TO) == -_on(mine[1], Account.DUE_FROM)
    assert abroad[1] == mine[1]
    assert {line.amount.currency for line in abroad[0].lines} <= {ours}
    assert found.document >= found.cost


def _on(posted: Entry, account: Account) -> Decimal:
    return sum((line.amount.amount for line in posted.lines if line.account is account), Decimal(0))


def test_a_free_hour_moves_nothing() -> None:
    free = moved(replace(WORK, cost_rate=eur(0)), TransferTerms(TransferMethod.COST))
    pair = book(free, MARCH, BooksCurrencies("EUR", "EUR"))

    assert isinstance(pair, Pair)
    assert (pair.contracting.lines, pair.performing.lines) == ((), ())
