"""What is finished is emptied by age; a repeat of what was emptied still does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, win
from tests.flows.work import bill, entries, ledger, posted, under_way

from isthmus.engine import Engine, replay
from isthmus.engine.replay import steps_of
from isthmus.engine.retention import Purged, purge, purge_when_due, to_purge
from isthmus.events.envelope import Event
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import new_id
from isthmus.landscape.retention import Retention
from isthmus.store.leadership import leading
from isthmus.store.tables import inbox

pytestmark = pytest.mark.anyio
LATER = timedelta(days=91)
NOTHING = dict.fromkeys(
    ("workflow_status", "workflow_input", "workflow_output", "operation_outputs"), 0
)
WEEK = ["8", "7.5", "8", "8", "4"]


async def purged(engine: Engine, now: datetime) -> Purged:
    """Once the worker, which looks when it starts, has had its turn."""
    for _ in range(500):
        if (done := await purge(engine, now)) is not None:
            return done
        await asyncio.sleep(0.02)
    raise AssertionError("another process has purged for 10 s")


@pytest.fixture
async def idle(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    """A firm without a worker, which would purge by itself."""
    async with a_firm(database_url, tmp_path, works=False) as made:
        yield made


async def recorded(firm: Firm) -> dict[str, int]:
    """Rows that the engine keeps."""
    async with firm.app.database.begin() as tx:
        return {
            table: int(await tx.connection.scalar(sa.text(f"select count(*) from dbos.{table}")))
            for table in NOTHING
        }


async def message(firm: Firm, key: str, *, done: bool) -> bool:
    """A webhook's message; whether it is a new one."""
    async with firm.app.database.begin() as tx:
        fresh = await tx.inbox.accept(
            "salesforce", key, kind="opportunity", external_id="006", headers={"h": "1"},
            body=b"{}",
        )  # fmt: skip
        if done:
            [waiting] = await tx.inbox.waiting("salesforce", 10)
            await tx.inbox.done(waiting.id)
        return fresh


async def bodies(firm: Firm) -> dict[str, tuple[bytes, dict[str, str]]]:
    async with firm.app.database.begin() as tx:
        rows = await tx.connection.execute(
            sa.select(inbox.c.dedup_key, inbox.c.body, inbox.c.headers)
        )
        return {key: (bytes(body), headers) for key, body, headers in rows}


async def story(firm: Firm) -> tuple[object, ...]:
    """All that people and reconciliation read: runs, events, facts, entries."""
    async with firm.app.database.begin() as tx:
        runs = [replace(r, emptied_at=None) for r in await tx.runs.list(limit=1000)]
        events = await tx.events.of(correlation_id=runs[0].correlation_id)
    return runs, events, await ledger(firm), await entries(firm), await posted(firm)


async def test_finished_runs_lose_their_steps_and_nothing_else(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(WEEK)
    await firm.read()
    assert await bill(firm) == 1
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("5325.00"), 5)]
    before, runs = await story(firm), await recorded(firm)
    async with firm.app.database.begin() as tx:
        number = len(await tx.runs.list(limit=1000))
    assert runs["workflow_status"] == number
    for gate in firm.app.gates.values():
        await gate.close()  # which books the calls that it has not told yet

    assert await purged(firm.app.engine, utc_now()) == Purged()
    found = await to_purge(firm.app.engine, utc_now() + LATER)
    assert (found.runs, found.messages, found.run_keys) == (number, 0, 0)
    assert await recorded(firm) == runs, "a dry run removes nothing"
    assert await purged(firm.app.engine, utc_now() + LATER) == found
    assert await recorded(firm) == NOTHING
    assert await story(firm) == before
    assert await purged(firm.app.engine, utc_now() + LATER) == Purged()


async def test_what_is_told_again_after_a_purge_does_nothing(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(WEEK)
    await firm.read()
    await bill(firm)
    async with firm.app.database.begin() as tx:
        [run] = await tx.runs.list(flow="opportunity_to_project")
    await purged(firm.app.engine, utc_now() + LATER)
    before = await story(firm)

    again = Event(type="opportunity.closed_won", source="salesforce", subject=run.subject,
                  correlation_id=run.correlation_id, data={"version": 1})  # fmt: skip
    async with firm.app.database.begin() as tx:
        await firm.app.outbox.emit(tx, again)
    assert await recorded(firm) == NOTHING
    async with firm.app.database.begin() as tx:
        await tx.connection.execute(sa.text("delete from watermark"))
    await firm.read()
    assert await bill(firm) == 0
    async with firm.app.database.begin() as tx:
        now = await tx.runs.find(run.label)
    assert now is not None
    assert await steps_of(firm.app.engine, run.id) == []
    answer = await replay(firm.app.engine, now, "person@firm.example")
    assert (answer.resumed, answer.message) == (
        False, f"{run.label} has succeeded already; nothing to replay",
    )  # fmt: skip
    assert (await story(firm))[2:] == before[2:]
    assert len(await firm.books.rows("invoice")) == 1
    assert len(await firm.books.rows("timeBill")) == 5
    assert len(firm.org.rows("pse__Proj__c")) == 2


async def test_messages_lose_their_body_and_keep_their_key(idle: Firm) -> None:
    assert await message(idle, "old", done=True)
    assert await message(idle, "waiting", done=False)
    done = await purged(idle.app.engine, utc_now() + timedelta(days=31))
    assert done == Purged(messages=1)
    assert await bodies(idle) == {"old": (b"", {}), "waiting": (b"{}", {"h": "1"})}
    assert not await message(idle, "old", done=False)
    async with idle.app.database.begin() as tx:
        assert await tx.inbox.counts() == (2, 3, 1)
        assert [m.external_id for m in await tx.inbox.waiting("salesforce", 10)] == ["006"]


@pytest.mark.slow
async def test_what_a_person_must_see_to_is_never_emptied(firm: Firm) -> None:
    """A held run goes on where it stopped however old it is."""
    deal = await a_deal(firm, await an_account(firm), Work_Starts_On__c=None)
    await win(firm, deal)
    hold = await firm.hold()
    steps = await steps_of(firm.app.engine, hold.run_id or "")
    await purged(firm.app.engine, utc_now() + timedelta(days=5000))
    assert await steps_of(firm.app.engine, hold.run_id or "") == steps
    await firm.org.update("Opportunity", deal, Work_Starts_On__c="2026-07-01")
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert await firm.runs("opportunity_to_project") == [("succeeded", 2)]


async def test_one_process_purges_at_a_time(idle: Firm) -> None:
    async with leading(idle.app.database.engine, "retention"):
        assert await purge(idle.app.engine, utc_now() + LATER) is None
        assert await purge_when_due(idle.app.engine, utc_now() + LATER) == 0


async def test_counts_of_calls_are_removed_and_never_is_kept(idle: Firm) -> None:
    async with idle.app.database.begin() as tx:
        await tx.quotas.spend("netsuite", {0: 3}, at=utc_now() - timedelta(days=40))
        await tx.quotas.spend("netsuite", {0: 5}, at=utc_now())
    kept = Retention(
        runs="never", messages="never", quota_use="never", events="never", message_keys="never",
        run_keys="never", figures="never", alerts="never", reconciliations="never",
    )  # fmt: skip
    engine = idle.app.engine
    ages = engine.landscape
    engine.landscape = ages.model_copy(update={"retention": kept})
    assert await purged(engine, utc_now() + timedelta(days=5000)) == Purged()
    engine.landscape = ages
    assert await purged(engine, utc_now()) == Purged(quota_use=1)
    async with idle.app.database.begin() as tx:
        assert (await tx.quotas.used("netsuite")).calls >= 5


async def test_keys_go_when_no_repeat_can_come(idle: Firm) -> None:
    """Of runs only those that passed one version on; of messages those that are empty."""
    day = timedelta(days=1)
    assert await message(idle, "old", done=True)
    assert await message(idle, "waiting", done=False)
    engine = idle.app.engine
    async with idle.app.database.begin() as tx:
        for flow in ("customer_sync", "opportunity_to_project"):
            await tx.runs.add(f"{flow}:1", flow=flow, subject="1", event_id=new_id(),
                              correlation_id="1", priority=1)  # fmt: skip
            await tx.runs.finished(f"{flow}:1", "succeeded")
        await tx.executors.beat("long dead")
        await tx.runs.add("customer_sync:2", flow="customer_sync", subject="2",
                          event_id=new_id(), correlation_id="2", priority=1)  # fmt: skip
        await tx.runs.finished("customer_sync:2", "held")
    assert await purged(engine, utc_now() + 399 * day) == Purged(runs=2, messages=1)
    assert await purged(engine, utc_now() + 401 * day) == Purged(message_keys=1, run_keys=1)
    async with idle.app.database.begin() as tx:
        left = sorted(run.id for run in await tx.runs.list())
        assert await tx.executors.alive(3600) == 0
    assert left == ["customer_sync:2", "opportunity_to_project:1"]
    assert list(await bodies(idle)) == ["waiting"]
    assert await message(idle, "old", done=False), "a vendor that sends it again is heard again"
