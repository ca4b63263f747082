"""What a correction would do to a held entry, told before anybody makes it: nothing is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.canonical import TimeEntry
from isthmus.engine import Engine
from isthmus.engine.hold_actions import correct
from isthmus.flows.time_batch import BatchContext
from isthmus.flows.time_rating import judged
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HoldRow


@dataclass(frozen=True)
class NextInvoice:
    """What its contract would bill now, without the entry and with it."""

    contract: str
    before: Money
    after: Money


@dataclass(frozen=True)
class FixPreview:
    """`amount` is what the entry would be billed with; None where it would still be held, for
    `reasons`, or where only a replay can tell (`is_known`).
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    is_known: bool = False
    reasons: tuple[str, ...] = ()
    amount: Money | None = None
    invoice: NextInvoice | None = None


async def preview_fix(
    engine: Engine, hold: HoldRow, values: Mapping[str, str], *, within: Collection[str] | None
) -> FixPreview:
    """Raises ActionRefused, as the correction would; `within` as there."""
    async with engine.database.begin() as tx, tx.supposing():
        before, after = await correct(tx, hold, values, "preview", within)
        if hold.object_kind != TimeEntry.kind or hold.object_id is None:
            return FixPreview(before, after)
        return await _rated(tx, engine, hold.object_id, FixPreview(before, after, is_known=True))


async def _rated(tx: Transaction, engine: Engine, id: str, preview: FixPreview) -> FixPreview:
    rows = list((await tx.entries.many([id])).values())
    context = await BatchContext.read(tx, rows, engine.landscape.policies, engine.links)
    edits = await tx.edits.of_many(TimeEntry.kind, [id])
    verdict = judged(context, rows[0].entry, edits.get(id, {}))
    if verdict.rated is None:
        reasons = tuple(problem.reason for problem in verdict.problems)
        return FixPreview(preview.before, preview.after, is_known=True, reasons=reasons)
    amount, contract = verdict.rated.amount, context.contracts[verdict.rated.work.contract]
    found = await tx.ledger.unbilled_of([contract.id], utc_now().date())
    unbilled = found[contract.id]
    before = _sum(unbilled, amount.currency)
    invoice = NextInvoice(contract.number, before, before + amount)
    return FixPreview(preview.before, preview.after, is_known=True, amount=amount, invoice=invoice)


def _sum(facts: list[FactRow], currency: str) -> Money:
    return Money.total((Money.of(fact.amount, fact.currency) for fact in facts), currency)
