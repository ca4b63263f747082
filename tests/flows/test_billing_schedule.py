"""Billing by the clock: which day is due, and that a month is asked once."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from tests.firm import Firm, a_firm
from tests.flows.work import under_way
from tests.landscapes import ENVIRONMENT

from isthmus.app import App
from isthmus.background import bill_by_the_clock
from isthmus.flows.billing_schedule import BillingDay, bill_when_due, billing_due
from isthmus.installed import connector_configs
from isthmus.landscape import load
from isthmus.observe.status import status_of
from isthmus.settings import Settings

pytestmark = pytest.mark.anyio
Case = tuple[str, BillingDay, str | None, str | None]

CASES: dict[str, Case] = {
    "the day itself": ("2026-08-05", 5, "2026-06-30", "2026-07-31"),
    "the day before": ("2026-08-04", 5, "2026-06-30", None),
    "later in the month": ("2026-08-31", 5, "2026-06-30", "2026-07-31"),
    "already billed": ("2026-08-06", 5, "2026-07-31", None),
    "first of the year": ("2027-01-01", 1, "2026-11-30", "2026-12-31"),
    "28 in February": ("2027-02-28", 28, "2026-12-31", "2027-01-31"),
    "after a leap February": ("2028-03-01", 1, "2028-01-31", "2028-02-29"),
    "after a short February": ("2027-03-01", 1, "2027-01-31", "2027-02-28"),
    "first run, the day has passed": ("2026-08-15", 5, None, "2026-07-31"),
    "first run, the day is to come": ("2026-08-04", 5, None, None),
    "a day that no worker saw": ("2026-08-03", 10, "2026-05-31", "2026-06-30"),
    "and the one after it": ("2026-08-10", 10, "2026-06-30", "2026-07-31"),
    "several months that no worker saw": ("2026-08-10", 10, "2026-02-28", "2026-07-31"),
    "last of July": ("2026-07-31", "last", "2026-06-30", "2026-07-31"),
    "last but one": ("2026-07-30", "last", "2026-06-30", None),
    "last, already billed": ("2026-07-31", "last", "2026-07-31", None),
    "last of a short month": ("2026-06-30", "last", "2026-05-31", "2026-06-30"),
    "last of a leap February": ("2028-02-29", "last", "2028-01-31", "2028-02-29"),
    "the 28th of a leap February": ("2028-02-28", "last", "2028-01-31", None),
    "last of a short February": ("2027-02-28", "last", "2027-01-31", "2027-02-28"),
    "last of the year": ("2026-12-31", "last", "2026-11-30", "2026-12-31"),
    "last, first run": ("2026-07-31", "last", None, "2026-07-31"),
    "last, first run in mid-month": ("2026-08-15", "last", None, None),
    "a last day that no worker saw": ("2026-08-02", "last", "2026-06-30", "2026-07-31"),
    "changed from 5 to 10": ("2026-08-10", 10, "2026-07-31", None),
    "changed from 5 to last": ("2026-08-31", "last", "2026-07-31", "2026-08-31"),
    "changed from last to 1": ("2026-08-01", 1, "2026-07-31", None),
    "the clock went back": ("2026-07-05", 5, "2026-07-31", None),
}
AUGUST = datetime(2026, 8, 5, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("name", CASES)
async def test_what_is_due(name: str) -> None:
    today, billing_day, last_run, up_to = CASES[name]
    known = date.fromisoformat(last_run) if last_run else None
    due = billing_due(date.fromisoformat(today), billing_day, known)
    assert due == (date.fromisoformat(up_to) if up_to else None)


@asynccontextmanager
async def a_process(
    firm: Firm, billing_day: BillingDay | None, timezone: str = "UTC"
) -> AsyncIterator[App]:
    """A further process of the same installation, whose landscape has a billing day."""
    text = firm.landscape_path.read_text()
    text = text.replace(
        "legal_entities:", f"calendar: {{timezone: {timezone}}}\n  legal_entities:", 1
    )
    if billing_day is not None:
        text += f"schedules: {{billing_day: {billing_day}}}\n"
    path = firm.landscape_path.with_name(f"{timezone.replace('/', '-')}-{billing_day}.yaml")
    path.write_text(text)
    settings = Settings(DATABASE_URL=firm.app.database.url, home=path.parent, port=0)
    app = await App.open(settings, load(path, connector_configs(), ENVIRONMENT))
    try:
        yield app
    finally:
        await app.close()


async def a_day_in_july(firm: Firm) -> None:
    """Eight hours at 150, posted and unbilled."""
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()


async def invoices(firm: Firm) -> list[tuple[str, Decimal]]:
    return [(i["tranDate"], i["subtotal"]) for i in await firm.books.rows("invoice")]


async def remembered(app: App) -> dict[str, Any] | None:
    async with app.database.begin() as tx:
        return await tx.watermarks.get("isthmus", "billing")


async def test_two_workers_at_once_bill_once(firm: Firm) -> None:
    await a_day_in_july(firm)
    async with a_process(firm, 5) as one, a_process(firm, 5) as other:
        asked = await asyncio.gather(
            *[bill_when_due(app.engine, AUGUST) for app in (one, other, one, other)]
        )
        assert sorted(asked) == [0, 0, 0, 1]
        await firm.settle()
        assert len(await firm.events("billing.due")) == 1
        assert await firm.runs("contract_to_invoice") == [("succeeded", 1)]
        assert await invoices(firm) == [("2026-07-31", Decimal("1200.00"))]
        assert await remembered(one) == {"up_to": "2026-07-31"}
        async with one.database.begin() as tx:
            [told] = await tx.audit.list(action="billing.requested")
        assert (told.principal, told.after["companies"]) == ("schedules.billing_day", ["EA-NL"])


async def test_a_month_is_not_billed_again_until_the_next_billing_day(firm: Firm) -> None:
    await a_day_in_july(firm)
    async with a_process(firm, 5) as app:
        assert await bill_when_due(app.engine, AUGUST - timedelta(days=1)) == 0
        assert await remembered(app) is None
        assert await bill_when_due(app.engine, AUGUST) == 1
        await firm.settle()
        assert len(await invoices(firm)) == 1
        assert await bill_when_due(app.engine, AUGUST + timedelta(days=1)) == 0
        assert await bill_when_due(app.engine, AUGUST + timedelta(days=31)) == 0
        assert await remembered(app) == {"up_to": "2026-08-31"}
        await firm.settle()
        assert len(await invoices(firm)) == 1
        asked = [event["data"]["month"] for event in await firm.events("revenue.due")]
        assert asked == ["2026-07", "2026-07", "2026-08"]


async def test_the_day_begins_where_the_firm_is(firm: Firm) -> None:
    """31 July begins in Auckland while it is still the 30th at noon in UTC."""
    await a_day_in_july(firm)
    eve = datetime(2026, 7, 30, 11, 59, tzinfo=UTC)
    async with a_process(firm, "last", "Pacific/Auckland") as app:
        assert await bill_when_due(app.engine, eve) == 0
        assert await bill_when_due(app.engine, eve + timedelta(minutes=1)) == 1


async def test_without_a_billing_day_nothing_is_billed_by_the_clock(firm: Firm) -> None:
    await a_day_in_july(firm)
    async with a_process(firm, None) as app:
        assert await bill_when_due(app.engine, AUGUST) == 0
        assert await remembered(app) is None
    assert await firm.runs("contract_to_invoice") == []


async def test_what_was_billed_is_no_system_that_was_read(firm: Firm) -> None:
    await firm.read("netsuite")
    async with a_process(firm, 5) as app:
        await bill_when_due(app.engine, AUGUST)
        async with app.database.begin() as tx:
            shown = {stream.connection for stream in (await status_of(tx)).systems}
        assert shown == {"netsuite"}


async def test_a_worker_bills_by_the_clock(database_url: str, tmp_path: Path) -> None:
    """On any day the first of a month has passed."""
    more = "schedules: {billing_day: 1}"
    async with a_firm(database_url, tmp_path, more=more) as firm:
        for _ in range(200):
            if (state := await remembered(firm.app)) is not None:
                break
            await asyncio.sleep(0.05)
        today = datetime.now(UTC).date()
        assert state == {"up_to": (today.replace(day=1) - timedelta(days=1)).isoformat()}


async def rename(app: App, table: str, to: str) -> None:
    async with app.database.begin() as tx:
        await tx.connection.execute(sa.text(f"alter table {table} rename to {to}"))


def of_billing(logs: Sequence[MutableMapping[str, Any]]) -> list[tuple[str, str]]:
    """What the clock of billing said; the clock of figures reads the same table."""
    said = [(line["event"], line["log_level"]) for line in logs]
    return [line for line in said if line[0].startswith("billing.")]


async def test_an_outage_of_the_database_is_waited_out(firm: Firm) -> None:
    async with a_process(firm, 1) as app:
        await rename(app, "watermark", "away")
        with capture_logs() as logs:
            task = asyncio.create_task(bill_by_the_clock(app.engine, every=0.02))
            for _ in range(200):
                if len(of_billing(logs)) >= 2:
                    break
                await asyncio.sleep(0.05)
        assert set(of_billing(logs)) == {("billing.paused", "warning")}
        await rename(app, "away", "watermark")
        for _ in range(200):
            if await remembered(app) is not None:
                break
            await asyncio.sleep(0.05)
        assert await remembered(app) is not None
        assert task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_process_without_runs_does_not_bill(database_url: str, tmp_path: Path) -> None:
    async with a_firm(
        database_url, tmp_path, more="schedules: {billing_day: 1}", works=False
    ) as firm:
        await firm.app.start(worker=False)
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert "reader:netsuite" in names
        assert "billing" not in names
