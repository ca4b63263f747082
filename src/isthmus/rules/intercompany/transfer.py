"""Transfer price: what the performing company charges for the hours it lends.

The price follows from the hours worked, not from what the client pays: a cap on the client's side
does not cap it, and the contracting company bears the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from isthmus.canonical import ExchangeRate
from isthmus.kit.money import Money, step_of
from isthmus.rules.fx import find_rate
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable, refuse_unless
from isthmus.rules.revenue.affiliates import Companies
from isthmus.rules.rounding import nearest


class TransferMethod(StrEnum):
    """No default: the group's transfer pricing file says which."""

    COST = "cost"
    COST_PLUS = "cost_plus"
    CLIENT_RATE = "client_rate"
    """A percent of what the client pays per hour."""
    CARD = "card"
    """A rate per hour by role, as Dynamics 365 and NetSuite keep transfer price lists."""


@dataclass(frozen=True, slots=True)
class TransferTerms:
    """`percent` is added to cost, or taken of the client's rate. `card` is by role."""

    method: TransferMethod
    percent: Decimal | None = None
    card: Mapping[str, Money] = field(default_factory=dict)

    @property
    def part(self) -> Fraction:
        if self.percent is None or self.percent < 0:
            raise Unusable(
                "percent",
                f"A transfer price by {self.method} needs a percent that is not below zero.",
                "Set the percent that the group's transfer pricing file states.",
            )
        return Fraction(self.percent) / 100


@dataclass(frozen=True, slots=True)
class Work:
    """Rates are per hour; `cost_rate` in the employer's currency, `client_rate` in the client's."""

    worked_on: date
    hours: Decimal
    role: str
    cost_rate: Money
    client_rate: Money | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """`currency` of the invoice between the two; None: that of the price."""

    companies: Companies
    terms: TransferTerms
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """`document` is the one amount on the invoice that both companies book.

    `cost` is what the performing company bears for it: its person, or the next company's invoice.
    """

    companies: Companies
    worked_on: date
    document: Money
    cost: Money


_Exact = tuple[Fraction, str]
"""An amount that is not rounded yet: only the invoice is, in its own currency."""


def transfer(work: Work, link: Link, rates: Sequence[ExchangeRate] = ()) -> Transfer | Problem:
    found = transfers(work, [link], rates)
    return found if isinstance(found, Problem) else found[0]


def transfers(
    work: Work, links: Sequence[Link], rates: Sequence[ExchangeRate] = ()
) -> tuple[Transfer, ...] | Problem:
    """Along a chain, the contracting company's link first, the employer's last.

    Worked out from the employer up: to a company in the middle, the next one's invoice is its cost.
    """
    refuse_unless(bool(links) and _joined(links), "links", "The companies form no chain.",
                  "Name the links in order, each company buying from the next.")  # fmt: skip
    found: list[Transfer] = []
    cost, currency = Fraction(work.cost_rate.amount) * Fraction(work.hours), work.cost_rate.currency
    for link in reversed(links):
        document = _document(work, link, (cost, currency), rates)
        if isinstance(document, Problem):
            return document
        borne = _rounded(cost, currency)
        found.append(Transfer(link.companies, work.worked_on, document, borne))
        cost, currency = Fraction(document.amount), document.currency
    return tuple(reversed(found))


def _joined(links: Sequence[Link]) -> bool:
    return all(
        one.companies.performing == two.companies.contracting for one, two in pairwise(links)
    )


def _document(
    work: Work, link: Link, cost: _Exact, rates: Iterable[ExchangeRate]
) -> Money | Problem:
    price = _price(work, link.terms, cost)
    if isinstance(price, Problem):
        return price
    exact, natural = price
    currency = link.currency or natural
    rate = find_rate(rates, natural, currency, work.worked_on)
    if isinstance(rate, Problem):
        return rate
    return _rounded(exact * rate.value, currency)


def _price(work: Work, terms: TransferTerms, cost: _Exact) -> _Exact | Problem:
    borne, currency = cost
    hours = Fraction(work.hours)
    match terms.method:
        case TransferMethod.COST:
            return cost
        case TransferMethod.COST_PLUS:
            return borne * (1 + terms.part), currency
        case TransferMethod.CLIENT_RATE:
            rate = _client_rate(work)
            return Fraction(rate.amount) * hours * terms.part, rate.currency
        case TransferMethod.CARD:
            if work.role not in terms.card:
                return _unpriced(work)
            listed = terms.card[work.role]
            return Fraction(listed.amount) * hours, listed.currency


def _client_rate(work: Work) -> Money:
    if work.client_rate is None:
        raise Unusable(
            "client_rate",
            f"The work of {work.worked_on} has no rate to take a percent of.",
            "Rate the hours for the client first, or agree on another transfer price.",
        )
    return work.client_rate


def _unpriced(work: Work) -> Problem:
    return Problem(
        "transfer_rate_missing",
        f"the transfer price card has no rate for {work.role}, who worked on {work.worked_on}",
        "finance",
        f"Add {work.role} to the transfer price card, then replay.",
    )


def _rounded(exact: Fraction, currency: str) -> Money:
    return Money.of(nearest(exact, step_of(currency)), currency)
