"""G3: who promised something is told what is late, for whom, how much, by when, and what to do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.holds.place import an_engine, opened
from tests.holds.service_desk import ServiceDesk, a_service_desk

from isthmus.canonical import Resource
from isthmus.engine import Engine
from isthmus.holds.alerting import watch
from isthmus.kit.ids import derived_id
from isthmus.rules.burn import BusinessDays, Done, Judged, burning, due_at, judged
from isthmus.rules.business_time import BusinessHours
from isthmus.store.alerts import AlertRow
from isthmus.store.tables import hold, run

pytestmark = pytest.mark.anyio
PROMISES = """\
sla:
  posting: {target: 5m, percentile: 95, owner: finance}
alerts:
  finance: [env:CHAT_URL]
"""
NOW = datetime(2026, 7, 6, 13, tzinfo=UTC)
OFFICE = BusinessHours("Europe/Amsterdam", frozenset(range(5)), 9 * 60, 17 * 60)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

BROKEN = """\
Promised: 95 % of runs within 5m. The late ones use up what a month allows 15.0 times too fast.
Harbour Works, 12,000.00 EUR, by 2026-08-01: no purchase order (H-1, finance). Next: Ask the client.
no client named, no amount: no rate (H-2, finance). Next: Add the rate.
Owner: finance"""


def _runs(*late_minutes_ago: int, good: int = 0) -> list[Judged]:
    late = [Judged(NOW - n * MINUTE, False) for n in late_minutes_ago]
    return [*late, *[Judged(NOW - 48 * MINUTE, True)] * good]


def test_both_windows_have_to_burn() -> None:
    found = burning(_runs(1, 30, 50, good=1), 0.05, NOW)
    assert found is not None
    assert (found.tier.severity, found.late, found.total) == ("critical", 3, 4)
    assert found.rate == pytest.approx(15)
    assert burning(_runs(10, 30, 50), 0.05, NOW).tier.severity == "high"  # type: ignore[union-attr]
    assert burning([], 0.05, NOW) is None
    over = [Judged(NOW - 40 * HOUR, False), *_runs(good=1)]
    assert burning(over, 0.05, NOW) is None, "it is over since yesterday"


def test_a_rate_beyond_all_runs_is_all_runs() -> None:
    assert burning(_runs(1, 2), 0.5, NOW).tier.severity == "critical"  # type: ignore[union-attr]


def test_what_is_neither_done_nor_due_is_not_judged() -> None:
    runs = [Done(NOW - MINUTE, None), Done(NOW - 9 * MINUTE, NOW), Done(NOW - 9 * MINUTE, None),
            Done(NOW - 9 * MINUTE, NOW - 8 * MINUTE)]  # fmt: skip
    found = judged(runs, 5 * MINUTE, OFFICE, NOW)
    assert [run.is_good for run in found] == [False, False, True]


def test_a_business_day_ends_on_the_next_one() -> None:
    friday = datetime(2026, 7, 3, 13, tzinfo=UTC)  # 15:00 in Amsterdam
    due = due_at(friday, BusinessDays(1), OFFICE)
    assert due == datetime(2026, 7, 6, 13, tzinfo=UTC)


async def _ran(engine: Engine, name: str, asked: str, done: str | None) -> None:
    at = datetime.fromisoformat
    async with engine.database.begin() as tx:
        await tx.connection.execute(
            sa.insert(run).values(
                id=name, flow="posting", subject=name, priority=20, correlation_id=name,
                event_id="00000000-0000-7000-8000-000000000000",
                state="succeeded" if done else "held",
                created_at=at(f"2026-07-06T{asked}+00:00"),
                finished_at=done and at(f"2026-07-06T{done}+00:00"),
            )
        )  # fmt: skip


async def _burns(engine: Engine) -> None:
    for name, asked, done in (("a", "12:51", None), ("b", "12:20", None),
                              ("c", "12:30", "12:45"), ("d", "12:10", "12:12")):  # fmt: skip
        await _ran(engine, name, asked, done)
    held: dict[str, Any] = {"flow": "posting", "fix": "Ask the client."}
    first = await opened(
        engine, "po", "2026-07-06T12:21", **held, reason="no purchase order",
        amount=Decimal(12000), currency="EUR", customer="Harbour Works",
    )  # fmt: skip
    await opened(engine, "rate", "2026-07-06T12:52", **{**held, "fix": "Add the rate."},
                 reason="no rate")  # fmt: skip
    async with engine.database.begin() as tx:
        await tx.connection.execute(
            sa.update(hold)
            .where(hold.c.number == first.number)
            .values(deadline_on=date(2026, 8, 1))
        )


async def _alerts(engine: Engine, *, open_only: bool = True) -> list[AlertRow]:
    async with engine.database.begin() as tx:
        return await tx.alerts.list(open_only=open_only)


def _texts(chat: ServiceDesk) -> list[tuple[str, str]]:
    return [(r.json["title"], r.json["message"]) for r in chat.requests]


async def test_the_owner_is_told_once_and_when_it_is_over(
    database_url: str, tmp_path: Path
) -> None:
    async with a_service_desk() as chat:
        environment = {"CHAT_URL": f"{chat.url.replace('http', 'json')}/hook"}
        async with an_engine(
            database_url, tmp_path, PROMISES, works=False, environment=environment
        ) as engine:
            assert await watch(engine, NOW) == 0
            await _burns(engine)
            await _told_once(engine, chat)
            await _over(engine, chat)


async def _told_once(engine: Engine, chat: ServiceDesk) -> None:
    title = "[critical] posting: 3 of 4 late in the last hour, 12,000.00 EUR blocked"
    chat.moods.append("503")
    assert await watch(engine, NOW) == 0
    [alert] = await _alerts(engine)
    assert (alert.told_at, alert.error) == (
        None,
        "finance: the channel did not take the message",
    )
    assert await watch(engine, NOW) == 1, "who could not be told is told at the next look"
    assert _texts(chat)[1:] == [(title, BROKEN)]
    assert await watch(engine, NOW + MINUTE) == 0, "not more than once in an hour"
    [alert] = await _alerts(engine)
    assert (alert.label, alert.owner, alert.severity) == ("A-1", "finance", "critical")
    assert alert.facts == {"late": 3, "total": 4, "burn_rate": 15.0, "window": "hour"}


async def _over(engine: Engine, chat: ServiceDesk) -> None:
    async with engine.database.begin() as tx:
        await tx.connection.execute(
            sa.update(run).values(state="succeeded", finished_at=run.c.created_at + MINUTE)
        )
    later = NOW + 2 * MINUTE
    assert await watch(engine, later) == 1
    assert await watch(engine, later) == 0
    assert _texts(chat)[-1] == (
        "[over] posting: keeps its promise again",
        "A-1, since 2026-07-06 13:00 UTC, is over.\nOwner: finance",
    )
    assert await _alerts(engine) == []
    [past] = await _alerts(engine, open_only=False)
    assert (past.resolved_at, past.resolution_told_at) == (later, later)


async def test_an_alert_tells_no_person_and_leads_to_who_is_held(
    database_url: str, tmp_path: Path
) -> None:
    person = Resource(
        id=derived_id("resource", "7"), employee_number="E7", name="Consultant Seven",
        email="seven@firm.example",
    )  # fmt: skip
    async with a_service_desk() as chat:
        environment = {"CHAT_URL": f"{chat.url.replace('http', 'json')}/hook"}
        async with an_engine(
            database_url, tmp_path, PROMISES, works=False, environment=environment
        ) as engine:
            async with engine.database.begin() as tx:
                await tx.records.save(person)
            await opened(
                engine, "named", "2026-07-06T12:20", flow="posting", amount=Decimal(99000),
                currency="EUR", reason="Consultant Seven (seven@firm.example) has no rate",
            )  # fmt: skip
            await _burns(engine)
            assert await watch(engine, NOW, site="https://isthmus.example.com") == 1
            [(title, message)] = _texts(chat)
            assert "Seven" not in title + message
            assert "seven@" not in message
            assert (
                "••• (•••) has no rate (H-1, finance, https://isthmus.example.com/exceptions/H-1)."
            ) in message


async def test_where_no_channel_is_named_nobody_counts_as_told(
    database_url: str, tmp_path: Path
) -> None:
    silent = PROMISES.partition("alerts:")[0]
    async with an_engine(database_url, tmp_path, silent, works=False) as engine:
        await _burns(engine)
        assert await watch(engine, NOW) == 0
        assert await watch(engine, NOW + MINUTE) == 0
        [alert] = await _alerts(engine)
        assert (alert.told_at, alert.error) == (
            None, "`alerts` of the landscape has no channel for finance",
        )  # fmt: skip
