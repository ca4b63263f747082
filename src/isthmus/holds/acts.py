"""Comments on a hold, and its end with a resolution code."""

from __future__ import annotations

from isthmus.engine.engine import Engine
from isthmus.engine.held_work import Acted
from isthmus.engine.hold_actions import over, replay_hold, skip
from isthmus.engine.hold_story import tell
from isthmus.engine.refused import ActionRefused
from isthmus.engine.replay import Replayed, replay
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.rules.resolutions import Resolution, Then
from isthmus.store.holds import RESOLVED, HoldRow
from isthmus.store.runs import RunRow


async def comment(
    engine: Engine, hold: HoldRow, text: str, by: str, *, dedup_key: str | None = None
) -> Acted:
    """Keep what somebody says, also of a hold that is over. One comment for each `dedup_key`."""
    said = text.strip()
    if not said:
        raise ActionRefused(
            f"{hold.label} has no new comment.", "It says nothing.",
            f'Write it: isthmus hold comment {hold.label} "asked the client on 3 May".',
        )  # fmt: skip
    async with engine.database.begin() as tx:
        kept = await tx.queues.comment(hold.number, said, by, dedup_key)
        if kept:
            await tell(engine, tx, "hold.commented", hold, by, before={}, after={"comment": said})
    message = "comment kept" if kept else "the comment was kept before"
    return Acted(hold.label, kept, f"{hold.label}: {message}")


async def replay_run(engine: Engine, run: RunRow, by: str) -> Replayed:
    """Through the run's hold where it has one, so that the act is on record."""
    async with engine.database.begin() as tx:
        holds = await tx.holds.list(run_id=run.id)
    if not holds:
        return await replay(engine, run, by)
    acted = await replay_hold(engine, holds[0], by)
    return Replayed(run.id, acted.done, acted.message)


def resolution_named(engine: Engine, code: str) -> Resolution:
    """Raises ActionRefused, naming the codes that there are."""
    known = engine.landscape.exceptions.codes
    if code not in known:
        raise ActionRefused(
            f"{code!r} is not a resolution code.",
            f"Known: {listed(known)}.",
            did_you_mean(code, known, "Use one of them, or add it to exceptions.resolutions."),
        )
    return known[code]


async def resolve(engine: Engine, hold: HoldRow, code: str, note: str, by: str) -> Acted:
    """End a hold as its code says: the work goes on, or is given up. The note is kept.

    A hold whose work goes on is over when the work succeeds, and stays open when it stops again.
    """
    resolution = resolution_named(engine, code)
    if hold.state == RESOLVED:
        return over(hold)
    if resolution.then is Then.SKIP:
        reason = f"{code}: {note.strip()}" if note.strip() else code
        return await skip(engine, hold, reason, by, code=code)
    acted = await replay_hold(engine, hold, by, code=code)
    if acted.done and note.strip():
        await comment(engine, hold, note, by)
    return acted
