"""Promises of flows are watched: who owns one is told when it is being broken, and when no more.

One alert for each flow, told again only when it grows more pressing or the longer of its windows
has passed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from pydantic import SecretStr

from isthmus.connect.errors import ConnectError
from isthmus.engine.engine import Engine
from isthmus.holds.channels import announce
from isthmus.holds.outside import Outside
from isthmus.kit.money import Money
from isthmus.landscape.sla import Promise
from isthmus.rules.burn import LONGEST, TIERS, Burn, Done, burning, judged
from isthmus.rules.severity import Severity
from isthmus.store.alerts import AlertRow
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow
from isthmus.store.leadership import leading

log = structlog.get_logger()
EVERY = 60.0
"""Seconds between two looks."""
NAMED = 3
"""Holds that an alert tells one by one."""


async def watch(engine: Engine, now: datetime, *, site: str | None = None) -> int:
    """Look at every promise once; the number of alerts that were told. `site`: address of the
    console, where an alert leads to.
    """
    told = 0
    async with leading(engine.database.engine, "alerts") as lead:
        if lead:
            outside = await Outside.of(engine, site)
            for flow, promise in engine.landscape.sla.items():
                told += await _look(engine, flow, promise, now, outside)
            told += await _tell_what_is_over(engine, now, outside)
    return told


async def _look(
    engine: Engine, flow: str, promise: Promise, now: datetime, outside: Outside
) -> int:
    async with engine.database.begin() as tx:
        burn = await _burn(tx, engine, flow, promise, now)
        known = next((a for a in await tx.alerts.list() if a.key == flow), None)
        if burn is None:
            if known is not None:
                await tx.alerts.change(known.number, resolved_at=now)
            return 0
        title, body = await _words(tx, flow, promise, burn, outside)
        values = {"severity": burn.tier.severity, "title": title, "body": body,
                  "owner": promise.owner, "facts": _facts(burn)}  # fmt: skip
        due = known is None or _is_due(known, burn, now)
        if known is None:
            known = await tx.alerts.open(key=flow, flow=flow, opened_at=now, **values)
        elif due:
            known = await tx.alerts.change(known.number, **values)
    return await _tell(engine, known, now, outside, over=False) if due else 0


async def _burn(
    tx: Transaction, engine: Engine, flow: str, promise: Promise, now: datetime
) -> Burn | None:
    rows = await tx.alerts.runs_since(flow, now - LONGEST)
    queue = engine.landscape.exceptions.queues.of(promise.owner)
    office = queue.working.clock(engine.landscape.firm.calendar.timezone)
    runs = judged([Done(*row) for row in rows], promise.target, office, now)
    return burning(runs, promise.budget, now)


def _is_due(known: AlertRow, burn: Burn, now: datetime) -> bool:
    worse = Severity(burn.tier.severity).rank > Severity(known.severity).rank
    return worse or known.told_at is None or now - known.told_at >= _window(known)


def _window(known: AlertRow) -> timedelta:
    return next(tier.long for tier in TIERS if tier.severity == known.severity)


def _facts(burn: Burn) -> dict[str, object]:
    return {"late": burn.late, "total": burn.total, "burn_rate": round(burn.rate, 1),
            "window": burn.tier.words}  # fmt: skip


async def _words(
    tx: Transaction, flow: str, promise: Promise, burn: Burn, outside: Outside
) -> tuple[str, str]:
    """What is late, what that costs whom and by when, and what to do."""
    number, blocked = await tx.alerts.blocked(flow)
    sums = ", ".join(str(Money.of(amount, currency)) for currency, amount in blocked.items())
    title = (
        f"[{burn.tier.severity}] {flow}: {burn.late} of {burn.total} late in the last "
        f"{burn.tier.words}" + (f", {sums} blocked" if sums else "")
    )
    lines = [
        f"Promised: {promise.words}. The late ones use up what a month allows "
        f"{burn.rate:.1f} times too fast."
    ]
    holds = await tx.alerts.in_the_way(flow, NAMED)
    lines += [_hold(hold, outside) for hold in holds]
    if number > len(holds):
        lines.append(f"And {number - len(holds)} more: isthmus hold list")
    if not holds:
        lines.append(f"Nothing is held. Next: isthmus run list --flow {flow}, isthmus status")
    return title, "\n".join([*lines, f"Owner: {promise.owner}"])


def _hold(hold: HoldRow, outside: Outside) -> str:
    known = hold.amount is not None and hold.currency is not None
    amount = str(Money.of(hold.amount or 0, hold.currency or "")) if known else "no amount"
    by = hold.deadline_on or (hold.due_at and f"{hold.due_at:%Y-%m-%d %H:%M} UTC")
    what = f"{hold.customer or 'no client named'}, {amount}" + (f", by {by}" if by else "")
    where = ", ".join(filter(None, (hold.label, hold.owner, outside.page(hold.label))))
    return f"{what}: {hold.reason} ({where}). Next: {hold.fix}"


async def _tell_what_is_over(engine: Engine, now: datetime, outside: Outside) -> int:
    async with engine.database.begin() as tx:
        over = await tx.alerts.untold_resolutions()
    return sum([await _tell(engine, alert, now, outside, over=True) for alert in over])


async def _tell(
    engine: Engine, alert: AlertRow, now: datetime, outside: Outside, *, over: bool
) -> int:
    """By every channel of its owner; one that takes it is enough for it to count as told. Where
    there is none nobody is told, and whoever looks at the alert learns why.
    """
    title, body = map(outside.text, _over(alert) if over else (alert.title, alert.body))
    channels, taken = engine.landscape.alerts.of(alert.owner), 0
    errors = [] if channels else [f"`alerts` of the landscape has no channel for {alert.owner}"]
    for url in channels:
        error = await _send(alert, url, title, body, over=over)
        taken += error is None
        errors += [error] if error else []
    values: dict[str, object] = {"error": "; ".join(errors) or None}
    if taken:
        values["resolution_told_at" if over else "told_at"] = now
    async with engine.database.begin() as tx:
        await tx.alerts.change(alert.number, **values)
    return int(bool(taken))


def _over(alert: AlertRow) -> tuple[str, str]:
    since = f"{alert.opened_at:%Y-%m-%d %H:%M} UTC"
    return f"[over] {alert.flow}: keeps its promise again", (
        f"{alert.label}, since {since}, is over.\nOwner: {alert.owner}"
    )


async def _send(
    alert: AlertRow, url: SecretStr, title: str, body: str, *, over: bool
) -> str | None:
    """What went wrong, if anything; the address is not told: it holds a secret."""
    try:
        await announce(alert.owner, url, title, body, "over" if over else alert.severity)
    except ConnectError as error:
        log.warning("alert.not_told", alert=alert.label, owner=alert.owner, reason=str(error))
        return str(error)
    return None
