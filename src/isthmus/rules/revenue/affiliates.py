"""Work that a sister company performs: two models, and what the group shows.

Either the performing company books the client's revenue and the contracting one keeps the
client's position (a pair of entries), or it charges a transfer price and both show revenue.
Both end in the same group figures (IFRS 10.B86(c), ASC 810-10-45-1). Which one holds is the
group's policy, so each is a function of its own and neither is a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.kit.money import Money
from isthmus.rules.journal import Account, Entry, Line, entry


@dataclass(frozen=True, slots=True)
class Pair:
    contracting: Entry
    performing: Entry


@dataclass(frozen=True, slots=True)
class Companies:
    contracting: str
    performing: str


def performed_by_affiliate(on: date, companies: Companies, own: Money, affiliate: Money) -> Pair:
    """What each company earned in a period of a contract invoiced by the contracting one."""
    contracting = entry(
        on,
        [
            Line(Account.CONTRACT_LIABILITY, own + affiliate),
            Line(Account.REVENUE, -own),
            Line(Account.DUE_TO, -affiliate, companies.performing),
        ],
    )
    performing = entry(
        on,
        [
            Line(Account.DUE_FROM, affiliate, companies.contracting),
            Line(Account.REVENUE, -affiliate),
        ],
    )
    return Pair(contracting, performing)


@dataclass(frozen=True, slots=True)
class Result:
    revenue: Money
    cost: Money

    @property
    def margin(self) -> Money:
        return self.revenue - self.cost


@dataclass(frozen=True, slots=True)
class Consolidated:
    contracting: Result
    performing: Result
    group: Result


def at_transfer_price(
    client_revenue: Money, transfer_price: Money, performer_cost: Money
) -> Consolidated:
    """The sale between the two companies is no sale of the group."""
    contracting = Result(client_revenue, transfer_price)
    performing = Result(transfer_price, performer_cost)
    group = Result(
        contracting.revenue + performing.revenue - transfer_price,
        contracting.cost + performing.cost - transfer_price,
    )
    return Consolidated(contracting, performing, group)
