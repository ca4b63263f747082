"""Hours that are rounded where an invoice line is made of them, in the ledger as on the line.

Until then a fact has its hours as they were worked, for which line they come to lie on is not
known. The difference is written when the invoice is drafted, in its transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from isthmus.canonical import Contract, TimeEntry
from isthmus.canonical.terms import RoundingGrain, TimeRounding
from isthmus.engine import Step
from isthmus.flows.fact_rows import as_fact, fact_values
from isthmus.rules.billing import rounded_on_lines
from isthmus.rules.facts import Fact
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow


def line_rounding(contract: Contract, up_to: date) -> TimeRounding | None:
    """As the contract has it on the day up to which is billed; None where entries are rounded."""
    rounding = contract.terms_on(up_to).time.rounding
    on_lines = rounding is not None and rounding.grain is RoundingGrain.INVOICE_LINE
    return rounding if on_lines else None


def facts_of(rows: Sequence[FactRow], rounding: TimeRounding | None) -> list[Fact]:
    """Of unbilled rows, as they would lie on the lines of one invoice."""
    facts = [as_fact(row) for row in rows]
    if rounding is None:
        return facts
    timed = [fact for fact, row in zip(facts, rows, strict=True) if _is_time(row)]
    others = [fact for fact, row in zip(facts, rows, strict=True) if not _is_time(row)]
    return [*rounded_on_lines(timed, rounding), *others]


async def round_on_lines(
    tx: Transaction, step: Step, contract: Contract, rows: Sequence[FactRow], up_to: date
) -> Sequence[FactRow]:
    """The unbilled rows after rounding; the same where nothing is rounded on lines."""
    rounding = line_rounding(contract, up_to)
    if rounding is None:
        return rows
    before = {(row.source_id, row.part): row for row in rows if _is_time(row)}
    after = {
        (f.work.id, f.part): f for f in facts_of(rows, rounding) if (f.work.id, f.part) in before
    }
    moved = {id for (id, part), f in after.items() if f != as_fact(before[id, part])}
    old = [row for (id, _), row in before.items() if id in moved]
    await tx.ledger.reverse(old, step.run.id)
    await tx.entries.renew(sorted(moved))
    entries = await tx.entries.many(moved)
    new = [
        fact_values(fact, contract, entries[id].version, step.run.id)
        for (id, _), fact in after.items()
        if id in moved
    ]
    await tx.ledger.add(new)
    posted = {(row.source_id, row.part): row.posted_as or "" for row in old}
    await tx.ledger.mark_posted({v["id"]: posted[v["source_id"], v["part"]] for v in new})
    return await tx.ledger.unbilled(contract.id, up_to)


def _is_time(row: FactRow) -> bool:
    return row.source_kind == TimeEntry.kind
