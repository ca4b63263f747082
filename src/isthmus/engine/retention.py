"""Empties and removes what is finished and old, by the ages of the landscape, one process at a
time.

What recognises a repeat stays as long as it can come: ids of runs, keys of messages. Facts, holds
and the events that tell of them stay for good.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from isthmus.engine.engine import Engine
from isthmus.engine.passing_events import count_events, drop_events, make_room
from isthmus.store.database import Transaction
from isthmus.store.leadership import leading
from isthmus.store.retention import Finished

log = structlog.get_logger()
AT_ONCE = 200
"""Rows per transaction: locks are short, and a stop in between loses nothing."""
DEAD_FOR = timedelta(days=1)
"""After so long a silent worker's heartbeat goes."""
_AT_WORK = ["ENQUEUED", "DELAYED", "PENDING"]


@dataclass(frozen=True)
class Purged:
    """Numbers of runs and messages that were emptied, and of events, keys, counts of calls, key
    figures, alerts, and reconciliations with their breaks, that were removed.
    """

    runs: int = 0
    messages: int = 0
    events: int = 0
    message_keys: int = 0
    run_keys: int = 0
    quota_use: int = 0
    figures: int = 0
    alerts: int = 0
    reconciliations: int = 0

    def total(self) -> int:
        return sum(vars(self).values())


@dataclass(frozen=True)
class _Class:
    """What one age of the landscape is about: how to count it, and how to be rid of it."""

    count: Callable[[Engine, datetime], Awaitable[int]]
    purge: Callable[[Engine, datetime], Awaitable[int]]


async def to_purge(engine: Engine, now: datetime) -> Purged:
    """What a purge would find now."""
    return Purged(
        **{name: await CLASSES[name].count(engine, at) for name, at in _before(engine, now).items()}
    )


async def purge(engine: Engine, now: datetime) -> Purged | None:
    """None while another process is at it."""
    async with leading(engine.database.engine, "retention") as lead:
        if not lead:
            return None
        await make_room(engine.database, now, engine.landscape.retention.events)
        before = _before(engine, now)
        done = Purged(
            **{name: await CLASSES[name].purge(engine, at) for name, at in before.items()}
        )
        await _executors(engine, now - DEAD_FOR)
        async with engine.database.begin() as tx:
            await tx.answers.remove_old(now)
    if done.total():
        log.info("retention.purged", **vars(done))
    return done


async def purge_when_due(engine: Engine, now: datetime) -> int:
    done = await purge(engine, now)
    return 0 if done is None else done.total()


def _before(engine: Engine, now: datetime) -> dict[str, datetime]:
    """Class -> the instant before which it is old; a class that is kept for good is not there."""
    ages = ((name, getattr(engine.landscape.retention, name)) for name in CLASSES)
    return {name: now - age for name, age in ages if isinstance(age, timedelta)}


async def _all(engine: Engine, some: Callable[[Transaction], Awaitable[int]]) -> int:
    """A transaction after another, until one finds nothing more."""
    total = 0
    while True:
        async with engine.database.begin() as tx:
            found = await some(tx)
        total += found
        if not found:
            return total


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
    return await _all(engine, lambda tx: tx.retained.empty_messages(before, AT_ONCE))


async def _message_keys(engine: Engine, before: datetime) -> int:
    return await _all(engine, lambda tx: tx.retained.remove_messages(before, AT_ONCE))


async def _run_keys(engine: Engine, before: datetime) -> int:
    flows = _passing_flows(engine)
    return await _all(engine, lambda tx: tx.retained.remove_runs(before, flows, AT_ONCE))


async def _executors(engine: Engine, before: datetime) -> int:
    return await _all(engine, lambda tx: tx.retained.remove_executors(before, AT_ONCE))


async def _quota_use(engine: Engine, before: datetime) -> int:
    async with engine.database.begin() as tx:
        return await tx.retained.remove_quota_use(before)


def _removing(
    remove: Callable[[Transaction, datetime], Awaitable[int]],
) -> Callable[[Engine, datetime], Awaitable[int]]:
    """All at once: these are few."""

    async def removed(engine: Engine, before: datetime) -> int:
        async with engine.database.begin() as tx:
            return await remove(tx, before)

    return removed


def _passing_flows(engine: Engine) -> list[str]:
    return [flow.name for flow in engine.flows.values() if not flow.lasts]


def _counting(
    counted: Callable[[Engine, Transaction, datetime], Awaitable[int]],
) -> Callable[[Engine, datetime], Awaitable[int]]:
    async def count(engine: Engine, before: datetime) -> int:
        async with engine.database.begin() as tx:
            return await counted(engine, tx, before)

    return count


CLASSES = {
    "runs": _Class(_counting(lambda _, tx, at: tx.retained.old_runs(at)), _runs),
    "messages": _Class(_counting(lambda _, tx, at: tx.retained.old_messages(at)), _messages),
    "events": _Class(
        lambda engine, at: count_events(engine.database, at),
        lambda engine, at: drop_events(engine.database, at),
    ),
    "message_keys": _Class(
        _counting(lambda _, tx, at: tx.retained.old_message_keys(at)), _message_keys
    ),
    "run_keys": _Class(
        _counting(lambda engine, tx, at: tx.retained.old_run_keys(at, _passing_flows(engine))),
        _run_keys,
    ),
    "quota_use": _Class(_counting(lambda _, tx, at: tx.retained.old_quota_use(at)), _quota_use),
    "figures": _Class(
        _counting(lambda _, tx, at: tx.retained_figures.old_figures(at)),
        _removing(lambda tx, at: tx.retained_figures.remove_figures(at)),
    ),
    "alerts": _Class(
        _counting(lambda _, tx, at: tx.retained_figures.old_alerts(at)),
        _removing(lambda tx, at: tx.retained_figures.remove_alerts(at)),
    ),
    "reconciliations": _Class(
        _counting(lambda _, tx, at: tx.retained_figures.old_reconciliations(at)),
        _removing(lambda tx, at: tx.retained_figures.remove_reconciliations(at)),
    ),
}
"""In this order: steps go before the rows of their runs, bodies before their keys."""
