"""One run as people look at it: what was compared, how it adds up, what does not agree and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from isthmus.access.signed import Standing, standing_of
from isthmus.reconcile.causes import cause, finding
from isthmus.reconcile.running import run_of
from isthmus.store.database import Database
from isthmus.store.holds import HoldRow
from isthmus.store.reconciliation_breaks import Backlog, BreakRow
from isthmus.store.reconciliations import FINISHED, SIGN, ActRow, ReconciliationRow, TotalRow

MOST = 1000
"""Breaks that are shown, the largest first; `counts` has all."""


@dataclass(frozen=True)
class Report:
    run: ReconciliationRow
    totals: Sequence[TotalRow]
    breaks: Sequence[BreakRow]
    counts: dict[tuple[str, str, str], int]
    """(leg, kind, state) -> number of breaks."""
    unexplained: Sequence[Backlog]
    acts: Sequence[ActRow]
    standing: dict[int, Standing]
    """Number of a signature -> whether this is still what was signed."""
    hold: HoldRow | None
    """What keeps the run from its end."""

    @property
    def is_clean(self) -> bool:
        return self.run.state == FINISHED and not self.unexplained


async def report_of(database: Database, id: str, entities: Collection[str] | None = None) -> Report:
    """Of these companies only; None: of all."""
    async with database.begin() as tx:
        run = await tx.reconciliations.get(id)
        holds = await tx.holds.list(run_id=run_of(id))
        breaks = await tx.breaks.list(run=id, entities=entities, limit=MOST)
        counts = await tx.breaks.counts(id, entities)
        acts = await tx.reconciliations.acts(run=id)
        return Report(
            run, await tx.reconciliations.totals(id, entities), breaks, counts,
            await tx.breaks.unexplained(id, entities), acts, await standing_of(tx, run, acts),
            holds[0] if holds else None,
        )  # fmt: skip


def run_facts(row: ReconciliationRow) -> dict[str, Any]:
    return {"label": row.label, **vars(row)}


def break_facts(found: BreakRow, promise: str) -> dict[str, Any]:
    """With what is told of it in words; `thing` is what the systems differ on."""
    return {
        **vars(found),
        "label": found.code,
        "thing": found.label,
        "finding": finding(found, promise),
        "explanation": cause(found),
        "differs": {name: list(both) for name, both in found.differs.items()},
    }


def report_facts(report: Report) -> dict[str, Any]:
    return {
        **run_facts(report.run),
        "is_clean": report.is_clean,
        "hold": report.hold.label if report.hold else None,
        "totals": [vars(total) for total in report.totals],
        "counts": [
            {"leg": leg, "kind": kind, "state": state, "breaks": number}
            for (leg, kind, state), number in sorted(report.counts.items())
        ],
        "unexplained": [vars(each) for each in report.unexplained],
        "breaks": [break_facts(b, report.run.promise) for b in report.breaks],
        "signatures": [
            {
                "role": a.role,
                "by": a.by,
                "note": a.note,
                "evidence": a.evidence,
                "at": a.done_at,
                "standing": report.standing[a.number],
            }
            for a in report.acts
            if a.act == SIGN
        ],
    }
