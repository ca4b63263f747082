"""Replay: the same run goes on at the step that failed; earlier steps are not called again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from dbos import DBOSClient

from isthmus.engine.dequeue import tell
from isthmus.engine.engine import Engine
from isthmus.engine.flow import RUNS
from isthmus.engine.stops import run_key
from isthmus.store.runs import RunRow


@dataclass(frozen=True)
class Replayed:
    run_id: str
    resumed: bool
    message: str


@dataclass(frozen=True)
class StepRecord:
    number: int
    name: str
    error: str | None
    output: Any
    took: timedelta | None = None
    """Of its last execution; None where the engine has not kept when it began and ended."""


class Records(Protocol):
    """The engine, or `History` where no landscape is at hand."""

    @property
    def client(self) -> DBOSClient: ...


async def steps_of(records: Records, run_id: str) -> list[StepRecord]:
    """What a run has recorded so far, in order."""
    recorded = await records.client.list_workflow_steps_async(run_id)
    return [
        StepRecord(
            s["function_id"], s["function_name"], str(s["error"]) if s["error"] else None,
            s["output"], _took(s["started_at_epoch_ms"], s["completed_at_epoch_ms"]),
        )
        for s in recorded
    ]  # fmt: skip


def _took(began: int | None, ended: int | None) -> timedelta | None:
    return None if began is None or ended is None else timedelta(milliseconds=ended - began)


async def replay(engine: Engine, run: RunRow, by: str, *, audited: bool = True) -> Replayed:
    """Go on at the failed step. Replaying what succeeded or still runs is a no-op that says so.

    The hold is marked before the run is rewound: if this process dies in between, the waker finds
    a marked hold whose run does not move, and rewinds it again. One replay of a run at a time, or
    a second one would rewind what the first has set going. `audited` is False for what no person
    asked, or what is told of a hold anyway.
    """
    if run.state in ("succeeded", "skipped"):
        return Replayed(run.id, False, f"{run.label} has {run.state} already; nothing to replay")
    async with engine.database.begin() as alone:
        await alone.lock(f"replay:{run.id}")
        if not await is_stopped(engine, run.id):
            return Replayed(run.id, False, f"{run.label} is at work or waits for its turn already")
        return await _rewind(engine, run, by, audited)


async def _rewind(engine: Engine, run: RunRow, by: str, audited: bool) -> Replayed:
    recorded = await steps_of(engine, run.id)
    failed = [s for s in recorded if s.error]
    start = failed[0].number if failed else max((s.number for s in recorded), default=0) + 1
    async with engine.database.begin() as tx:
        await tx.holds.replaying(run_key(run.id), by)
        await tx.runs.queued(run.id)
        if audited:
            tx.audit.add(by, "run.replayed", "run", run.label, before={"state": run.state},
                         after={"state": "queued"})  # fmt: skip
    flow = engine.flows.get(run.flow)
    await engine.client.rewind_workflow_async(
        run.id,
        start_step=start,
        queue_name=flow.queue if flow else RUNS,
        queue_partition_key=run.subject,
    )
    async with engine.database.begin() as tx:
        await tell(tx)
    where = f"at step {failed[0].name}" if failed else "after its last recorded step"
    return Replayed(run.id, True, f"{run.label} goes on {where}")


async def is_stopped(engine: Engine, run_id: str) -> bool:
    """Whether the run has ended without success, as the engine itself knows it."""
    handle = await engine.client.retrieve_workflow_async(run_id)  # type: ignore[var-annotated] # its result is not used
    return (await handle.get_status()).status in _ENDED


_ENDED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED")
