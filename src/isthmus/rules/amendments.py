"""What an amendment changes besides the contract itself: prices, instalments, work already done.

A price that an amendment agrees is the project's own rate card from the amendment's first day on.
What priced the role before ends the day before; the order in which amendments arrive never shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from isthmus.canonical import Contract, Opportunity, RateCard
from isthmus.canonical.contract import Amendment
from isthmus.canonical.opportunity import BillingModel, OpportunityLine
from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.rules.deals import DealContext, in_crm, listed, told
from isthmus.rules.facts import Fact
from isthmus.rules.problems import Problem
from isthmus.rules.rating import RateBook, Rated, RateQuery

DAY = timedelta(days=1)


class AmendmentOfBilledWork(StrEnum):
    """What becomes of work on or after an amendment's first day that is invoiced already, when the
    amendment comes late. What is not invoiced is always priced again.
    """

    LEAVE = "leave"
    """Default: the invoice stands, and the difference is recorded with the amendment."""
    HOLD = "hold"
    """Finance decides; the hold names the difference."""
    CREDIT_AND_REBILL = "credit_and_rebill"
    """A credit memo is asked for, per invoice, and the work is billed again."""


@dataclass(frozen=True, slots=True)
class CardPlan:
    """Rate cards to make, and those that are there and get another last day."""

    new: tuple[RateCard, ...] = ()
    ended: tuple[RateCard, ...] = ()


def check_added(deal: Opportunity, contract: Contract, ctx: DealContext) -> Iterator[Problem]:
    """Whether the deal's lines can be added to this contract."""
    if deal.billing_model is not contract.billing_model:
        yield in_crm(
            "amendment_model", deal, f"it is sold as {deal.billing_model}, contract "
            f"{contract.number} is {contract.billing_model}",
            "Correct the billing model, or sell it as a new deal", "billing_model",
        )  # fmt: skip
        return
    if contract.billing_model is BillingModel.FIXED_FEE:
        yield from _check_instalments(deal, contract)
    else:
        yield from _check_prices(deal, contract, ctx)


def _check_instalments(deal: Opportunity, contract: Contract) -> Iterator[Problem]:
    if any(line.reprices for line in deal.lines):
        yield in_crm(
            "price_on_fixed_fee", deal, f"it changes the price of a role, and contract "
            f"{contract.number} is a fixed fee", "Clear the mark on the lines", "lines",
        )  # fmt: skip
    if deal.amount is not None and deal.amount.amount > 0 and not deal.lines:
        yield in_crm(
            "instalments_missing", deal, f"nothing says when the {deal.amount} more are billed",
            "Add the instalments sold", "lines",
        )  # fmt: skip


def _check_prices(deal: Opportunity, contract: Contract, ctx: DealContext) -> Iterator[Problem]:
    lines = [line for line in deal.lines if line.reprices and line.role]
    yield from _each_price(deal, contract, lines, ctx.known_roles)
    roles = [line.role for line in lines]
    if twice := sorted({str(role) for role in roles if roles.count(role) > 1}):
        yield in_crm(
            "price_twice", deal, f"it sets two prices for {listed(twice)}",
            "Leave one line per role that changes its price", "lines",
        )  # fmt: skip
    same_day = [
        a
        for a in contract.amendments
        if a.effective_on == deal.starts_on
        and a.opportunity != deal.id
        and {p.role for p in a.prices} & set(roles)
    ]
    if same_day:
        yield in_crm(
            "price_same_day", deal, f"amendment {same_day[0].number} of contract {contract.number} "
            f"sets the price of the same role from {deal.starts_on} too",
            "Let the later agreement start on another day", "starts_on",
        )  # fmt: skip


def _each_price(
    deal: Opportunity,
    contract: Contract,
    lines: Sequence[OpportunityLine],
    known: frozenset[str] | None,
) -> Iterator[Problem]:
    for line in lines:
        price = line.unit_price
        if price.amount <= 0:
            yield in_crm(
                "price_not_positive", deal, f"its price of {line.role} is {price}",
                "Correct the price, or make the work not billable in the PSA", "lines",
            )  # fmt: skip
        if price.currency != contract.currency:
            yield in_crm(
                "price_currency", deal, f"its price of {line.role} is in {price.currency}, "
                f"contract {contract.number} in {contract.currency}",
                "Put it into the currency of the contract", "lines",
            )  # fmt: skip
        if known is not None and line.role not in known:
            yield told(
                "pmo", "role_unknown", deal, f"the PSA prices no role {line.role!r}; it has "
                f"{listed(known)}", "Name a role of the PSA on the line, or price it there first",
                "lines",
            )  # fmt: skip


def cards_after(cards: Iterable[RateCard], contract: Contract, project: str) -> CardPlan | Problem:
    """The project's rate cards as the contract's amendments want them.

    `cards` are all of its PSA, those of other projects too. One that prices the same role on the
    project and starts before an agreed price ends the day before it; one that starts while an
    agreed price is in force is refused, because nobody could say which of the two is agreed.
    """
    known = {card.id: card for card in cards}
    new: list[RateCard] = []
    ended: list[RateCard] = []
    for role in sorted({p.role for a in contract.amendments for p in a.prices}):
        agreed = list(_agreed(known, contract, project, role))
        others = _others(known.values(), contract, project, role, {c.id for c in agreed})
        if clash := _clash(others, agreed[0]):
            return clash
        first = agreed[0].effective_from
        for card in (*agreed, *(_ending_before(card, first) for card in others)):
            if card.id not in known:
                new.append(card)
            elif card.effective_to != known[card.id].effective_to:
                ended.append(card)
    return CardPlan(tuple(new), tuple(ended))


def _agreed(
    known: Mapping[str, RateCard], contract: Contract, project: str, role: str
) -> Iterator[RateCard]:
    """In order of days; each ends where the next one starts. One that is there stays as it is."""
    pricing = [a for a in contract.amendments if any(p.role == role for p in a.prices)]
    for amendment, following in pairwise((*pricing, None)):
        assert amendment is not None
        card = known.get(_card_id(contract, amendment, role))
        card = card or _card(known.values(), contract, project, amendment, role)
        yield _ending_before(card, following.effective_on) if following else card


def _card_id(contract: Contract, amendment: Amendment, role: str) -> str:
    deal = amendment.opportunity or str(amendment.number)
    return derived_id("rate_card", contract.id, deal, role)


def _card(
    cards: Iterable[RateCard], contract: Contract, project: str, amendment: Amendment, role: str
) -> RateCard:
    """The cost of the role is that of the card in force: what a client pays does not change it."""
    day, cards = amendment.effective_on, list(cards)
    [rate] = [p.rate for p in amendment.prices if p.role == role]
    before = price_on(RateBook.build(cards), contract, project, role, day)
    costs = {card.id: card.cost_rate for card in cards}
    return RateCard(
        id=_card_id(contract, amendment, role),
        number=f"{contract.number}/{amendment.number} {role}",
        role=role,
        project=project,
        customer=contract.customer,
        bill_rate=rate,
        cost_rate=costs.get(before.source_id) if before else None,
        effective_from=day,
    )


def _others(
    cards: Iterable[RateCard], contract: Contract, project: str, role: str, ours: set[str]
) -> list[RateCard]:
    """Prices for everybody in the role on the project; those of a person or a task stand."""
    return [
        card
        for card in cards
        if card.project == project
        and card.role == role
        and card.bill_rate.currency == contract.currency
        and is_replaced(card)
        and card.id not in ours
    ]


def is_replaced(card: RateCard) -> bool:
    """Whether a price agreed for a role takes its place: one for a person or a task stands."""
    return card.resource is None and card.task is None


def _clash(others: Iterable[RateCard], first: RateCard) -> Problem | None:
    late = [c for c in others if c.effective_from >= first.effective_from]
    if not late:
        return None
    card = min(late, key=lambda c: (c.effective_from, c.number, c.id))
    return Problem(
        "price_overlap",
        f"rate card {card.number} prices {card.role} on the same project from "
        f"{card.effective_from} on, and the amendment from {first.effective_from} on",
        "pmo",
        f"Remove {card.number} in the PSA or correct the amendment's first day, then replay.",
        "bill_rate",
    )


def _ending_before(card: RateCard, day: date) -> RateCard:
    if card.effective_to is not None and card.effective_to < day:
        return card
    ended: RateCard = card.changed(effective_to=day - DAY)
    return ended


def price_on(
    book: RateBook, contract: Contract, project: str, role: str, day: date
) -> Rated | None:
    """What anybody's hour in the role costs on the project, as the rate cards have it."""
    query = RateQuery(contract.customer, project, "", None, role, contract.currency, day)
    found = book.resolve(query)
    return found if isinstance(found, Rated) else None


def is_of_another_day(
    stamped: Money, contract: Contract, role: str, before: Callable[[date], Money | None]
) -> bool:
    """Whether a rate that the PSA stamped is the role's agreed price of other days.

    A PSA stamps a whole timecard with the assignment's rate of the moment, and an amendment changes
    that rate between two days of a week. `before` gives the price on a day as rate cards have it.
    """
    return any(
        stamped == price.rate or stamped == before(amendment.effective_on - DAY)
        for amendment in contract.amendments
        for price in amendment.prices
        if price.role == role
    )


def value_on(contract: Contract, day: date) -> Money | None:
    """What is sold in all, as the contract stands on `day`."""
    changes = [a.value_change for a in contract.amendments if a.effective_on <= day]
    amounts = [m for m in (contract.value, *changes) if m is not None]
    return Money.total(amounts, contract.currency) if amounts else None


def price_difference(contract: Contract, fact: Fact) -> Money | None:
    """What work of a day is worth more (or less) at the price agreed by amendment; None where none
    is agreed for it, zero where it is priced so already. Rounded as an entry is.

    Tiers and days have prices of their own, which no role's price replaces.
    """
    rate = contract.prices_on(fact.work.worked_on).get(fact.work.role)
    if rate is None or fact.tier is not None or fact.unit is not RateUnit.HOUR:
        return None
    agreed: Money = fact.changed(rate=rate).amount
    return agreed - fact.amount
