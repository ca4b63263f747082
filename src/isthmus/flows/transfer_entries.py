"""The pair of journal entries by which one company charges another, equal to the cent.

Performing: due from the other company, to intercompany revenue, by the cost centre of who worked.
Contracting: cost of revenue, by project and profit centre, to due to the other company.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from isthmus.canonical import JournalEntry, LegalEntity
from isthmus.canonical.journal_entry import Account, JournalLine
from isthmus.flows.transfer_charges import Charge
from isthmus.kit.money import Money
from isthmus.rules.periods import Posting

Dimensions = tuple[str | None, str | None, str | None]
"""Project, cost centre, profit centre."""


def performing_entry(
    id: str, reference: str, memo: str, parties: tuple[LegalEntity, LegalEntity], posting: Posting,
    charges: Sequence[Charge],
) -> JournalEntry:  # fmt: skip
    """`parties` are whose books, and the other company."""
    total = _total(charges)
    owed = JournalLine(account=Account.DUE_FROM, amount=total, counterparty=parties[1].id)
    earned = [
        _line(Account.INTERCOMPANY_REVENUE, -amount, parties[1], dimensions)
        for dimensions, amount in _grouped(charges, lambda f: (f.project, f.cost_centre, None))
    ]
    return _entry(id, reference, memo, parties[0], posting, (owed, *earned))


def contracting_entry(
    id: str, reference: str, memo: str, parties: tuple[LegalEntity, LegalEntity], posting: Posting,
    charges: Sequence[Charge],
) -> JournalEntry:  # fmt: skip
    """As `performing_entry`."""
    total = _total(charges)
    spent = [
        _line(Account.COST_OF_REVENUE, amount, parties[1], dimensions)
        for dimensions, amount in _grouped(charges, lambda f: (f.project, None, f.profit_centre))
    ]
    owing = JournalLine(account=Account.DUE_TO, amount=-total, counterparty=parties[1].id)
    return _entry(id, reference, memo, parties[0], posting, (*spent, owing))


def _total(charges: Sequence[Charge]) -> Money:
    return Money.total((c.amount for c in charges), charges[0].amount.currency)


def _grouped(
    charges: Sequence[Charge], by: Callable[[Any], Dimensions]
) -> list[tuple[Dimensions, Money]]:
    sums: dict[Dimensions, Money] = {}
    for charge in charges:
        key, zero = by(charge.fact), Money.zero(charge.amount.currency)
        sums[key] = sums.get(key, zero) + charge.amount
    found = [(key, amount) for key, amount in sums.items() if amount]
    return sorted(found, key=lambda pair: tuple(part or "" for part in pair[0]))


def _line(
    account: Account, amount: Money, other: LegalEntity, dimensions: Dimensions
) -> JournalLine:
    project, cost_centre, profit_centre = dimensions
    return JournalLine(
        account=account, amount=amount, counterparty=other.id, project=project,
        cost_centre=cost_centre, profit_centre=profit_centre,
    )  # fmt: skip


def _entry(
    id: str, reference: str, memo: str, company: LegalEntity, posting: Posting,
    lines: tuple[JournalLine, ...],
) -> JournalEntry:  # fmt: skip
    return JournalEntry(
        id=id, reference=reference, legal_entity=company.id, currency=lines[0].amount.currency,
        posted_on=posting.day, period=posting.period.id, memo=memo, lines=lines,
    )  # fmt: skip
