"""The PSA's marks of a credited invoice are taken back, so that it shows the work as unbilled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from isthmus.canonical import CreditMemo, LegalEntity, Milestone, TimeEntry
from isthmus.connect import ConnectError
from isthmus.connect.errors import OF_THE_CONNECTION
from isthmus.engine import Step
from isthmus.events.links import Link
from isthmus.kit.chunks import chunked
from isthmus.store.database import Transaction
from isthmus.store.entries import EntryRow
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HELD, NewHold

MARKED = frozenset({"invoice_number", "invoiced_on"})


async def take_back_marks(step: Step, id: str) -> int:
    """The number of marks taken back. One that the PSA refuses is held, and the others go on."""
    async with step.begin() as tx:
        memo = await tx.records.get(CreditMemo, id)
        entity = await tx.records.get(LegalEntity, memo.legal_entity)
        released = await _released(tx, id)
        entries = (await tx.entries.many(_of("time_entry", released))).values()
        milestones = (await tx.records.many(Milestone, _of("milestone", released))).values()
    done = 0
    for connection, group in groupby(sorted(entries, key=_place), key=lambda r: r.connection):
        done += await _unmark(step, step.links.of(connection), memo, list(group))
    for milestone in milestones:
        done += await _unmark_milestone(step, step.links.psa(entity.code), memo, milestone)
    return done


async def _released(tx: Transaction, memo: str) -> list[FactRow]:
    """Credited whole, and not on another invoice by now: that one has marked it for itself."""
    whole = [f for f in await tx.ledger.of_credit_memo(memo) if not f.in_part]
    billed: set[str] = set()
    for kind in {f.source_kind for f in whole}:
        live = await tx.ledger.live(kind, [f.source_id for f in whole if f.source_kind == kind])
        billed |= {f.source_id for f in live if f.invoice is not None}
    return [f for f in whole if f.source_id not in billed]


def _of(kind: str, facts: Sequence[FactRow]) -> list[str]:
    return [f.source_id for f in facts if f.source_kind == kind]


def _place(row: EntryRow[Any]) -> tuple[str, str]:
    return row.connection, row.external_id


async def _unmark(step: Step, psa: Link, memo: CreditMemo, rows: list[EntryRow[Any]]) -> int:
    if not psa.capability(TimeEntry).writes:
        return 0
    done = 0
    free = {"invoice_number": None, "invoiced_on": None}
    for chunk in chunked([row.entry.model_copy(update=free) for row in rows], 1000):
        answers = await psa.put_many(chunk, step.idempotency_key, only=MARKED)
        for entry, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, ConnectError):
                await _left(step, memo, psa, entry, answer)
            else:
                done += 1
    return done


async def _unmark_milestone(step: Step, psa: Link, memo: CreditMemo, milestone: Milestone) -> int:
    try:
        await psa.put(milestone, step.idempotency_key, only=frozenset({"invoice_number"}))
    except OF_THE_CONNECTION:
        raise
    except ConnectError as error:
        await _left(step, memo, psa, milestone, error)
        return 0
    return 1


async def _left(
    step: Step, memo: CreditMemo, psa: Link, obj: TimeEntry | Milestone, error: ConnectError
) -> None:
    async with step.begin() as tx:
        await tx.holds.open(
            NewHold(
                key=f"mark:{obj.id}", state=HELD, code="mark_not_taken_back",
                reason=f"credited by {memo.number or memo.reference}, and the PSA keeps the mark "
                f"of its invoice: {error}",
                owner="pmo",
                fix="Clear the invoice's number and flags on it in the PSA, then skip this hold "
                "with that as its reason.",
                flow=step.run.flow.name, step=step.name, object_kind=obj.kind, object_id=obj.id,
                system=psa.name, correlation_id=step.event.correlation_id,
            )
        )  # fmt: skip
