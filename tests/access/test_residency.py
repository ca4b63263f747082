"""H4: people of a region are told of where their data may be kept, and read by who may there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.events.out.receiver import SECRET, Receiver, receiving
from tests.firm import Firm, a_firm
from tests.waiting import until

from isthmus.access.accounts import add_machine
from isthmus.access.keys import add_key
from isthmus.api.server import serving
from isthmus.canonical import Resource
from isthmus.events.envelope import Event
from isthmus.events.personal import masked_by_receiver
from isthmus.kit.masking import MASK
from isthmus.observe.metrics import Exposition
from isthmus.store.holds import NewHold

pytestmark = pytest.mark.anyio
EUROPEAN, AMERICAN, MAIL = "Consultant One", "Quillon Vexworth", "q.vexworth@firm.example"
REGIONS = {
    "country: NL,": "country: NL, region: EU,", "country: US,": "country: US, region: US,",
    "vendor: salesforce\n    url": "vendor: salesforce\n    region: EU\n    url",
    "vendor: netsuite\n": "vendor: netsuite\n    region: EU\n",
}  # fmt: skip
RESIDENCY = """\
residency: {{allowed: {{EU: [], US: [EU]}}, isthmus: EU}}
access: {{regions: {{Americas: [EA-US]}}}}
destinations:
  home: {{url: {home}, secret: {secret}, start: now, region: EU}}
  away: {{url: {away}, secret: {secret}, start: now, region: US}}
"""
Told = tuple[Receiver, Receiver]


@asynccontextmanager
async def a_firm_of_two_regions(
    database_url: str, folder: Path, *, works: bool = True
) -> AsyncIterator[tuple[Firm, Told]]:
    """One consultant in each."""
    async with receiving() as home, receiving() as away:
        more = RESIDENCY.format(home=home.url, away=away.url, secret=SECRET)
        async with a_firm(database_url, folder, more=more, works=works, instead=REGIONS) as firm:
            first, last = AMERICAN.split()
            await firm.org.update(
                "Contact", firm.org.ids["E002"], FirstName=first, LastName=last, Email=MAIL,
                Legal_Entity__c="EA-US", pse__Default_Cost_Rate__c=71, CurrencyIsoCode="USD",
            )  # fmt: skip
            await firm.read()
            yield firm, (home, away)


async def the(firm: Firm, name: str) -> Resource:
    async with firm.app.database.begin() as tx:
        [one] = await tx.records.list(Resource, name=name)
    return one


def drifted(of: Resource, attribute: str, kept: str, offered: str) -> Event:
    data = {"connection": "netsuite", "attribute": attribute, "kept": kept, "offered": offered}
    return Event(type="resource.drifted", source="test", subject=of.id, correlation_id="c-1",
                 data=data)  # fmt: skip


def commented(text: str) -> Event:
    data: dict[str, Any] = {"hold": "H-1", "by": "ana", "object_kind": None, "object_id": None,
                            "run": None, "before": {}, "after": {"comment": text}}  # fmt: skip
    return Event(type="hold.commented", source="test", subject="H-1", correlation_id="c-1",
                 data=data)  # fmt: skip


def kept_of(receiver: Receiver) -> list[Any]:
    """What was told of values and comments."""
    told = [arrived.event["data"] for arrived in receiver.arrived]
    return sorted(str(data.get("offered") or data["after"]["comment"]) for data in told
                  if "offered" in data or "comment" in data.get("after", {}))  # fmt: skip


async def test_an_event_leaves_without_people_whose_data_may_not_be_kept_there(
    database_url: str, tmp_path: Path
) -> None:
    async with a_firm_of_two_regions(database_url, tmp_path) as (firm, (home, away)):
        european, american = await the(firm, EUROPEAN), await the(firm, AMERICAN)
        events = [
            drifted(european, "email", "one@firm.example", "uno@firm.example"),
            drifted(american, "email", MAIL, "quillon@firm.example"),
            drifted(european, "role", "Consultant", "Writer"),
            commented(f"ask {EUROPEAN} or {AMERICAN}"),
        ]
        async with firm.app.database.begin() as tx:
            for event in events:
                await firm.app.outbox.emit(tx, event)
        ids = {event.id for event in events}
        await until(lambda: _have(home, ids))
        await until(lambda: _have(away, ids))
        assert kept_of(home) == [
            "Writer", f"ask {EUROPEAN} or {AMERICAN}", "quillon@firm.example", "uno@firm.example",
        ]  # fmt: skip
        assert kept_of(away) == [
            "Writer", f"ask {MASK} or {AMERICAN}", "quillon@firm.example", MASK,
        ]  # fmt: skip
        await until(lambda: _counted(firm, {"destination away": 2}))
        text = (await Exposition(firm.app.database, firm.app.landscape).text()).decode()
        assert 'isthmus_masked_messages{receiver="destination away"} 2.0' in text
        assert "destination home" not in text.split("isthmus_masked_messages")[-1].split("\n")[0]


async def _have(receiver: Receiver, ids: set[str]) -> bool:
    return ids <= {arrived.id for arrived in receiver.arrived}


async def _counted(firm: Firm, expected: dict[str, int]) -> bool:
    async with firm.app.database.begin() as tx:
        return await masked_by_receiver(tx) == expected


async def test_a_role_in_one_region_reads_no_personal_data_of_another(
    database_url: str, tmp_path: Path
) -> None:
    """Operations reads objects of the whole firm, and manages projects in the Americas."""
    async with a_firm_of_two_regions(database_url, tmp_path, works=False) as (firm, _):
        european, american = await the(firm, EUROPEAN), await the(firm, AMERICAN)
        async with firm.app.database.begin() as tx:
            await tx.holds.open(
                NewHold(key="twice", state="held", code="rate_mismatch", owner="finance",
                        reason=f"{EUROPEAN} and {AMERICAN}", fix="Correct one.", flow="t")
            )  # fmt: skip
            await firm.app.outbox.emit(tx, drifted(european, "email", "a@b.example", "uno"))
        both = await _key(firm, "both", ("integration", ""), ("pmo", "Americas"))
        there = await _key(firm, "there", ("pmo", "Americas"))
        async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url) as http:
            seen = await _object(http, both, american)
            assert (seen["masked"], seen["attributes"]["name"]) == ([], AMERICAN)
            assert seen["attributes"]["cost_rate"] == {"amount": "71.0", "currency": "USD"}
            hidden = await _object(http, both, european)
            assert "name" not in hidden["attributes"]
            assert {"name", "email", "cost_rate"} == set(hidden["masked"])
            path, asks = "/system/v1/psa/resource", {"where": f"name:{EUROPEAN}"}
            assert (await http.get(path, headers=both, params=asks)).status_code == 403
            asks = {"where": f"name:{AMERICAN}"}
            assert (await http.get(path, headers=there, params=asks)).status_code == 200
            assert (await http.get(f"{path}/{european.id}", headers=there)).status_code == 404
            [hold] = (await http.get("/ops/v1/holds", headers=both)).json()["items"]
            assert hold["reason"] == f"{MASK} and {AMERICAN}"
            asks = {"type": "resource.drifted"}
            told = (await http.get("/events", headers=both, params=asks)).json()["events"]
            assert [event["data"]["offered"] for event in told] == [MASK]
            page = await http.get(
                f"/journey?q={european.id}", headers={**both, "accept": "text/html"}
            )
            assert page.status_code == 200
            assert EUROPEAN not in page.text


async def _key(firm: Firm, name: str, *roles: tuple[str, str]) -> dict[str, str]:
    await add_machine(firm.app.database, name, name, list(roles), "test")
    made = await add_key(firm.app.database, name, None, timedelta(days=1), "test")
    return {"Authorization": f"Bearer {made.key}"}


async def _object(
    http: httpx2.AsyncClient, headers: dict[str, str], of: Resource
) -> dict[str, Any]:
    answer = await http.get(f"/system/v1/psa/resource/{of.id}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
