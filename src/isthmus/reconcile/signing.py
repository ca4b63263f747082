"""Breaks are accepted with a reason, runs are signed: what was signed can be shown to be the same
(`isthmus.access.signed`). Who had a break repaired does not sign for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.access.signed import evidence_of
from isthmus.engine import Engine
from isthmus.engine.refused import ActionRefused
from isthmus.events.envelope import Event
from isthmus.kit.ids import derived_id
from isthmus.reconcile.promise import Plan
from isthmus.store.database import Transaction
from isthmus.store.reconciliation_breaks import CLOSED, UNEXPLAINED, BreakRow
from isthmus.store.reconciliations import (
    ACCEPT,
    FINISHED,
    SIGN,
    ActRow,
    AlreadySigned,
    ReconciliationRow,
)


async def accept(engine: Engine, label: str, reason: str, by: str) -> BreakRow:
    """A person answers for a difference that stays. Raises ActionRefused."""
    if not reason.strip():
        raise ActionRefused(
            f"{label} is not accepted.", "There is no reason.",
            f'Say why it stays: isthmus reconcile accept {label} --reason "rounding of 2025".',
        )  # fmt: skip
    async with engine.database.begin() as tx:
        found = await tx.breaks.find(label, lock=True)
        if found is None or found.state == CLOSED:
            raise ActionRefused(
                f"{label} is not accepted.", "There is no such break that is open.",
                "`isthmus reconcile show NAME` lists those of the latest run.",
            )  # fmt: skip
        await tx.breaks.accepted(found.number, by, reason.strip())
        await tx.reconciliations.act(
            ACCEPT, by, reason.strip(), run=found.last_run, break_=found.number
        )
        event = Event(
            type="reconciliation.break_accepted", **_story(found.name),
            data={"name": found.name, "break": found.code, "by": by, "reason": reason.strip()},
        )  # fmt: skip
        await engine.outbox.emit(tx, event)
    return found


async def sign(engine: Engine, label: str, role: str, by: str, note: str = "") -> ActRow:
    """Raises ActionRefused while anything is unexplained, or the signer is not to sign."""
    async with engine.database.begin() as tx:
        run = await tx.reconciliations.find(label)
        if run is None or run.state != FINISHED:
            raise ActionRefused(
                f"{label} is not signed.", "There is no such run that has ended.",
                "`isthmus reconcile list` shows the runs.",
            )  # fmt: skip
        await tx.lock(f"reconciliation:{run.name}")
        await _ensure_may_sign(tx, run, role, by)
        breaks = await tx.breaks.list(run=run.id)
        _ensure_explained(run, breaks)
        evidence = evidence_of(run, await tx.reconciliations.totals(run.id), breaks)
        try:
            await tx.reconciliations.act(SIGN, by, note, run=run.id, role=role, evidence=evidence)
        except AlreadySigned as error:
            raise ActionRefused(
                f"{run.label} is not signed again.", f"{str(error).capitalize()}.",
                "Nothing is to be done.",
            ) from error  # fmt: skip
        event = Event(
            type="reconciliation.signed", **_story(run.name),
            data={"name": run.name, "run": run.label, "by": by, "role": role,
                  "evidence": evidence},
        )  # fmt: skip
        await engine.outbox.emit(tx, event)
        return (await tx.reconciliations.acts(run=run.id))[-1]


async def _ensure_may_sign(tx: Transaction, run: ReconciliationRow, role: str, by: str) -> None:
    plan = Plan.from_json(run.plan)
    if role not in plan.signatures:
        raise ActionRefused(
            f"{run.label} is not signed by {role}.",
            f"{plan.name} is signed by {' and '.join(plan.signatures)}.",
            "Sign as one of them, or change `signatures` in the landscape.",
        )
    latest = (await tx.reconciliations.list(name=run.name, limit=1))[0]
    if latest.id != run.id:
        raise ActionRefused(
            f"{run.label} is not signed.", f"{latest.label} is younger: it shows how things are.",
            f"Sign {latest.label}.",
        )  # fmt: skip
    if by in await tx.breaks.repairers(run.id, run.name):
        raise ActionRefused(
            f"{run.label} is not signed by {by}.",
            f"{by} had breaks of it repaired, and nobody signs for his own repairs.",
            "Have another person sign it.",
        )
    signed = [a for a in await tx.reconciliations.acts(run=run.id) if a.act == SIGN]
    if any(a.by == by and a.role != role for a in signed):
        raise ActionRefused(
            f"{run.label} is not signed by {by} again.",
            "Two signatures are those of two persons.",
            "Have another person sign it.",
        )


def _ensure_explained(run: ReconciliationRow, breaks: Sequence[BreakRow]) -> None:
    unexplained = [b for b in breaks if b.state in UNEXPLAINED]
    if unexplained:
        some = ", ".join(b.code for b in unexplained[:3])
        raise ActionRefused(
            f"{run.label} is not signed.",
            f"{len(unexplained)} of its breaks are unexplained: {some}"
            f"{' and others' if len(unexplained) > 3 else ''}.",
            "Repair them and run it again, or accept each with a reason.",
        )


def _story(name: str) -> dict[str, str]:
    """All that is told of one reconciliation has one subject."""
    subject = derived_id("reconciliation", name)
    return {"source": "reconciliation", "subject": subject, "correlation_id": subject}
