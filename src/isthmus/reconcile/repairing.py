"""A person has a break repaired: one act by its kind, carried out by a run of its own.

A repaired break stays in the books until the next reconciliation has seen that it is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from isthmus.engine import Engine, Run, Step, flow
from isthmus.engine.refused import ActionRefused
from isthmus.events.envelope import Event
from isthmus.kit.ids import derived_id
from isthmus.reconcile.plans import PROMISES
from isthmus.reconcile.promise import Act, Plan
from isthmus.store.database import Transaction
from isthmus.store.reconciliation_breaks import CLOSED, REPAIRED, BreakRow
from isthmus.store.reconciliations import REPAIR


@dataclass(frozen=True)
class Repair:
    """What is done, or would be."""

    found: BreakRow
    act: str
    says: str
    asked: bool


@flow(on="reconciliation.repair_asked", key=lambda event: event.id, owner="finance", priority=35)
async def reconciliation_repair(run: Run) -> None:
    await run.step(repair_break)


async def repair_break(step: Step) -> str:
    """Do the one act that fits the break."""
    async with step.begin() as tx:
        found = await _named(tx, str(step.event.data["break"]))
        plan = await _plan_of(tx, found)
    act = act_for(found, plan)
    if act is None:
        return "nothing to do"
    step.at_stake(None, None, (found.object_kind, found.object_id or step.subject))
    await act.do(step, found, plan)
    return act.code


async def ask_repair(engine: Engine, label: str, by: str, *, dry_run: bool = False) -> Repair:
    """Raises ActionRefused. What was asked once is not asked again before the next run."""
    async with engine.database.begin() as tx:
        found = await _named(tx, label, lock=True)
        plan = await _plan_of(tx, found)
        act = _fitting(found, plan)
        if dry_run:
            return Repair(found, act.code, act.says(found, plan), asked=False)
        await tx.breaks.repaired(found.number, by)
        await tx.reconciliations.act(
            REPAIR, by, act.says(found, plan), run=found.last_run, break_=found.number
        )
        event = Event(
            type="reconciliation.repair_asked", source="reconciliation",
            subject=derived_id("break", found.code), correlation_id=found.object_id or found.key,
            data={"break": found.code, "act": act.code, "by": by},
        )  # fmt: skip
        await engine.outbox.emit(tx, event)
    return Repair(found, act.code, act.says(found, plan), asked=True)


def act_for(found: BreakRow, plan: Plan) -> Act | None:
    return PROMISES[plan.promise].leg(found.leg).acts.get(found.kind)


def _fitting(found: BreakRow, plan: Plan) -> Act:
    act = act_for(found, plan)
    if found.state == CLOSED:
        raise ActionRefused(
            f"{found.code} is not repaired.", "It is closed: both sides agree.",
            "Nothing is to be done.",
        )  # fmt: skip
    if found.state == REPAIRED:
        raise ActionRefused(
            f"{found.code} is not repaired again.",
            f"{found.decided_by} had it repaired, and no run has looked since.",
            f"Run it: isthmus reconcile run {found.name}.",
        )
    if act is None:
        raise ActionRefused(
            f"{found.code} is not repaired.",
            f"What is {found.kind} has nothing to be done about it.",
            "Accept it with a reason, or let it age out of the months compared.",
        )
    return act


async def _named(tx: Transaction, label: str, *, lock: bool = False) -> BreakRow:
    found = await tx.breaks.find(label, lock=lock)
    if found is None:
        raise ActionRefused(
            f"There is no break {label}.", "Breaks are named BR-1, BR-2 and so on.",
            "`isthmus reconcile show NAME` lists those of the latest run.",
        )  # fmt: skip
    return found


async def _plan_of(tx: Transaction, found: BreakRow) -> Plan:
    return Plan.from_json((await tx.reconciliations.get(found.last_run)).plan)
