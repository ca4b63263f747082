"""What a person does with a hold: correct what is held, replay it, skip it, hand it to someone.

Every act is an event of the hold's story: who, when, before and after.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from isthmus.canonical import CanonicalObject
from isthmus.engine.corrections import corrected_values, targets_of
from isthmus.engine.engine import Engine
from isthmus.engine.held_work import Acted, give_up, go_on, held_object
from isthmus.engine.hold_story import tell
from isthmus.engine.refused import ActionRefused
from isthmus.engine.replay import is_stopped
from isthmus.engine.separation import ensure_another
from isthmus.store.database import Transaction
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.holds import RESOLVED, HoldRow

__all__ = ["ActionRefused", "assign", "fix", "over", "replay_hold", "skip"]


async def fix(
    engine: Engine,
    hold: HoldRow,
    values: Mapping[str, str],
    by: str,
    *,
    within: Collection[str] | None,
) -> Acted:
    """Keep corrections beside the originals. Raises ActionRefused; nothing is kept then.

    `customer.tax_registration` corrects an object that the held one points at. `within`: codes of
    the companies for which `by` may correct; None: the whole firm.
    """
    if hold.state == RESOLVED:
        return over(hold)
    async with engine.database.begin() as tx:
        before, after = await correct(tx, hold, values, by, within)
        await tell(engine, tx, "hold.fixed", hold, by, before=before, after=after)
    told = ", ".join(f"{a}: {before[a]} -> {v}" for a, v in after.items())
    return Acted(hold.label, True, f"{hold.label} corrected ({told}); replay it to go on")


async def correct(
    tx: Transaction,
    hold: HoldRow,
    values: Mapping[str, str],
    by: str,
    within: Collection[str] | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes before and after; told to nobody. Raises ActionRefused."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    held = await held_object(tx, hold)
    for target, prefix, texts in await targets_of(tx, held, values, within):
        raw = target.model_dump(mode="json")
        fixed = await _correct(tx, hold, target, texts, by, within)
        before |= {prefix + attribute: raw.get(attribute) for attribute in fixed}
        after |= {prefix + attribute: value for attribute, value in fixed.items()}
    return before, after


async def _correct(
    tx: Transaction,
    hold: HoldRow,
    obj: CanonicalObject,
    texts: Mapping[str, str],
    by: str,
    within: Collection[str] | None,
) -> dict[str, Any]:
    """Keep corrections of one object; those made before stay in force beside them."""
    raw = obj.model_dump(mode="json")
    edits = await tx.edits.of(obj.kind, obj.id)
    standing = {k: e.value for k, e in edits.items() if raw.get(k) == e.original}
    now = type(obj).model_validate({**raw, **standing})
    values = await corrected_values(tx, now, texts, within)
    for attribute, value in values.items():
        await tx.edits.add(
            hold.number, obj.kind, obj.id, attribute=attribute, original=raw.get(attribute),
            value=value, by=by,
        )  # fmt: skip
    if obj.kind in ENTRY_KINDS:
        await tx.entries_of(obj.kind).revise(obj.id)
    return values


async def replay_hold(engine: Engine, hold: HoldRow, by: str, *, code: str | None = None) -> Acted:
    """Go on where it stopped; what has succeeded already is left alone and told.

    `code` is kept as its resolution code, once the work goes on.
    """
    if hold.state == RESOLVED:
        return over(hold)
    async with engine.database.begin() as tx:
        await ensure_another(tx, hold, by)
    acted = await go_on(engine, hold, by)
    if acted.done and code is not None:
        async with engine.database.begin() as tx:
            await tx.holds.coded(hold.number, code)
    return acted


async def skip(
    engine: Engine, hold: HoldRow, reason: str, by: str, *, code: str | None = None
) -> Acted:
    """Give up on what is held, for a reason that is kept. Invoiced hours stay invoiced."""
    if not reason.strip():
        raise ActionRefused(
            f"{hold.label} is not skipped.",
            "A skip needs a reason: what is skipped is never billed or carried over.",
            'Say why: --reason "written off with the client on 3 May".',
        )
    if hold.state == RESOLVED:
        return over(hold)
    if hold.run_id is not None and not await is_stopped(engine, hold.run_id):
        return Acted(hold.label, False, f"run {hold.run_id} is at work; wait until it stops")
    async with engine.database.begin() as tx:
        await ensure_another(tx, hold, by)
        before, after = await give_up(tx, hold)
        await tx.holds.resolve(hold.key, f"skipped: {reason}", by)
        if code is not None:
            await tx.holds.coded(hold.number, code)
        await tell(engine, tx, "hold.skipped", hold, by, reason=reason,
                    before={"state": before}, after={"state": after})  # fmt: skip
    return Acted(hold.label, True, f"{hold.label} is skipped: {reason}")


async def assign(engine: Engine, hold: HoldRow, person: str, by: str) -> Acted:
    if not person.strip():
        raise ActionRefused(
            f"{hold.label} is not assigned.", "No person is named.",
            "Name the person: isthmus hold assign H-17 someone@example.com.",
        )  # fmt: skip
    if hold.state == RESOLVED:
        return over(hold)
    async with engine.database.begin() as tx:
        await tx.holds.assign(hold.number, person)
        await tell(engine, tx, "hold.assigned", hold, by,
                    before={"assigned_to": hold.assigned_to},
                    after={"assigned_to": person})  # fmt: skip
    return Acted(hold.label, True, f"{hold.label} is {person}'s")


def over(hold: HoldRow) -> Acted:
    how = f"{hold.resolution} by {hold.resolved_by}"
    return Acted(hold.label, False, f"{hold.label} is over already ({how}); nothing to do")
