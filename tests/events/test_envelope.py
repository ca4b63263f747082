"""E4: events are CloudEvents 1.0, and a story can be followed through them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, win

from isthmus.events.envelope import Event

SCALARS = {"specversion", "id", "type", "source", "subject", "time", "datacontenttype",
           "correlationid", "causationid"}  # fmt: skip


def test_the_envelope_is_a_cloudevent() -> None:
    first = Event(
        id="01J", type="opportunity.closed_won", source="salesforce", subject="deal",
        occurred_at=datetime(2026, 7, 1, 8, 30, tzinfo=UTC), correlation_id="deal",
        data={"version": 3},
    )  # fmt: skip
    assert first.to_cloudevent() == {
        "specversion": "1.0",
        "id": "01J",
        "type": "isthmus.opportunity.closed_won.v1",
        "source": "/isthmus/salesforce",
        "subject": "deal",
        "time": "2026-07-01T08:30:00Z",
        "datacontenttype": "application/json",
        "correlationid": "deal",
        "data": {"version": 3},
    }
    next_ = first.caused(
        "contract.opened", "opportunity_to_project", "contract", {}
    ).to_cloudevent()
    assert (next_["correlationid"], next_["causationid"]) == ("deal", "01J")
    assert all(re.fullmatch("[a-z0-9]+", name) for name in next_)
    assert all(isinstance(next_[name], str) for name in SCALARS)


@pytest.mark.anyio
async def test_one_story_from_the_deal_to_the_project(firm: Firm) -> None:
    await win(firm, await a_deal(firm, await an_account(firm)))
    [won] = await firm.events("opportunity.closed_won")
    [opened] = await firm.events("project.opened")
    [contract] = await firm.events("contract.opened")
    deal = won["subject"]
    assert {e["correlation_id"] for e in (won, opened, contract)} == {deal}
    assert {opened["causation_id"], contract["causation_id"]} == {won["id"]}
