"""What signatures of reconciliations stand under, and whether it is what was signed.

The evidence is a SHA-256 of the run's control totals and breaks in one written form. An erasure
changes texts of breaks; its act, which the audit chains, says what the signed run is since: then
that is what it is held against.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum

from pydantic_core import to_jsonable_python

from isthmus.access.audit_check import ERASED
from isthmus.store.database import Transaction
from isthmus.store.reconciliation_breaks import BreakRow
from isthmus.store.reconciliations import SIGN, ActRow, ReconciliationRow, TotalRow

SIGNATURES = "signatures"
MOST = 100_000
"""More erasures than that are not looked through."""


class Standing(StrEnum):
    HOLDS = "holds"
    ERASED = "erased_since"
    MOVED_ON = "moved_on"
    DIFFERS = "differs"


WORDS: Mapping[Standing, str] = {
    Standing.HOLDS: "it is what was signed",
    Standing.ERASED: "the data of a person was erased from it since, and nothing else was changed",
    Standing.MOVED_ON: "its breaks were compared or decided on again since",
    Standing.DIFFERS: "it is not what was signed",
}


def evidence_of(
    run: ReconciliationRow, totals: Sequence[TotalRow], breaks: Sequence[BreakRow]
) -> str:
    """SHA-256, in hexadecimal, of what the signature stands under."""
    signed = {
        "run": [run.id, run.name, run.plan, run.first_on, run.last_on],
        "totals": [vars(total) for total in totals],
        "breaks": [
            [b.number, b.leg, b.key, b.copy, b.kind, b.state, b.cause, b.reason, b.currency,
             b.amount, b.hours, b.source_values, b.target_values]
            for b in sorted(breaks, key=lambda b: b.number)
        ],
    }  # fmt: skip
    text = json.dumps(to_jsonable_python(signed, fallback=str), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


async def standing_of(
    tx: Transaction, run: ReconciliationRow, acts: Sequence[ActRow]
) -> dict[int, Standing]:
    """Number of each signature among the acts of a run -> how it stands."""
    signatures = [act for act in acts if act.act == SIGN]
    if not signatures:
        return {}
    now, erased = await _evidence_now(tx, run), await _since_erasures(tx)
    [latest] = await tx.reconciliations.list(name=run.name, limit=1)
    found = {}
    for each in signatures:
        decided = any(act.act != SIGN and act.number > each.number for act in acts)
        if now == each.evidence:
            found[each.number] = Standing.HOLDS
        elif now == erased.get(each.number):
            found[each.number] = Standing.ERASED
        else:
            moved_on = decided or latest.id != run.id
            found[each.number] = Standing.MOVED_ON if moved_on else Standing.DIFFERS
    return found


async def whole_now(tx: Transaction) -> dict[int, str]:
    """Number of a signature -> evidence of its run, of those that stand as they were signed or as
    an erasure left them. What moved on is compared anew, and signed anew.
    """
    found: dict[int, str] = {}
    for run in await tx.reconciliations.signed():
        acts = await tx.reconciliations.acts(run=run.id)
        standing = await standing_of(tx, run, acts)
        whole = [n for n, how in standing.items() if how in (Standing.HOLDS, Standing.ERASED)]
        found |= dict.fromkeys(whole, await _evidence_now(tx, run) if whole else "")
    return found


async def changed_since(tx: Transaction, before: Mapping[int, str]) -> dict[str, str]:
    """Of the signatures that `whole_now` gave: number -> evidence, where it is another one now."""
    found: dict[str, str] = {}
    for run in await tx.reconciliations.signed():
        numbers = [a.number for a in await tx.reconciliations.acts(run=run.id) if a.act == SIGN]
        if stood := [n for n in numbers if n in before]:
            now = await _evidence_now(tx, run)
            found |= {str(n): now for n in stood if before[n] != now}
    return found


async def _evidence_now(tx: Transaction, run: ReconciliationRow) -> str:
    totals, breaks = await tx.reconciliations.totals(run.id), await tx.breaks.list(run=run.id)
    return evidence_of(run, totals, breaks)


async def _since_erasures(tx: Transaction) -> dict[int, str]:
    """Signature -> what the last erasure that changed its run left."""
    found: dict[int, str] = {}
    for act in reversed(await tx.audit.list(action=ERASED, limit=MOST)):
        found |= {int(number): left for number, left in act.after.get(SIGNATURES, {}).items()}
    return found
