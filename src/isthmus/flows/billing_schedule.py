"""Billing by the clock: `schedules.billing_day` of the landscape asks what `isthmus bill` asks.
Then what `isthmus revenue` asks for the same month.

What is remembered is the day up to which was asked, so a billing day that no worker saw is made
up for by the next one that runs, and another choice of billing day asks nothing a second time.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from isthmus.engine import Engine
from isthmus.flows.contract_to_invoice import request_billing_in
from isthmus.flows.intercompany import request_intercompany_in
from isthmus.flows.revenue_alignment import request_revenue_in
from isthmus.rules.billing_day import BillingDay
from isthmus.store.database import Transaction

STREAM = ("isthmus", "billing")
"""Where it is remembered, among the watermarks of what is read."""
CLOCK = "schedules.billing_day"
"""Who asked, for the audit."""


def billing_due(today: date, billing_day: BillingDay, last_run: date | None) -> date | None:
    """The day up to which to bill today; None when there is nothing to ask.

    `last_run` is the day up to which the last run billed. Before the first run only the billing
    day of the current month counts: a firm that starts with Isthmus has billed its past itself.
    """
    billed_on = _latest(today, billing_day)
    if last_run is None and (billed_on.year, billed_on.month) != (today.year, today.month):
        return None
    up_to = billed_on if billing_day == "last" else _month_before(billed_on)
    return up_to if last_run is None or up_to > last_run else None


async def bill_when_due(engine: Engine, now: datetime) -> int:
    """Start one run per contract if billing is due in the firm's time zone; the number of them.
    Work between companies is charged at the same time.

    Asking and remembering commit together, and workers take turns, so one month is asked once.
    """
    billing_day = engine.landscape.schedules.billing_day
    if billing_day is None:
        return 0
    today = now.astimezone(ZoneInfo(engine.landscape.firm.calendar.timezone)).date()
    async with engine.database.begin() as tx:
        await tx.lock("billing")
        up_to = billing_due(today, billing_day, await _billed_up_to(tx))
        if up_to is None:
            return 0
        await tx.watermarks.save(*STREAM, {"up_to": up_to.isoformat()})
        await request_intercompany_in(tx, engine, up_to)
        contracts = await request_billing_in(tx, engine, up_to, CLOCK)
        await request_revenue_in(tx, engine, up_to)
        return contracts


async def _billed_up_to(tx: Transaction) -> date | None:
    state = await tx.watermarks.get(*STREAM)
    return None if state is None else date.fromisoformat(state["up_to"])


def _latest(today: date, billing_day: BillingDay) -> date:
    """The latest billing day that is not after today."""
    if billing_day != "last":
        month = today if today.day >= billing_day else _month_before(today)
        return month.replace(day=billing_day)
    ends_today = (today + timedelta(days=1)).day == 1
    return today if ends_today else _month_before(today)


def _month_before(day: date) -> date:
    """Its last day."""
    return day.replace(day=1) - timedelta(days=1)
