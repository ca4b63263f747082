"""What a process does besides answering and running flows: what is due is looked for, again and
again, and an outage is waited out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from isthmus.engine import Engine
from isthmus.engine.measuring import figures_when_due, forget_spans
from isthmus.engine.retention import purge_when_due
from isthmus.flows.amendment_effective import amendments_when_due
from isthmus.flows.billing_schedule import bill_when_due
from isthmus.flows.milestone_acceptance import milestones_when_due
from isthmus.holds.alerting import EVERY as ALERTS_EVERY
from isthmus.holds.alerting import watch
from isthmus.holds.bulk_work import work_off
from isthmus.holds.desk_inbox import take_in
from isthmus.holds.forwarding import forward
from isthmus.holds.triage import triage
from isthmus.kit.clock import utc_now
from isthmus.kit.first_line import first_line
from isthmus.kit.secret import look_again
from isthmus.reconcile.schedule import reconcile_when_due

log = structlog.get_logger()
Ask = Callable[[Engine, datetime], Awaitable[int]]
"""Starts what is due, and gives the number of runs or holds that it concerns."""
CALENDAR_EVERY = 600.0
"""Seconds between looks at the calendar."""
CALENDAR: dict[str, Ask] = {
    "amendments": amendments_when_due,
    "milestones": milestones_when_due,
    "retention": purge_when_due,
    "figures": figures_when_due,
    "spans": forget_spans,
    "reconciliations": reconcile_when_due,
}
QUEUES: dict[str, Ask] = {"triage": triage, "bulks": work_off, "desk-inbox": take_in}
"""What every worker does for the exception queues; row locks and named locks share it out."""
QUEUES_EVERY = 2.0
"""Seconds between two passes of each."""


class Background:
    """The tasks of one process."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, name: str, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def begin_clocks(self, engine: Engine, site: str | None) -> None:
        """What a worker looks after. `site` is where people find the console."""
        queues: dict[str, Ask] = {**QUEUES, "desks": partial(forward, site=site)}
        for name, ask in queues.items():
            self.begin(name, by_the_clock(engine, name, ask, QUEUES_EVERY))
        self.begin("billing", bill_by_the_clock(engine))
        if engine.landscape.sla:
            watching = partial(watch, site=site)
            self.begin("alerts", by_the_clock(engine, "alerts", watching, ALERTS_EVERY))
        for name, ask in CALENDAR.items():
            self.begin(name, by_the_clock(engine, name, ask))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def renew_secrets(every: float) -> None:
    """Until cancelled. A secret that was refused is looked up at once, and not here."""
    while True:
        await asyncio.sleep(every)
        if changed := await asyncio.to_thread(look_again):
            log.info("secrets.renewed", number=changed)


async def bill_by_the_clock(engine: Engine, every: float = CALENDAR_EVERY) -> None:
    await by_the_clock(engine, "billing", bill_when_due, every)


async def by_the_clock(
    engine: Engine,
    what: str,
    ask: Ask,
    every: float = CALENDAR_EVERY,
) -> None:
    """Ask until cancelled; an outage of the database is waited out."""
    while True:
        try:
            concerned = await ask(engine, utc_now())
            if concerned:
                log.info(f"{what}.asked", number=concerned)
        except SQLAlchemyError as error:
            log.warning(f"{what}.paused", reason=first_line(error))
        except Exception:
            # The edge of a task: one failure must not end it until the next restart.
            log.exception(f"{what}.defect")
        await asyncio.sleep(every)
