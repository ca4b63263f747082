"""Transfer prices, both companies' books, chains, a client's cap."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.case_file import Inputs
from tests.rules.revenue.case_file import first_number

from isthmus.canonical import ExchangeRate
from isthmus.kit.money import Money
from isthmus.rules.intercompany.books import BooksCurrencies, book
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
from isthmus.rules.revenue.affiliates import Companies, Pair, performed_by_affiliate
from isthmus.rules.revenue.position import Movement, roll_forward
from isthmus.rules.revenue.progress import Measured, earned_to_date
from isthmus.rules.rounding import share

WORKED = date(2026, 3, 5)
PAIR = Companies(contracting="A", performing="B")


def work(given: Inputs, cost: str = "0", currency: str = "USD", client: str | None = None) -> Work:
    return Work(
        WORKED,
        Decimal(given["hours"]),
        "Consultant",
        Money.of(cost, currency),
        None if client is None else Money.of(client, currency),
    )


def cost_plus(percent: str | Decimal) -> TransferTerms:
    return TransferTerms(TransferMethod.COST_PLUS, Decimal(percent))


def card(rate: str, currency: str) -> TransferTerms:
    return TransferTerms(TransferMethod.CARD, card={"Consultant": Money.of(rate, currency)})


def moved(hours: Work, terms: TransferTerms) -> Transfer:
    found = transfer(hours, Link(PAIR, terms))
    assert isinstance(found, Transfer), found
    return found


def booked(found: Transfer, books: BooksCurrencies, *rates: ExchangeRate) -> Pair:
    pair = book(found, WORKED, books, rates)
    assert isinstance(pair, Pair), pair
    return pair


def on_account(entry: Entry, account: Account) -> Money:
    [line] = [line for line in entry.lines if line.account is account]
    return line.debit or line.credit


@BILLING.case("IC-01")
def plus_ten(given: Inputs) -> dict[str, Any]:
    found = moved(work(given, given["cost_rate"]), cost_plus(given["markup"]))
    shown = delivered(found.document, [found])
    theirs = shown.companies["B"]
    return {
        "transfer_price": found.document,
        "performing": {
            "revenue": theirs.revenue,
            "cost": theirs.cost,
            "margin": theirs.margin,
        },
        "contracting_cost": shown.companies["A"].cost,
    }


@BILLING.case("IC-03")
def two_currencies(given: Inputs) -> dict[str, Any]:
    theirs = given["cost_currency"]
    found = moved(work(given, given["cost_rate"], theirs), cost_plus(given["markup"]))
    rate = ExchangeRate(id="r1", source=theirs, target="USD", rated_on=WORKED, rate=given["gbpusd"])
    pair = booked(found, BooksCurrencies("USD", theirs), rate)
    cost = on_account(pair.contracting, Account.INTERCOMPANY_COST)
    return {
        "ic_invoice": f"{found.document.amount} {found.document.currency}",
        "contracting_cost": f"{cost.amount} {cost.currency}",
    }


@BILLING.case("IC-04")
def due_to_and_from(given: Inputs) -> dict[str, Any]:
    licence, _, ours, _ = given["licence"].split()
    services, _, theirs, done, _ = given["services"].split()
    invoiced = Money.of(first_number(given["client_invoice"]), "USD")
    own = Money.of(licence, "USD")
    lent = earned_to_date(
        Money.of(services, "USD"), Measured(Decimal(done.rstrip("%")), Decimal(100))
    )
    pair = performed_by_affiliate(WORKED, Companies(ours, theirs), own, lent)
    story = [
        Movement(date(2026, 1, 1), billed=invoiced),
        Movement(WORKED, earned=own + lent),
    ]
    left = roll_forward("USD", story).balances[-1].contract_liability
    return {
        ours: _lines(pair.contracting, "licence"),
        theirs: _lines(pair.performing, "services"),
        f"contract_liability_{ours}": left,
    }


def _lines(entry: Entry, earned: str) -> list[dict[str, Any]]:
    names = {Account.REVENUE: f"revenue {earned}"}
    found = []
    for line in entry.lines:
        name = names.get(line.account, line.account.value.replace("_", " "))
        account = f"{name} {line.counterparty}" if line.counterparty else name
        side = {"dr": line.debit} if line.debit else {"cr": line.credit}
        found.append({"account": account, **side})
    return found


@BILLING.case("IC-05")
def capped_for_the_client(given: Inputs) -> dict[str, Any]:
    hours = work(given)
    found = moved(hours, card(given["transfer_rate"], "USD"))
    value = share(Money.of(given["client_rate"], "USD"), hours.hours)
    shown = delivered(value, [found], Money.of(given["cap_remaining"], "USD"))
    return {
        "client_invoice": shown.billed,
        "excess_held": shown.held,
        "transfer_price": found.document,
        "contracting_margin": shown.companies["A"].margin,
    }


@BILLING.case("IC-07")
def one_document(given: Inputs) -> dict[str, Any]:
    currency = given["currency"]
    found = moved(work(given, currency=currency), card(given["rate"], currency))
    pair = booked(found, BooksCurrencies(currency, currency))
    return {
        "document_amount": found.document,
        "receivable": on_account(pair.performing, Account.DUE_FROM),
        "payable": on_account(pair.contracting, Account.DUE_TO),
    }


@BILLING.case("IC-08")
def chain_of_three(given: Inputs) -> dict[str, Any]:
    of_client = TransferTerms(TransferMethod.CLIENT_RATE, first_number(given["a_to_b"]))
    cost, percent = (first_number(part) for part in given["b_to_c"].split("+"))
    hours = work(given, str(cost), client=given["client_rate"])
    links = [
        Link(Companies("A", "B"), of_client),
        Link(Companies("B", "C"), cost_plus(percent)),
    ]
    found = transfers(hours, links)
    assert isinstance(found, tuple), found
    value = share(Money.of(given["client_rate"], "USD"), hours.hours)
    by_a, by_b = found
    return {
        "client_invoice": delivered(value, found).billed,
        "b_invoices_a": by_a.document,
        "c_invoices_b": by_b.document,
    }
