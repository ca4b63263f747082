"""Severity and clock of holds on a real database; the clock is the test's."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from tests.holds.place import EXCEPTIONS, an_engine, opened, story, the, utc

from isthmus.engine import Engine
from isthmus.holds.triage import triage
from isthmus.kit.clock import utc_now
from isthmus.store.queues import HoldFilter

pytestmark = pytest.mark.anyio
MONDAY = "2026-07-06 13:00"
"""15:00 in Amsterdam, two hours before the office closes."""


def blocking(amount: str) -> dict[str, object]:
    return {"amount": Decimal(amount), "currency": "EUR", "customer": "Harbour Works"}


async def look(engine: Engine, at: str, holds: int = 1) -> None:
    """At every open hold, by the test's clock."""
    async with engine.database.begin() as tx:
        await tx.connection.exec_driver_sql("UPDATE hold SET look_at = opened_at")
    assert await triage(engine, utc(at)) == holds


async def labels(engine: Engine, at: str, **chosen: object) -> list[str]:
    async with engine.database.begin() as tx:
        found = await tx.queues.list(HoldFilter(**chosen), utc(at))  # type: ignore[arg-type]
    return [hold.label for hold in found]


async def test_a_hold_gets_severity_deadline_and_clock(desk: Engine) -> None:
    small = await opened(desk, "small", MONDAY, **blocking("9999.99"))
    large = await opened(desk, "large", MONDAY, **blocking("50000.00"))
    away = await opened(
        desk, "away", MONDAY, state="waiting_system", code="unavailable", owner="integration"
    )
    await look(desk, "2026-07-06 14:00", 3)
    found = [await the(desk, hold.number) for hold in (small, large, away)]
    assert [(h.severity, h.deadline_on, h.due_at) for h in found] == [
        ("normal", date(2026, 8, 1), utc("2026-07-08 13:00")),
        ("critical", date(2026, 8, 1), utc("2026-07-06 15:00")),
        ("low", None, utc("2026-07-08 05:00")),
    ]
    assert await labels(desk, "2026-07-06 15:00") == [large.label, small.label, away.label]
    assert await labels(desk, "2026-07-06 15:00", overdue=True) == [large.label]
    assert await labels(desk, MONDAY, severity="normal") == [small.label]
    assert await labels(desk, MONDAY, queue="integration") == [away.label]
    assert await labels(desk, MONDAY, client="harbour works") == [large.label, small.label]
    assert await labels(desk, MONDAY, client="harbour") == []


async def test_overdue_is_told_once_and_by_the_office_clock(desk: Engine) -> None:
    hold = await opened(desk, "one", "2026-07-13 07:00", code="unmapped")
    moments = [
        "2026-07-13 08:00",
        "2026-07-15 14:59",  # the 14th is a holiday: 8 + 7:59 hours
        "2026-07-15 15:00",
        "2026-07-15 15:01",
    ]
    for at in moments[:2]:
        await look(desk, at)
    assert await story(desk, hold) == []
    for at in moments[2:]:
        await look(desk, at)
    told = {"due_at": "2026-07-15T15:00:00+00:00", "severity": "normal"}
    assert await story(desk, hold) == [("hold.overdue", "isthmus", told)]
    assert (await the(desk, hold.number)).overdue_at == utc("2026-07-15 15:00")


async def test_what_the_clock_cannot_change_is_not_looked_atlook(desk: Engine) -> None:
    await opened(desk, "one", MONDAY)
    assert await triage(desk, utc_now()) == 1
    assert await triage(desk, utc_now()) == 0


async def test_a_near_deadline_raises_it_and_says_so(desk: Engine) -> None:
    """Two office days of 8 hours before Saturday 1 August: from Thursday morning on."""
    hold = await opened(desk, "one", "2026-07-28 07:00", **blocking("100.00"))
    await look(desk, "2026-07-29 14:00")
    assert (await the(desk, hold.number)).severity == "normal"
    await look(desk, "2026-07-30 07:00")
    after = await the(desk, hold.number)
    assert (after.severity, after.due_at) == ("high", utc("2026-07-28 15:00"))
    assert [(type, after) for type, _, after in await story(desk, hold)] == [
        ("hold.severity_changed", {"severity": "high"}),
        ("hold.overdue", {"due_at": "2026-07-28T15:00:00+00:00", "severity": "high"}),
    ]


async def test_a_hold_that_stops_again_is_looked_atlook(desk: Engine) -> None:
    hold = await opened(desk, "one", MONDAY, code="unmapped")
    await triage(desk, utc_now())
    again = await opened(desk, "one", MONDAY, state="dead", code="refused")
    assert (again.number, again.severity) == (hold.number, "normal")
    assert await triage(desk, utc_now()) == 1
    assert (await the(desk, hold.number)).severity == "high"


async def test_another_landscape_is_followed_by_holds_that_are_open(
    database_url: str, tmp_path: Path
) -> None:
    async with an_engine(database_url, tmp_path, works=False) as engine:
        hold = await opened(engine, "one", MONDAY, code="unmapped")
        await triage(engine, utc_now())
    other = EXCEPTIONS.replace("normal: 16h", "normal: 9h")
    async with an_engine(database_url, tmp_path, other, works=False) as engine:
        async with engine.database.begin() as tx:
            await tx.queues.look_at_all()
        await triage(engine, utc_now())
        assert (await the(engine, hold.number)).due_at == utc("2026-07-07 14:00")
