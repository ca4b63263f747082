"""Reconciliations by the clock: `every` of the landscape."""

from __future__ import annotations

from datetime import datetime

from isthmus.engine import Engine
from isthmus.reconcile.plans import plans
from isthmus.reconcile.promise import Plan
from isthmus.reconcile.running import request_in
from isthmus.store.database import Transaction
from isthmus.store.reconciliations import RUNNING

BY = "schedule"


async def reconcile_when_due(engine: Engine, now: datetime) -> int:
    """Ask for what is due; the number of runs. Workers take turns, so each is asked for once, and
    not again while its last run is not at its end.
    """
    scheduled = [p for p in plans(engine.landscape, now.date()).values() if p.every]
    if not scheduled:
        return 0
    async with engine.database.begin() as tx:
        await tx.lock("reconciliations")
        due = [plan for plan in scheduled if await _is_due(tx, plan, now)]
        for plan in due:
            await request_in(tx, engine, plan, BY)
    return len(due)


async def _is_due(tx: Transaction, plan: Plan, now: datetime) -> bool:
    last = await tx.reconciliations.list(name=plan.name, limit=1)
    if not last:
        return True
    assert plan.every is not None, "chosen by it"
    return last[0].state != RUNNING and last[0].asked_at + plan.every <= now
