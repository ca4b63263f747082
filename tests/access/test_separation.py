"""H2: who corrects a held amount does not release it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, log_week, project_of, staff, win

from isthmus.access.accounts import first_person
from isthmus.engine.hold_actions import ActionRefused, fix, replay_hold, skip
from isthmus.engine.separation import is_amount

pytestmark = pytest.mark.anyio


def test_which_attributes_are_amounts() -> None:
    assert [is_amount("time_entry", name) for name in ("hours", "bill_rate", "role", "note")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert is_amount("invoice", "lines")


async def test_another_person_releases_what_one_corrected(firm: Firm) -> None:
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project = project_of(firm, deal)
    assignment = await staff(firm, project, Decimal(140))
    await log_week(firm, project, assignment, "2026-07-06", ["8"])
    await firm.read()
    hold, engine = await firm.hold(), firm.app.engine
    await first_person(firm.app.database, "test")
    await fix(engine, hold, {"bill_rate": "150.00 EUR"}, "anna", within=None)
    for attempt in (replay_hold(engine, hold, "anna"), skip(engine, hold, "enough", "anna")):
        with pytest.raises(ActionRefused, match=r"anna corrected time_entry\.bill_rate"):
            await attempt
    assert (await replay_hold(engine, hold, "ben")).done
    async with firm.app.database.begin() as tx:
        told = [(row.principal, row.action) for row in await tx.audit.list(object_id=hold.label)]
    assert told == [("ben", "hold.replayed"), ("anna", "hold.fixed")]
