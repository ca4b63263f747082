"""An engine whose one flow stops or not as the test says, and holds opened when it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tests.landscapes import ENVIRONMENT, landscape_text

from isthmus.engine import Engine, Hold, RetryPolicy, Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.events.ingest import Ingest
from isthmus.events.links import Links
from isthmus.events.outbox import Outbox
from isthmus.installed import connector_configs
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.landscape import load
from isthmus.store.database import Database
from isthmus.store.holds import HoldRow, NewHold
from isthmus.store.migrate import upgrade
from isthmus.store.tables import hold as hold_table

EXCEPTIONS = """\
schedules: {billing_day: 1}
exceptions:
  queues:
    finance:
      working: {timezone: Europe/Amsterdam, holidays: [2026-07-14]}
      resolve_within: {critical: 2h, high: 8h, normal: 16h}
    integration:
      working:
        weekdays: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]
        hours: 00:00-24:00
  severity: {critical_from: {EUR: 50000}, high_from: {EUR: 10000}, deadline_within: 16h}
  bulk: {approve_above: 3, per_second: 1000}
  resolutions: {goodwill: skip}
"""


@dataclass
class World:
    """What the flow did, and the deals that it stops at."""

    posted: list[str] = field(default_factory=list)
    stops: set[str] = field(default_factory=set)


WORLD = World()


@flow(on="deal.won", owner="finance")
async def posting(run: Run) -> None:
    await run.step(check)
    await run.step(post)


async def check(step: Step) -> None:
    WORLD.posted.append(f"checked {step.subject}")


async def post(step: Step) -> None:
    if step.subject in WORLD.stops:
        raise Hold(
            "no purchase order", code="po_missing", owner="finance", fix="Ask the client.",
            blocks=Money.of(100, "EUR"), customer="Harbour Works", about=("opportunity",
                                                                         step.subject),
        )  # fmt: skip
    WORLD.posted.append(step.subject)


@asynccontextmanager
async def an_engine(
    url: str, folder: Path, exceptions: str = EXCEPTIONS, *, works: bool = True,
    environment: dict[str, str] | None = None,
) -> AsyncIterator[Engine]:  # fmt: skip
    path = folder / "isthmus.yaml"
    path.write_text(landscape_text("http://127.0.0.1:1", "http://127.0.0.1:1", exceptions))
    landscape = load(path, connector_configs(), {**ENVIRONMENT, **(environment or {})})
    database, outbox = Database(url), Outbox()
    ingest = Ingest(database, outbox, landscape.ownership_table())
    links = Links({}, landscape, database, ingest)
    retry = RetryPolicy(attempts=1, first=0.01, longest=0.01)
    engine = Engine(database, outbox, links, landscape, (posting,), retry=retry)
    await upgrade(database.engine)
    await engine.prepare()
    WORLD.posted.clear()
    WORLD.stops.clear()
    if works:
        await engine.start()
    try:
        yield engine
    finally:
        await (engine.stop() if works else engine.close())
        await database.close()


async def opened(engine: Engine, name: str, at: str, **facts: Any) -> HoldRow:
    """A hold that has been open since `at`, in UTC."""
    values: dict[str, Any] = {
        "state": "held", "code": "rate_mismatch", "reason": f"{name}: 140, and the card says 150",
        "owner": "finance", "fix": "Correct the rate.", "flow": "time_to_invoice",
    }  # fmt: skip
    async with engine.database.begin() as tx:
        number = await tx.holds.open(NewHold(key=name, **{**values, **facts}))
        await tx.connection.execute(
            sa.update(hold_table).where(hold_table.c.number == number).values(opened_at=utc(at))
        )
    return await the(engine, number)


async def the(engine: Engine, number: int) -> HoldRow:
    async with engine.database.begin() as tx:
        found = await tx.holds.find(str(number))
    assert found is not None
    return found


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def stopped_deals(engine: Engine, count: int) -> list[HoldRow]:
    """So many runs that wait for a purchase order."""
    names = [derived_id(f"deal {n}") for n in range(count)]
    WORLD.stops |= set(names)
    async with engine.database.begin() as tx:
        for name in names:
            event = Event(type="deal.won", source="test", subject=name, correlation_id=name)
            await engine.outbox.emit(tx, event)
    await settled(engine)
    async with engine.database.begin() as tx:
        holds = await tx.holds.list()
    assert len(holds) == count
    return holds


async def settled(engine: Engine) -> None:
    for _ in range(600):
        async with engine.database.begin() as tx:
            counts = await tx.runs.counts()
        if not any(n for (_, state), n in counts.items() if state in ("queued", "running")):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"runs still at work: {counts}")


async def story(engine: Engine, hold: HoldRow) -> list[tuple[str, str, object]]:
    """(event, by, after) of one hold, in order."""
    async with engine.database.begin() as tx:
        return [(e.type, e.data["by"], e.data["after"])
                for e in await tx.events.of(subject=hold.label)]  # fmt: skip
