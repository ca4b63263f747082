"""Converting a won deal on request: the run that its event starts, and how that ended."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from isthmus.canonical import Opportunity
from isthmus.canonical.opportunity import Stage
from isthmus.engine import Engine
from isthmus.engine.refused import ActionRefused
from isthmus.events.envelope import Event
from isthmus.flows.opportunity_to_project import opportunity_to_project
from isthmus.store.runs import RunRow

LOOK_EVERY = 0.1
ENDED = ("succeeded", "skipped", "held", "dead", "waiting_system", "waiting_period")
"""States in which a run does nothing more by itself for now."""


@dataclass(frozen=True)
class Conversion:
    """`project` once there is one; `holds` are labels of what stops the run."""

    run: RunRow
    project: str | None
    holds: tuple[str, ...]

    @property
    def ended(self) -> bool:
        return self.run.state in ENDED


async def convert(engine: Engine, deal_id: str, by: str) -> RunRow:
    """Read the deal again, and let its run begin where it has not yet. Raises ActionRefused for a
    deal that is not won: that is for the CRM to say.
    """
    for crm in engine.links.all_playing_crm():
        if await crm.external_id(Opportunity, deal_id):
            await crm.refresh(Opportunity, deal_id)
    async with engine.database.begin() as tx:
        deal = await tx.records.get(Opportunity, deal_id)
        if deal.stage is not Stage.CLOSED_WON or deal.amends:
            raise ActionRefused(
                f"{deal.name} is not converted.",
                "It amends another deal, whose contract it changes." if deal.amends
                else f"Its stage is {deal.stage}, and the CRM owns the stage.",
                "Close the deal as won in the CRM, then ask again.",
            )  # fmt: skip
        await tx.lock(f"convert:{deal_id}")
        event = Event(
            type="opportunity.closed_won", source="api", subject=deal_id,
            correlation_id=deal_id, data={"version": 1, "by": by},
        )  # fmt: skip
        id = opportunity_to_project.run_id(event)
        run = await tx.runs.get(id)
        if run is None:
            await engine.outbox.emit(tx, event)
            run = await tx.runs.get(id)
    if run is None:
        raise LookupError(f"no run was started for opportunity {deal_id}")
    return run


async def confirmed(engine: Engine, run: RunRow, seconds: float) -> Conversion:
    """How it stands when it has ended, or after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        found = await _conversion(engine, run.id)
        if found.ended or time.monotonic() >= until:
            return found
        await asyncio.sleep(LOOK_EVERY)


async def _conversion(engine: Engine, run_id: str) -> Conversion:
    async with engine.database.begin() as tx:
        run = await tx.runs.get(run_id)
        if run is None:
            raise LookupError(f"no run {run_id}")
        opened = await tx.events.of(type="project.opened", correlation_id=run.correlation_id)
        holds = await tx.holds.list(run_id=run_id)
    project = opened[-1].subject if opened and run.state == "succeeded" else None
    return Conversion(run, project, tuple(h.label for h in holds))
