"""A person asks for reconciliations and waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

from isthmus.engine import Engine
from isthmus.engine.refused import ActionRefused
from isthmus.kit.clock import utc_now
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.reconcile.plans import plans
from isthmus.reconcile.promise import Plan
from isthmus.reconcile.running import request, run_of

STOPPED = ("held", "dead", "waiting_system", "waiting_period", "succeeded", "skipped")
LOOK_EVERY = 0.2
"""Seconds between two looks at runs that are waited for."""


def chosen(engine: Engine, names: Sequence[str]) -> list[Plan]:
    """Those of the names, a promise standing for all of its own; all without any. Raises
    ActionRefused.
    """
    known = plans(engine.landscape, utc_now().date())
    words = {*known, *(plan.promise for plan in known.values())}
    for name in names:
        if name not in words:
            raise ActionRefused(
                f"There is no reconciliation {name!r}.", f"Known: {listed(known)}.",
                did_you_mean(name, sorted(words), "Use one of them."),
            )  # fmt: skip
    return [p for p in known.values() if not names or p.name in names or p.promise in names]


async def ask(
    engine: Engine, names: Sequence[str], by: str, month: date | None = None
) -> list[str]:
    """Ids of the runs that were asked for."""
    return [await request(engine, plan, by, month) for plan in chosen(engine, names)]


async def finished(engine: Engine, asked: Sequence[str]) -> None:
    """Until none of the runs is queued or at work. Where nobody else works on runs, this process
    does, and hands over what it began.
    """
    alone = not await engine.failover.is_anyone_at_work()
    if alone:
        await engine.start()
    try:
        while True:
            if await _all_stopped(engine, asked):
                return
            await asyncio.sleep(LOOK_EVERY)
    finally:
        if alone:
            await engine.stop()


async def _all_stopped(engine: Engine, asked: Sequence[str]) -> bool:
    async with engine.database.begin() as tx:
        runs = [await tx.runs.get(run_of(id)) for id in asked]
    return all(run is not None and run.state in STOPPED for run in runs)
