"""Runs, steps, holds and replay on a real database; effects are counted, not mocked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from tests.landscapes import ENVIRONMENT, landscape_text

from isthmus.connect import Invalid, PeriodClosed, Refused, Unavailable
from isthmus.connect.errors import FieldProblem
from isthmus.engine import Engine, Flow, Hold, RetryPolicy, Run, Step, flow, replay, steps_of
from isthmus.engine.engine import PLACES
from isthmus.events.envelope import Event
from isthmus.events.ingest import Ingest
from isthmus.events.links import Links
from isthmus.events.outbox import Outbox
from isthmus.installed import connector_configs
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.landscape import load
from isthmus.store.database import Database
from isthmus.store.holds import HoldRow
from isthmus.store.migrate import upgrade
from isthmus.store.runs import RunRow

pytestmark = pytest.mark.anyio
D1, D2, A, B = (derived_id(name) for name in ("d1", "d2", "a", "b"))
calls: list[str] = []
broken: dict[str, Callable[[], Exception]] = {}


@flow(on="deal.won", owner="pmo")
async def three_steps(run: Run) -> None:
    first = await run.step(count)
    await run.step(price, first)
    await run.step(post)


async def count(step: Step) -> int:
    calls.append("count")
    return 3


async def price(step: Step, hours: int) -> Money:
    calls.append(f"price {hours}")
    return Money.of(Decimal("150.10") * hours, "EUR")


async def post(step: Step) -> date:
    calls.append("post")
    if "post" in broken:
        raise broken["post"]()
    return date(2026, 7, 31)


@flow(on="object.changed", key=lambda event: event.id)
async def slowly(run: Run) -> None:
    await run.step(work)


async def work(step: Step) -> None:
    calls.append(f"in {step.subject}")
    await asyncio.sleep(0.15)
    calls.append(f"out {step.subject}")


@asynccontextmanager
async def an_engine(
    url: str,
    folder: Path,
    flows: tuple[Flow, ...] = (three_steps, slowly),
    lease: float = 10.0,
    places: Mapping[str, int] = PLACES,
) -> AsyncIterator[Engine]:
    path = folder / "isthmus.yaml"
    path.write_text(landscape_text("http://127.0.0.1:1", "http://127.0.0.1:1"))
    landscape = load(path, connector_configs(), ENVIRONMENT)
    database, outbox = Database(url), Outbox()
    ingest = Ingest(database, outbox, landscape.ownership_table())
    links = Links({}, landscape, database, ingest)
    retry = RetryPolicy(attempts=2, first=0.01, longest=0.01)
    engine = Engine(
        database, outbox, links, landscape, flows, retry=retry, places=places, lease_seconds=lease
    )  # fmt: skip
    await upgrade(database.engine)
    await engine.prepare()
    await engine.start()
    calls.clear()
    broken.clear()
    try:
        yield engine
    finally:
        await engine.stop()
        await database.close()


@pytest.fixture
async def engine(database_url: str, tmp_path: Path) -> AsyncIterator[Engine]:
    async with an_engine(database_url, tmp_path) as made:
        yield made


async def tell(engine: Engine, type: str, subject: str) -> None:
    event = Event(type=type, source="test", subject=subject, correlation_id=subject)
    async with engine.database.begin() as tx:
        await engine.outbox.emit(tx, event)


async def ended(engine: Engine, id: str) -> RunRow:
    for _ in range(400):
        async with engine.database.begin() as tx:
            run = await tx.runs.get(id)
        if run is not None and run.state not in ("queued", "running"):
            return run
        await asyncio.sleep(0.02)
    raise AssertionError(f"{id} did not end")


async def the_hold(engine: Engine) -> HoldRow:
    async with engine.database.begin() as tx:
        [hold] = await tx.holds.list()
    return hold


def a_hold() -> Exception:
    return Hold(
        "no billing terms", code="terms_missing", owner="finance", fix="Set them in the CRM.",
        blocks=Money.of("450.30", "EUR"), customer="Harbour Works",
    )  # fmt: skip


async def test_the_same_event_twice_is_one_run(engine: Engine) -> None:
    await tell(engine, "deal.won", D1)
    await tell(engine, "deal.won", D1)
    assert (await ended(engine, f"three_steps:{D1}")).state == "succeeded"
    assert calls == ["count", "price 3", "post"]
    async with engine.database.begin() as tx:
        assert len(await tx.runs.list()) == 1
        assert await tx.events.counts() == {"deal.won": 2}


async def emit_and_fail(engine: Engine) -> None:
    async with engine.database.begin() as tx:
        event = Event(type="deal.won", source="test", subject=D1, correlation_id=D1)
        await engine.outbox.emit(tx, event)
        raise RuntimeError("the business row failed")


async def test_an_event_of_a_transaction_that_fails_starts_nothing(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="the business row failed"):
        await emit_and_fail(engine)
    await tell(engine, "deal.won", D2)
    await ended(engine, f"three_steps:{D2}")
    async with engine.database.begin() as tx:
        assert [r.id for r in await tx.runs.list()] == [f"three_steps:{D2}"]


async def test_a_hold_names_reason_owner_fix_amount_and_customer(engine: Engine) -> None:
    broken["post"] = a_hold
    await tell(engine, "deal.won", D1)
    assert (await ended(engine, f"three_steps:{D1}")).state == "held"
    hold = await the_hold(engine)
    assert (hold.reason, hold.owner, hold.fix) == (
        "no billing terms", "finance", "Set them in the CRM.",
    )  # fmt: skip
    assert (hold.amount, hold.currency, hold.customer) == (
        Decimal("450.30"), "EUR", "Harbour Works",
    )  # fmt: skip


async def test_replay_goes_on_at_the_failed_step(engine: Engine) -> None:
    broken["post"] = a_hold
    await tell(engine, "deal.won", D1)
    run = await ended(engine, f"three_steps:{D1}")
    broken.clear()
    told = await replay(engine, run, "a controller")
    assert told.message == f"{run.label} goes on at step post"
    assert (await ended(engine, run.id)).state == "succeeded"
    assert calls == ["count", "price 3", "post", "post"]
    async with engine.database.begin() as tx:
        assert await tx.holds.list() == []


async def test_replaying_a_success_does_nothing_and_says_so(engine: Engine) -> None:
    await tell(engine, "deal.won", D1)
    run = await ended(engine, f"three_steps:{D1}")
    told = await replay(engine, run, "a controller")
    assert not told.resumed
    assert told.message == f"{run.label} has succeeded already; nothing to replay"
    assert calls == ["count", "price 3", "post"]


async def test_a_run_that_stops_again_keeps_its_hold(engine: Engine) -> None:
    broken["post"] = a_hold
    await tell(engine, "deal.won", D1)
    run = await ended(engine, f"three_steps:{D1}")
    before = await the_hold(engine)
    await replay(engine, run, "a controller")
    await asyncio.sleep(0.3)
    await ended(engine, run.id)
    after = await the_hold(engine)
    assert (after.number, after.state) == (before.number, "held")


@pytest.mark.parametrize(
    ("error", "state", "code", "owner", "tries"),
    [
        (Unavailable("erp", "no connection"), "waiting_system", "unavailable", "integration", 2),
        (PeriodClosed("erp", "closed", period="Jul 2026"), "waiting_period", "period_closed",
         "finance", 1),
        (Refused("erp", "never"), "dead", "refused", "integration", 1),
        (Invalid("erp", "bad", fields=(FieldProblem("invoice", "terms", "x", "unknown", "Pick."),)),
         "held", "invalid", "pmo", 1),
        (ZeroDivisionError("oops"), "dead", "defect", "integration", 1),
    ],
)  # fmt: skip
async def test_an_error_is_repeated_and_stopped_by_its_class(
    engine: Engine, error: Exception, state: str, code: str, owner: str, tries: int
) -> None:
    broken["post"] = lambda: error
    await tell(engine, "deal.won", D1)
    assert (await ended(engine, f"three_steps:{D1}")).state == state
    hold = await the_hold(engine)
    assert (hold.state, hold.code, hold.owner) == (state, code, owner)
    assert calls.count("post") == tries
    assert hold.fix


async def test_one_object_at_a_time_many_objects_at_once(engine: Engine) -> None:
    for _ in range(3):
        await tell(engine, "object.changed", A)
    await tell(engine, "object.changed", B)
    for _ in range(200):
        if len(calls) == 8:
            break
        await asyncio.sleep(0.05)
    assert [c for c in calls if c.endswith(A)] == [f"in {A}", f"out {A}"] * 3
    assert calls.index(f"in {B}") < calls.index(f"out {A}"), "b does not wait for a"


async def test_steps_are_recorded_with_their_results(engine: Engine) -> None:
    await tell(engine, "deal.won", D1)
    await ended(engine, f"three_steps:{D1}")
    recorded = await steps_of(engine, f"three_steps:{D1}")
    assert [(s.name, s.output) for s in recorded] == [
        ("count", 3), ("price", Money.of("450.30", "EUR")), ("post", date(2026, 7, 31)),
    ]  # fmt: skip


async def test_nothing_is_pickled_at_rest(engine: Engine, database_url: str) -> None:
    broken["post"] = a_hold
    await tell(engine, "deal.won", D1)
    await ended(engine, f"three_steps:{D1}")
    with psycopg.connect(database_url) as connection:
        runs = connection.execute(
            "select distinct serialization from dbos.workflow_status"
        ).fetchall()
        steps = connection.execute(
            "select distinct serialization from dbos.operation_outputs"
        ).fetchall()
    assert runs == [("isthmus_json_v1",)]
    assert steps == [("isthmus_json_v1",)]


async def test_a_pickled_row_is_refused(engine: Engine) -> None:
    from dbos._serialization import DefaultSerializer

    with pytest.raises(ValueError, match="a pickled row is refused"):
        DefaultSerializer().deserialize("gASVCAAAAAAAAABLAUsChpQu")


async def test_two_engines_do_not_share_an_identity(database_url: str, tmp_path: Path) -> None:
    async with an_engine(database_url, tmp_path) as first:
        one = first.executor_id
    async with an_engine(database_url, tmp_path) as second:
        assert second.executor_id != one
