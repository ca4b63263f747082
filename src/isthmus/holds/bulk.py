"""One act on every hold that a filter finds: asked for, approved where it is much, worked off.

The holds are fixed when it is asked for, so that who approves, approves these and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.engine.engine import Engine
from isthmus.engine.refused import ActionRefused
from isthmus.events.envelope import Event
from isthmus.holds.acts import resolution_named
from isthmus.holds.wish import MOVES_WORK, VALUE, Act, Asked, Found, Wish
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.store.bulks import AWAITING_APPROVAL, DECLINED, RUNNING, BulkRow
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow

SOURCE = "operator"


async def look_up(engine: Engine, wish: Wish) -> Found:
    """Raises ActionRefused where the wish cannot be carried out on any hold."""
    _check(engine, wish)
    async with engine.database.begin() as tx:
        return await _found(engine, tx, wish)


async def ask(engine: Engine, wish: Wish, by: str) -> Asked:
    """Keep the act with its holds; workers carry it out, after an approval where one is needed."""
    _check(engine, wish)
    async with engine.database.begin() as tx:
        found = await _found(engine, tx, wish)
        if not found.holds:
            return Asked(None, 0, "no open hold is chosen by this; nothing to do")
        bulk = await tx.bulks.add(
            wish.act.value, [hold.number for hold in found.holds],
            arguments={"value": wish.value, "note": wish.note}, filter=wish.chosen.written(),
            per_second=wish.per_second or engine.landscape.exceptions.bulk.per_second,
            state=AWAITING_APPROVAL if found.needs_approval else RUNNING, by=by,
        )  # fmt: skip
        await tell(engine, tx, "bulk.asked", bulk, by)
    many = len(found.holds)
    if found.needs_approval:
        limit = engine.landscape.exceptions.bulk.approve_above
        why = f"more than {limit} holds: another person approves it"
        return Asked(bulk, many, f"{bulk.label} waits ({why}): isthmus hold bulk approve "
                     f"{bulk.label}")  # fmt: skip
    return Asked(bulk, many, f"{bulk.label}: {wish.act} of {many} holds is under way")


async def approve(engine: Engine, bulk: BulkRow, by: str) -> str:
    """Let it run. Raises ActionRefused for the person who asked for it."""
    if _same(by, bulk.asked_by):
        raise ActionRefused(
            f"{bulk.label} is not approved.",
            f"{bulk.asked_by} asked for it, and four eyes look at so many holds.",
            f"Have another person look at it: isthmus hold bulk show {bulk.label}.",
        )
    async with engine.database.begin() as tx:
        if not await tx.bulks.decide(bulk.number, RUNNING, by):
            return f"{bulk.label} does not wait for an approval; nothing to do"
        await tell(engine, tx, "bulk.approved", bulk, by)
    return f"{bulk.label} is approved and under way"


async def decline(engine: Engine, bulk: BulkRow, by: str) -> str:
    """Also by the person who asked for it, who thinks better of it."""
    async with engine.database.begin() as tx:
        if not await tx.bulks.decide(bulk.number, DECLINED, by):
            return f"{bulk.label} does not wait for an approval; nothing to do"
        await tell(engine, tx, "bulk.declined", bulk, by)
    return f"{bulk.label} is declined; nothing was done"


async def tell(engine: Engine, tx: Transaction, type: str, bulk: BulkRow, by: str) -> None:
    counts = await tx.bulks.counts(bulk.number)
    data: dict[str, Any] = {
        "bulk": bulk.label, "by": by, "act": bulk.act, "arguments": bulk.arguments,
        "filter": bulk.filter, "holds": counts,
    }  # fmt: skip
    event = Event(
        type=type, source=SOURCE, subject=bulk.label, correlation_id=bulk.label, data=data
    )
    await engine.outbox.emit(tx, event)


def _check(engine: Engine, wish: Wish) -> None:
    if not wish.chosen.written():
        raise ActionRefused(
            f"Nothing says which holds to {wish.act}.", "All open holds are never meant.",
            "Choose some, for example --queue finance --code rate_mismatch.",
        )  # fmt: skip
    if wish.act in VALUE and not wish.value.strip():
        raise ActionRefused(
            f"There is nothing to {wish.act} with.", f"It needs a {VALUE[wish.act]}.",
            f"Give it after the act: isthmus hold all {wish.act} {VALUE[wish.act].upper()}.",
        )  # fmt: skip
    if wish.act is Act.RESOLVE:
        resolution_named(engine, wish.value)
    if wish.per_second is not None and wish.per_second <= 0:
        raise ActionRefused(
            f"{wish.per_second} holds in a second is no rate.", "Nothing would ever be done.",
            "Give a number above 0, such as 0.5.",
        )  # fmt: skip


async def _found(engine: Engine, tx: Transaction, wish: Wish) -> Found:
    holds = await tx.queues.list(wish.chosen, utc_now(), limit=None)
    limit = engine.landscape.exceptions.bulk.approve_above
    return Found(tuple(holds), _blocked(holds), wish.act in MOVES_WORK and len(holds) > limit)


def _blocked(holds: Sequence[HoldRow]) -> tuple[Money, ...]:
    """One sum for each currency."""
    parts = [Money.of(h.amount, h.currency) for h in holds if h.amount and h.currency]
    return tuple(
        Money.total([part for part in parts if part.currency == currency], currency)
        for currency in sorted({part.currency for part in parts})
    )


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
