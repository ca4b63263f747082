"""One act on many holds: dry run, approval by a second person, rate, death and going on."""

import asyncio
import signal
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from tests.holds.place import WORLD, settled, stopped_deals, story, the

from isthmus.engine import Engine
from isthmus.engine.hold_actions import ActionRefused, replay_hold
from isthmus.holds.bulk import approve, ask, decline, look_up
from isthmus.holds.bulk_work import work_off
from isthmus.holds.wish import Act, Wish
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.store.bulks import BulkRow
from isthmus.store.queues import HoldFilter

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("bulk_worker.py")
PO = HoldFilter(queue="finance", code="po_missing")
REPLAY = Wish(Act.REPLAY, PO)


async def outcomes(engine: Engine, bulk: BulkRow | None) -> dict[str, int]:
    assert bulk is not None
    async with engine.database.begin() as tx:
        return await tx.bulks.counts(bulk.number)


async def acts_on(engine: Engine, bulk: BulkRow) -> list[str]:
    async with engine.database.begin() as tx:
        return [e.type for e in await tx.events.of(subject=bulk.label)]


def effects() -> tuple[int, int]:
    """(deals checked, deals posted): a check that is repeated counts twice."""
    checked = [p for p in WORLD.posted if p.startswith("checked")]
    return len(checked), len(WORLD.posted) - len(checked)


async def test_a_dry_run_counts_and_does_nothing(engine: Engine) -> None:
    await stopped_deals(engine, 4)
    found = await look_up(engine, REPLAY)
    assert (len(found.holds), found.blocked, found.needs_approval) == (
        4, (Money.of(400, "EUR"),), True,
    )  # fmt: skip
    assert await work_off(engine, utc_now()) == 0
    async with engine.database.begin() as tx:
        assert await tx.bulks.list() == []


async def test_up_to_the_limit_every_run_goes_on_at_its_failed_step(engine: Engine) -> None:
    holds = await stopped_deals(engine, 3)
    WORLD.stops.clear()
    asked = await ask(engine, REPLAY, "ana")
    assert asked.message == "B-1: replay of 3 holds is under way"
    assert await work_off(engine, utc_now()) == 3
    await settled(engine)
    assert effects() == (3, 3)
    assert await outcomes(engine, asked.bulk) == {"done": 3}
    for hold in holds:
        over = await the(engine, hold.number)
        assert (over.state, over.resolution) == ("resolved", "succeeded")
        assert [(e, by) for e, by, _ in await story(engine, hold)] == [("hold.replayed", "ana")]
    assert asked.bulk is not None
    assert await acts_on(engine, asked.bulk) == ["bulk.asked", "bulk.ended"]
    assert await work_off(engine, utc_now()) == 0


async def test_above_the_limit_a_second_person_approves(engine: Engine) -> None:
    await stopped_deals(engine, 4)
    WORLD.stops.clear()
    asked = await ask(engine, REPLAY, "ana")
    bulk = asked.bulk
    assert bulk is not None
    assert (bulk.state, asked.message) == (
        "awaiting_approval",
        "B-1 waits (more than 3 holds: another person approves it): isthmus hold bulk approve B-1",
    )
    assert await work_off(engine, utc_now()) == 0
    with pytest.raises(ActionRefused, match="ana asked for it, and four eyes"):
        await approve(engine, bulk, " Ana ")
    assert await work_off(engine, utc_now()) == 0
    assert effects() == (4, 0)

    assert await approve(engine, bulk, "ben") == "B-1 is approved and under way"
    again = await approve(engine, bulk, "cleo")
    assert again == "B-1 does not wait for an approval; nothing to do"
    assert await work_off(engine, utc_now()) == 4
    await settled(engine)
    assert effects() == (4, 4)
    async with engine.database.begin() as tx:
        ended = await tx.bulks.find("b-1")
    assert ended is not None
    assert (ended.state, ended.asked_by, ended.decided_by) == ("done", "ana", "ben")
    assert await acts_on(engine, bulk) == ["bulk.asked", "bulk.approved", "bulk.ended"]


async def test_what_is_declined_never_runs(engine: Engine) -> None:
    await stopped_deals(engine, 4)
    asked = await ask(engine, REPLAY, "ana")
    assert asked.bulk is not None
    assert await decline(engine, asked.bulk, "ana") == "B-1 is declined; nothing was done"
    late = await approve(engine, asked.bulk, "ben")
    assert late == "B-1 does not wait for an approval; nothing to do"
    assert await work_off(engine, utc_now()) == 0
    assert await outcomes(engine, asked.bulk) == {"waiting": 4}


async def test_a_hold_that_went_on_meanwhile_is_left_alone(engine: Engine) -> None:
    holds = await stopped_deals(engine, 3)
    asked = await ask(engine, REPLAY, "ana")
    WORLD.stops.clear()
    await replay_hold(engine, holds[0], "ben")
    await settled(engine)
    await work_off(engine, utc_now())
    await settled(engine)
    assert effects() == (3, 3)
    assert await outcomes(engine, asked.bulk) == {"nothing_to_do": 1, "done": 2}
    async with engine.database.begin() as tx:
        [first] = await tx.bulks.of_hold(holds[0].number)
    assert first.message == (
        f"{holds[0].label} is over already (succeeded by isthmus); nothing to do"
    )


async def test_the_rate_is_asked_for(engine: Engine) -> None:
    """A pause before each hold but the first; the test's clock does not wait."""
    await stopped_deals(engine, 3)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    await ask(engine, Wish(Act.REPLAY, PO, per_second=Decimal("0.5")), "ana")
    await work_off(engine, utc_now(), pause=pause)
    assert pauses == [2.0, 2.0]


@pytest.mark.parametrize("die_at", [1, 2, 3])
async def test_a_killed_worker_is_followed_by_another(
    engine: Engine, database_url: str, tmp_path: Path, die_at: int
) -> None:
    """It dies between the replay of a hold and the record of it."""
    await stopped_deals(engine, 3)
    WORLD.stops.clear()
    asked = await ask(engine, REPLAY, "ana")
    folder = tmp_path / "worker"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(WORKER), database_url, str(folder), str(die_at), cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert await process.wait() == -signal.SIGKILL
    assert (await outcomes(engine, asked.bulk))["waiting"] == 3 - (die_at - 1)

    for _ in range(200):  # the dead worker's lock goes with its connection
        if await work_off(engine, utc_now()):
            break
        await asyncio.sleep(0.05)
    await settled(engine)
    assert effects() == (3, 3)
    counts = Counter(await outcomes(engine, asked.bulk))
    assert (counts["waiting"], counts["refused"], counts.total()) == (0, 0, 3)
    async with engine.database.begin() as tx:
        assert await tx.holds.list() == []


async def test_assign_comment_and_resolve_reach_every_hold(engine: Engine) -> None:
    holds = await stopped_deals(engine, 4)
    await ask(engine, Wish(Act.ASSIGN, PO, "ana"), "ben")
    await ask(engine, Wish(Act.COMMENT, PO, "the client was asked"), "ben")
    assert await work_off(engine, utc_now()) == 8
    mine = HoldFilter(assignee="ana")
    asked = await ask(engine, Wish(Act.RESOLVE, mine, "written_off", "no budget"), "ana")
    assert asked.bulk is not None
    await approve(engine, asked.bulk, "ben")
    assert await work_off(engine, utc_now()) == 4
    for hold in holds:
        over = await the(engine, hold.number)
        assert (over.assigned_to, over.resolution, over.resolution_code) == (
            "ana", "skipped: written_off: no budget", "written_off",
        )  # fmt: skip
        assert [e[0] for e in await story(engine, hold)] == [
            "hold.assigned", "hold.commented", "hold.skipped",
        ]  # fmt: skip
    assert effects() == (4, 0)


async def test_one_refusal_does_not_stop_the_others(engine: Engine) -> None:
    holds = await stopped_deals(engine, 3)
    async with engine.database.begin() as tx:
        await tx.connection.exec_driver_sql(
            f"UPDATE hold SET run_id = NULL, code = 'revenue_differs' WHERE number = "
            f"{holds[1].number}"
        )
    WORLD.stops.clear()
    asked = await ask(engine, Wish(Act.REPLAY, HoldFilter(queue="finance")), "ana")
    await work_off(engine, utc_now())
    await settled(engine)
    assert await outcomes(engine, asked.bulk) == {"done": 2, "refused": 1}


@pytest.mark.parametrize(
    ("wish", "what"),
    [
        (Wish(Act.REPLAY, HoldFilter()), "Nothing says which holds to replay."),
        (Wish(Act.ASSIGN, PO, " "), "There is nothing to assign with."),
        (Wish(Act.RESOLVE, PO, "gone"), "'gone' is not a resolution code."),
        (Wish(Act.REPLAY, PO, per_second=Decimal(0)), "0 holds in a second is no rate."),
    ],
)
async def test_what_cannot_be_carried_out_is_refused(desk: Engine, wish: Wish, what: str) -> None:
    with pytest.raises(ActionRefused) as refused:
        await ask(desk, wish, "ana")
    assert refused.value.what == what
    async with desk.database.begin() as tx:
        assert await tx.bulks.list() == []


async def test_nothing_found_is_nothing_kept(desk: Engine) -> None:
    asked = await ask(desk, REPLAY, "ana")
    assert (asked.bulk, asked.message) == (
        None, "no open hold is chosen by this; nothing to do",
    )  # fmt: skip
