"""What is still to be charged between companies: the difference to what their rows say.

An entry is priced once. Where its hours change, it is priced again at the cost that it was first
priced at, in the companies that it was first charged between; a person's raise or move later on
changes nothing that is done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from isthmus.canonical import Resource
from isthmus.kit.money import Money
from isthmus.landscape import Policies
from isthmus.landscape.policies import TransferPrice
from isthmus.rules.transfer_price import transfer_price
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow
from isthmus.store.transfers import TransferRow, Worked


@dataclass(frozen=True, order=True)
class Pair:
    """Who charges whom for which month; `month` is its first day."""

    month: date
    performing: str
    contracting: str


@dataclass(frozen=True)
class Charge:
    """What one entry's charge moves by. `terms` are those it was priced by, and `priced_from` the
    fact: the newest one, or for what is taken back the one that was charged.
    """

    pair: Pair
    fact: FactRow
    priced_from: str
    terms: TransferPrice
    hours: Decimal
    basis: Money
    amount: Money


@dataclass(frozen=True)
class Charges:
    charges: Sequence[Charge]
    unpriced: Sequence[tuple[Pair, FactRow]]
    """Work of a person whose cost is not known."""

    def pairs(self) -> list[Pair]:
        return sorted({c.pair for c in self.charges} | {pair for pair, _ in self.unpriced})

    def of(self, pair: Pair) -> Charges:
        return Charges(
            [c for c in self.charges if c.pair == pair],
            [(p, fact) for p, fact in self.unpriced if p == pair],
        )


async def due_charges(tx: Transaction, policies: Policies, up_to: date) -> Charges:
    if not policies.intercompany:
        return Charges((), ())
    worked = await tx.transfers.uncharged(up_to)
    rows = await tx.transfers.of_sources(w.fact.source_id for w in worked)
    people = await tx.records.many(Resource, (w.fact.resource for w in worked if w.fact.resource))
    charges: list[Charge] = []
    unpriced: list[tuple[Pair, FactRow]] = []
    for one in worked:
        earlier = rows.get(one.fact.source_id, [])
        found = _charges_of(one, earlier, people.get(one.fact.resource or ""), policies)
        if isinstance(found, Pair):
            unpriced.append((found, one.fact))
        else:
            charges += found
    return Charges(charges, unpriced)


def _charges_of(
    worked: Worked, earlier: Sequence[TransferRow], person: Resource | None, policies: Policies
) -> list[Charge] | Pair:
    """Differences of one entry; the pair, where it has no price."""
    taken_back = _taken_back(worked.fact, earlier)
    performing = earlier[-1].performing if earlier else worked.employer
    if not worked.in_force or performing is None or worked.fact.legal_entity is None:
        return taken_back
    pair = Pair(worked.fact.happened_on.replace(day=1), performing, worked.fact.legal_entity)
    terms = _terms_for(pair, earlier, policies)
    if terms is None:
        return taken_back
    basis = _basis(worked.fact, terms, earlier, person)
    if basis is None:
        return pair
    amount = transfer_price(terms.method, terms.percent, worked.fact.hours, basis)
    fact = worked.fact
    charge = Charge(pair, fact, fact.id, terms, fact.hours, basis, amount)
    return _netted(charge, taken_back, done=any(row.fact == fact.id for row in earlier))


def _taken_back(fact: FactRow, earlier: Iterable[TransferRow]) -> list[Charge]:
    """The opposite of everything that was charged for the entry, by pair and currency."""
    sums: dict[tuple[Pair, str], list[TransferRow]] = defaultdict(list)
    for row in earlier:
        sums[Pair(row.month, row.performing, row.contracting), row.currency].append(row)
    charges = []
    for (pair, currency), rows in sums.items():
        amount = sum((row.amount for row in rows), Decimal(0))
        hours = sum((row.hours for row in rows), Decimal(0))
        if amount or hours:
            last, zero = rows[-1], Decimal(0)
            charges.append(
                Charge(
                    pair, fact, last.fact, _terms(last), -hours,
                    Money.of(last.basis or zero, currency), Money.of(-amount, currency),
                )
            )  # fmt: skip
    return charges


def _netted(charge: Charge, taken_back: Sequence[Charge], *, done: bool) -> list[Charge]:
    """One difference per pair and currency: a new price less what was charged before. A price that
    did not move is a difference of zero, and is remembered as one, once.
    """
    key = (charge.pair, charge.amount.currency)
    same = [c for c in taken_back if (c.pair, c.amount.currency) == key]
    others = [c for c in taken_back if c not in same]
    hours = charge.hours + sum((c.hours for c in same), Decimal(0))
    amount = Money.total((charge.amount, *(c.amount for c in same)), charge.amount.currency)
    if done and not amount and not hours:
        return others
    return [replace(charge, hours=hours, amount=amount), *others]


def _terms_for(
    pair: Pair, earlier: Sequence[TransferRow], policies: Policies
) -> TransferPrice | None:
    """Of today, or where the firm no longer lists the two, those of the entry's last charge."""
    terms = policies.transfer_price(pair.performing, pair.contracting)
    if terms is None and earlier and _terms(earlier[-1]).to == pair.contracting:
        return _terms(earlier[-1])
    return terms


def _basis(
    fact: FactRow, terms: TransferPrice, earlier: Sequence[TransferRow], person: Resource | None
) -> Money | None:
    if not terms.method.by_cost:
        return Money.of(fact.amount, fact.currency)
    for row in reversed(earlier):
        if _terms(row).method.by_cost and row.basis is not None:
            return Money.of(row.basis, row.currency)
    return person.cost_rate if person else None


def _terms(row: TransferRow) -> TransferPrice:
    return TransferPrice.model_validate(
        {"from": row.performing, "to": row.contracting, "method": row.method,
         "percent": row.percent}
    )  # fmt: skip


def totals(charges: Iterable[Charge]) -> Mapping[str, Money]:
    """By currency, zero left out."""
    sums: dict[str, Money] = {}
    for charge in charges:
        code = charge.amount.currency
        sums[code] = sums.get(code, Money.zero(code)) + charge.amount
    return {code: amount for code, amount in sorted(sums.items()) if amount}
