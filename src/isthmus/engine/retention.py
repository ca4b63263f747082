"""Empties what is finished and old, by the ages of the landscape, one process at a time.

What recognises a repeat stays: ids of runs, keys of messages, events, facts, holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from isthmus.engine.engine import Engine
from isthmus.store.leadership import leading
from isthmus.store.retention import Finished

log = structlog.get_logger()
AT_ONCE = 200
"""Rows per transaction: locks are short, and a stop in between loses nothing."""
_AT_WORK = ["ENQUEUED", "DELAYED", "PENDING"]


@dataclass(frozen=True)
class Purged:
    """Numbers of runs and messages that were emptied, and of counts of calls that were removed."""

    runs: int
    messages: int
    quota_use: int

    def total(self) -> int:
        return self.runs + self.messages + self.quota_use


@dataclass(frozen=True)
class _Before:
    """Instants before which each kind is old; None: it is kept for good."""

    runs: datetime | None
    messages: datetime | None
    quota_use: datetime | None


def _before(engine: Engine, now: datetime) -> _Before:
    def instant(age: timedelta | str) -> datetime | None:
        return now - age if isinstance(age, timedelta) else None

    ages = engine.landscape.retention
    return _Before(instant(ages.runs), instant(ages.messages), instant(ages.quota_use))


async def to_purge(engine: Engine, now: datetime) -> Purged:
    """What a purge would find now."""
    before = _before(engine, now)
    async with engine.database.begin() as tx:
        return Purged(*await tx.retained.counts(before.runs, before.messages, before.quota_use))


async def purge(engine: Engine, now: datetime) -> Purged | None:
    """None while another process is at it."""
    before = _before(engine, now)
    async with leading(engine.database.engine, "retention") as lead:
        if not lead:
            return None
        done = Purged(
            await _runs(engine, before.runs) if before.runs else 0,
            await _messages(engine, before.messages) if before.messages else 0,
            await _quota_use(engine, before.quota_use) if before.quota_use else 0,
        )
    if done.total():
        log.info("retention.purged", **vars(done))
    return done


async def purge_when_due(engine: Engine, now: datetime) -> int:
    done = await purge(engine, now)
    return 0 if done is None else done.total()


async def _runs(engine: Engine, before: datetime) -> int:
    """The steps go first: a stop in between finds the run again and has nothing left to remove."""
    emptied, last = 0, None
    while found := await _old_runs(engine, before, last):
        ids = [id for _, id in found]
        busy = await engine.client.list_workflows_async(
            workflow_ids=ids, status=_AT_WORK, load_input=False, load_output=False
        )
        ended = sorted({*ids} - {w.workflow_id for w in busy})
        await engine.client.delete_workflows_async(ended)
        async with engine.database.begin() as tx:
            await tx.retained.emptied(ended)
        emptied, last = emptied + len(ended), found[-1]
    return emptied


async def _old_runs(engine: Engine, before: datetime, last: Finished | None) -> list[Finished]:
    async with engine.database.begin() as tx:
        return await tx.retained.runs(before, AT_ONCE, last)


async def _messages(engine: Engine, before: datetime) -> int:
    emptied = 0
    while True:
        async with engine.database.begin() as tx:
            found = await tx.retained.empty_messages(before, AT_ONCE)
        emptied += found
        if not found:
            return emptied


async def _quota_use(engine: Engine, before: datetime) -> int:
    async with engine.database.begin() as tx:
        return await tx.retained.remove_quota_use(before)
