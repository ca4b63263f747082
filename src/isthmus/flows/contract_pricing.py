"""Hours whose price depends on other hours: overtime, tiers, days, caps of every level.

Such a contract is priced whole whenever some of its work comes in. Open facts that come out
otherwise are taken back and written anew, in a new version of their entries; what is on an invoice
stands, and comes first to every threshold, tier and cap.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

from isthmus.canonical import Contract, TimeEntry
from isthmus.canonical.terms import CapLevel
from isthmus.engine import Step
from isthmus.flows.entry_holds import entry_hold
from isthmus.flows.fact_rows import as_fact, fact_values, work_of
from isthmus.flows.time_batch import BatchContext
from isthmus.kit.money import Money
from isthmus.rules.caps import Usage, limits_of, spent_by, usages
from isthmus.rules.facts import Fact, Held, Work
from isthmus.rules.judging import Verdict
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.time.pricing import Priced, price
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, RATED, EntryRow
from isthmus.store.fact_rows import FactRow


@dataclass(frozen=True)
class InLedger:
    """What the ledger has in force for a contract, and what counts beside it."""

    contract: Contract
    open: Mapping[str, Sequence[FactRow]]
    """Hours on no invoice, by entry."""
    standing: Sequence[Fact]
    """On an invoice; expenses too, which only caps count."""
    invoiced: frozenset[str]
    """Entries of which at least a part is on an invoice."""
    elsewhere: Sequence[Fact]

    @classmethod
    async def read(cls, tx: Transaction, contract: Contract, *, thawed: bool = False) -> InLedger:
        """`thawed`: hours on invoices are taken for open, to see what they would cost now."""
        rows = await tx.ledger.of_contract(contract.id)
        open_: dict[str, list[FactRow]] = defaultdict(list)
        for row in rows:
            if _is_open(row, thawed):
                open_[row.source_id].append(row)
        standing = [row for row in rows if not _is_open(row, thawed)]
        return cls(
            contract,
            open_,
            await _less_credits(tx, standing, contract),
            frozenset(row.source_id for row in standing),
            await _elsewhere(tx, contract),
        )

    def without(self, entries: AbstractSet[str]) -> InLedger:
        return replace(self, open={id: f for id, f in self.open.items() if id not in entries})

    def works(self) -> dict[str, Work]:
        return {id: work_of(rows[0], self.contract.customer) for id, rows in self.open.items()}

    def facts_of(self, entry: str) -> list[Fact]:
        """Open ones, by part."""
        facts = [as_fact(row, self.contract.customer) for row in self.open.get(entry, ())]
        return sorted(facts, key=lambda fact: fact.part)

    def priced(self, work: Iterable[Work]) -> Priced:
        """Raises Unusable where the terms give no amount."""
        return price(self.contract, work, self.standing, self.elsewhere)


def _is_open(row: FactRow, thawed: bool) -> bool:
    return row.source_kind == TimeEntry.kind and (thawed or row.invoice is None)


async def _elsewhere(tx: Transaction, contract: Contract) -> list[Fact]:
    """Facts of the client's other contracts, where a cap counts them."""
    if not any(limit.cap.level is CapLevel.CUSTOMER for limit in limits_of(contract)):
        return []
    await tx.lock(f"customer:{contract.customer}")
    others = await tx.records.list(Contract, customer=contract.customer)
    rows = [
        row
        for other in others
        if other.id != contract.id
        for row in await tx.ledger.of_contract(other.id)
    ]
    return await _less_credits(tx, rows, contract)


async def _less_credits(tx: Transaction, rows: Sequence[FactRow], contract: Contract) -> list[Fact]:
    """What a part of was credited spends less of a cap; its hours were worked all the same."""
    taken = await tx.ledger.taken_back(row.id for row in rows)
    return [
        replace(fact, amount=fact.amount - Money.of(taken[row.id], row.currency))
        if row.id in taken
        else fact
        for row in rows
        for fact in (as_fact(row, contract.customer),)
    ]


@dataclass
class Repricing:
    """A contract's entries as they are priced now: those of the batch, and others they move."""

    batch: Mapping[str, Verdict]
    ledger: InLedger
    facts: dict[str, list[Fact]] = field(default_factory=lambda: defaultdict(list))
    held: dict[str, list[Held]] = field(default_factory=lambda: defaultdict(list))
    refused: Problem | None = None
    """The terms give no amount: the entries of the batch wait, and nothing else moves."""

    @classmethod
    def of(cls, verdicts: Sequence[Verdict], ledger: InLedger) -> Repricing:
        found = cls({v.entry.id: v for v in verdicts}, ledger)
        ours = {v.entry.id: v.rated.work for v in verdicts if v.rated}
        try:
            priced = ledger.priced({**ledger.works(), **ours}.values())
        except Unusable as error:
            found.refused = Problem(
                "terms_unusable", error.reason, "finance", f"{error.remedy} Then replay.",
                error.field,
            )  # fmt: skip
            return found
        for fact in priced.facts:
            found.facts[fact.work.id].append(fact)
        for one in priced.held:
            found.held[one.fact.work.id].append(one)
        return found

    def moved(self) -> list[str]:
        """Entries of the batch, and others whose open facts are not what they were."""
        if self.refused:
            return sorted(self.batch)
        others = [e for e in self.ledger.open if self._facts(e) != self.ledger.facts_of(e)]
        return sorted({*self.batch, *others})

    def _facts(self, entry: str) -> list[Fact]:
        return sorted(self.facts.get(entry, ()), key=lambda fact: fact.part)

    def problems(self, entry: str) -> tuple[Problem, ...]:
        found = [one.problem for one in self.held.get(entry, ())]
        return (self.refused,) if self.refused else tuple(dict.fromkeys(found))

    def blocked(self, entry: str) -> Money | None:
        held = [one.fact.amount for one in self.held.get(entry, ())]
        return Money.total(held, held[0].currency) if held else None

    def reached(self) -> list[Usage]:
        """Caps of which a percentage was passed at which somebody is told."""
        limits = limits_of(self.ledger.contract)
        before = [f for e in self.ledger.open for f in self.ledger.facts_of(e)]
        after = [f for facts in self.facts.values() for f in facts]
        told = {u.bucket: u.alert or 0 for u in self._usages(before, limits)}
        now = self._usages(after, limits)
        return [u for u in now if (u.alert or 0) > told.get(u.bucket, 0)]

    def _usages(self, facts: Sequence[Fact], limits: Any) -> tuple[Usage, ...]:
        counted = (*self.ledger.standing, *self.ledger.elsewhere, *facts)
        return usages(spent_by(counted, limits), limits)


async def price_whole(
    tx: Transaction,
    step: Step,
    context: BatchContext,
    contract: Contract,
    verdicts: Sequence[Verdict],
    versions: Mapping[str, int],
) -> Counter[str]:
    """Price a contract with the rated entries of a batch, and write the difference.

    Counts of the batch's entries by outcome. Its lock is the caller's.
    """
    found = Repricing.of(verdicts, await InLedger.read(tx, contract))
    moved = found.moved()
    rows = await tx.entries.many(moved)
    await _write(tx, step, found, moved, rows, versions)
    await _settle(tx, step, context, found, moved, rows)
    await _tell_caps(tx, step, found)
    ours = [id for id in moved if id in found.batch]
    rated = sum(1 for id in ours if found.facts.get(id))
    return Counter(rated=rated, held=len(ours) - rated)


async def _write(
    tx: Transaction,
    step: Step,
    found: Repricing,
    moved: Sequence[str],
    rows: Mapping[str, EntryRow[TimeEntry]],
    versions: Mapping[str, int],
) -> None:
    """What an entry had is taken back in all its parts, so that they are of one version."""
    known = [id for id in moved if id in found.ledger.open or id in found.ledger.invoiced]
    old = [row for id in moved for row in found.ledger.open.get(id, ())]
    await tx.ledger.reverse(old, step.run.id)
    await tx.entries.renew(known)
    version = {**versions, **{id: rows[id].version + 1 for id in known}}
    await tx.ledger.add(
        [
            fact_values(fact, found.ledger.contract, version[id], step.run.id)
            for id in moved
            for fact in found.facts.get(id, ())
        ]
    )


async def _settle(
    tx: Transaction,
    step: Step,
    context: BatchContext,
    found: Repricing,
    moved: Sequence[str],
    rows: Mapping[str, EntryRow[TimeEntry]],
) -> None:
    """With a fact it is sent to the ledger (again); without one it is held. A part may be both."""
    await tx.entries.take_over([id for id in moved if found.facts.get(id)], RATED, step.subject)
    await tx.entries.set_state([id for id in moved if not found.facts.get(id)], HELD)
    held = [id for id in moved if found.problems(id)]
    strange = [rows[id] for id in held if id not in found.batch]
    theirs = await BatchContext.read(tx, strange, step.landscape.policies, step.links)
    for id in held:
        verdict = found.batch.get(id)
        entry, where = (verdict.entry, context) if verdict else (rows[id].entry, theirs)
        hold = entry_hold(step, where, entry, found.problems(id), None)
        blocked = found.blocked(id)
        await tx.holds.open(replace(hold, amount=blocked.amount) if blocked else hold)
    over = [f"{TimeEntry.kind}:{id}" for id in moved if id not in held]
    await tx.holds.resolve_many(over, "corrected", "isthmus")


async def _tell_caps(tx: Transaction, step: Step, found: Repricing) -> None:
    for usage in found.reached():
        await step.emit(
            tx, "contract.cap_reached", found.ledger.contract.id,
            {"cap": usage.bucket.words(), "level": usage.bucket.cap.level.value,
             "percent": usage.alert},
        )  # fmt: skip
