"""What flows emit leaves by the destinations of the landscape, while a worker runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.events.out.receiver import SECRET, receiving
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, win
from tests.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_won_deal_is_told(database_url: str, tmp_path: Path) -> None:
    async with receiving() as receiver:
        more = (
            "destinations:\n"
            f"  bot: {{url: {receiver.url}, secret: {SECRET}, start: first,\n"
            "        types: [opportunity.closed_won, project.opened]}\n"
        )
        async with a_firm(database_url, tmp_path, more=more) as firm:
            await win(firm, await a_deal(firm, await an_account(firm)))
            await until(lambda: _sent(firm, 2))
            [opened] = await firm.events("project.opened")
    won, told = receiver.arrived
    assert (won.event["type"], told.event["type"]) == (
        "isthmus.opportunity.closed_won.v1", "isthmus.project.opened.v1",
    )  # fmt: skip
    assert told.id == opened["id"]
    assert told.event["correlationid"] == won.event["correlationid"]
    assert told.event["data"]["opportunity"] == won.event["subject"]
    assert receiver.answers == {200: 2}


async def _sent(firm: Firm, count: int) -> bool:
    async with firm.app.database.begin() as tx:
        row = await tx.destinations.find("bot")
    return row is not None and row.sent == count
