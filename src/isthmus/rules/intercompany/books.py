"""Both companies' entries of one intercompany invoice, and their elimination in the group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from isthmus.canonical import ExchangeRate
from isthmus.kit.money import Money
from isthmus.rules.fx import find_rate
from isthmus.rules.intercompany.transfer import Transfer
from isthmus.rules.journal import Account, Entry, Line, entry
from isthmus.rules.problems import Problem
from isthmus.rules.revenue.affiliates import Pair


@dataclass(frozen=True, slots=True)
class BooksCurrencies:
    """What each company keeps its books in, ISO 4217."""

    contracting: str
    performing: str


def book(
    moved: Transfer, on: date, books: BooksCurrencies, rates: Sequence[ExchangeRate] = ()
) -> Pair | Problem:
    """One document amount, translated by each company at the rate of the invoice date.

    What the contracting company owes is what the performing one is owed, in the document's
    currency to the cent; in two books' currencies they are two translations of it.
    """
    ours = _translated(moved.document, on, books.contracting, rates)
    theirs = _translated(moved.document, on, books.performing, rates)
    if isinstance(ours, Problem):
        return ours
    if isinstance(theirs, Problem):
        return theirs
    contracting, performing = moved.companies.contracting, moved.companies.performing
    return Pair(
        contracting=entry(
            on,
            [
                Line(Account.INTERCOMPANY_COST, ours, performing),
                Line(Account.DUE_TO, -ours, performing),
            ],
        ),
        performing=entry(
            on,
            [
                Line(Account.DUE_FROM, theirs, contracting),
                Line(Account.INTERCOMPANY_REVENUE, -theirs, contracting),
            ],
        ),
    )


def eliminate(
    on: date, moved: Iterable[Transfer], currency: str, rates: Sequence[ExchangeRate] = ()
) -> Entry | Problem:
    """The group's entry: no sale and no debt between its companies (IFRS 10.B86(c)).

    At the rate of the invoice date. What each company re-measured since is an exchange difference
    of the group and stays (IAS 21.45).
    """
    lines: list[Line] = []
    for each in moved:
        amount = _translated(each.document, on, currency, rates)
        if isinstance(amount, Problem):
            return amount
        contracting, performing = each.companies.contracting, each.companies.performing
        lines += [
            Line(Account.INTERCOMPANY_REVENUE, amount, contracting),
            Line(Account.INTERCOMPANY_COST, -amount, performing),
            Line(Account.DUE_TO, amount, performing),
            Line(Account.DUE_FROM, -amount, contracting),
        ]
    return entry(on, lines)


def _translated(
    amount: Money, on: date, currency: str, rates: Iterable[ExchangeRate]
) -> Money | Problem:
    rate = find_rate(rates, amount.currency, currency, on)
    return rate if isinstance(rate, Problem) else rate.of(amount)
