"""Bulk acts are worked off hold by hold, at their rate, each hold's outcome kept as it happens.

A worker that dies leaves the rest waiting for another one. The hold that it had in hand is acted on
again, and every act on a hold that has moved on already does nothing and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from isthmus.connect.errors import ConnectError
from isthmus.engine.engine import Engine
from isthmus.engine.held_work import Acted
from isthmus.engine.hold_actions import assign, replay_hold
from isthmus.engine.outages import outlast
from isthmus.engine.refused import ActionRefused
from isthmus.holds.acts import comment, resolve
from isthmus.holds.bulk import tell
from isthmus.holds.wish import Act
from isthmus.store.bulks import RUNNING, BulkRow
from isthmus.store.holds import HoldRow
from isthmus.store.leadership import leading

log = structlog.get_logger()
Pause = Callable[[float], Awaitable[None]]
BY = "isthmus"


async def work_off(engine: Engine, now: datetime, *, pause: Pause = asyncio.sleep) -> int:
    """Carry out every act that runs, one worker on each; the number of holds acted on."""
    async with engine.database.begin() as tx:
        running = await tx.bulks.list(state=RUNNING)
    acted = 0
    for bulk in reversed(running):
        async with leading(engine.database.engine, f"bulk:{bulk.number}") as lead:
            if lead:
                acted += await _carry_out(engine, bulk, pause)
    return acted


async def _carry_out(engine: Engine, bulk: BulkRow, pause: Pause) -> int:
    acted = 0
    while (hold := await _next(engine, bulk)) is not None:
        if acted:
            await pause(1 / float(bulk.per_second))
        state, message = await _outcome(engine, bulk, hold)
        async with engine.database.begin() as tx:
            await tx.bulks.went(bulk.number, hold.number, state, message)
        acted += 1
    async with engine.database.begin() as tx:
        if await tx.bulks.end(bulk.number):
            await tell(engine, tx, "bulk.ended", bulk, BY)
    return acted


async def _next(engine: Engine, bulk: BulkRow) -> HoldRow | None:
    async with engine.database.begin() as tx:
        number = await tx.bulks.next_waiting(bulk.number)
        return None if number is None else await tx.holds.find(str(number))


async def _outcome(engine: Engine, bulk: BulkRow, hold: HoldRow) -> tuple[str, str]:
    """(state, message) of one hold; one that cannot be acted on does not stop the others."""
    try:
        acted = await outlast(engine.database, lambda: _act(engine, bulk, hold))
    except (ActionRefused, ConnectError) as error:
        return "refused", str(error)
    except Exception as error:
        # The edge of a bulk act: a defect met at one hold is told there, and the rest goes on.
        log.exception("bulk.defect", bulk=bulk.label, hold=hold.label)
        return "refused", f"{type(error).__name__}: {error}"
    if acted.still_held:
        return "still_held", acted.message
    return ("done" if acted.done else "nothing_to_do"), acted.message


async def _act(engine: Engine, bulk: BulkRow, hold: HoldRow) -> Acted:
    value, by = bulk.arguments["value"], bulk.asked_by
    match Act(bulk.act):
        case Act.REPLAY:
            return await replay_hold(engine, hold, by)
        case Act.RESOLVE:
            return await resolve(engine, hold, value, bulk.arguments["note"], by)
        case Act.ASSIGN:
            return await assign(engine, hold, value, by)
        case Act.COMMENT:
            key = f"{bulk.label}:{hold.label}"
            return await comment(engine, hold, value, by, dedup_key=key)
