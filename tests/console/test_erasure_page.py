"""H4: an erasure is looked at before it is done, refused while something is open, and audited."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from tests.console.govern import as_role
from tests.console.reading import read, text_of
from tests.firm import Firm
from tests.flows.work import Work, ledger

from isthmus.access.erasure import erase, people_with
from isthmus.api.server import serving
from isthmus.canonical import Resource

pytestmark = pytest.mark.anyio
Place = tuple[Firm, Work]
NAME = "Consultant One"


@pytest.fixture(scope="module")
async def http(place: Place) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(place[0].app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as client:
        yield client


async def person_of(firm: Firm) -> str:
    async with firm.app.database.begin() as tx:
        [(id, _)] = await people_with(tx, NAME)
    return id


async def test_a_person_is_found_by_what_is_sent_and_not_by_an_address(
    place: Place, http: httpx2.AsyncClient
) -> None:
    assert "Nobody has been erased yet." in await read(http, "/erasure")
    short = await http.post("/erasure", data={"q": "Co"})
    assert (short.status_code, "Give 3 letters or more" in short.text) == (422, True)
    found = await http.post("/erasure", data={"q": "consultant o"})
    assert found.status_code == 200
    assert f"{NAME} resource {await person_of(place[0])}" in text_of(found)
    assert "Consultant Two" not in found.text
    nobody = await http.post("/erasure", data={"q": "Quillon\0"})
    assert "Nobody here has this" in text_of(nobody)


async def test_what_would_go_is_counted_and_nothing_goes(
    place: Place, http: httpx2.AsyncClient
) -> None:
    firm, _ = place
    person = await person_of(firm)
    shown = await erase(firm.app.database, person, "test", "counted")
    page = text_of(await http.post("/erasure/look", data={"person": person}))
    assert f"Erase {NAME}?" in page
    assert f"Rows {shown.rows}" in page
    [records] = [place.rows for place in shown.places if place.table == "record"]
    assert re.search(rf" Record data {records} ", page)
    assert re.search(r"1 hold of the person is open: H-\d+\.", page)
    assert "2 time entries are not invoiced yet: 13 hours." in page
    assert "Hours, rates, amounts and invoices The books are explained from them" in page
    assert "Erase or anonymise the person in netsuite" in page
    async with firm.app.database.begin() as tx:
        assert (await tx.records.get(Resource, person)).name == NAME
    unknown = await http.post("/erasure/look", data={"person": "nobody"})
    assert unknown.status_code == 422
    assert "There is nobody called nobody." in text_of(unknown)


async def test_it_is_refused_while_something_is_open_and_then_done_and_told(
    place: Place, http: httpx2.AsyncClient
) -> None:
    firm, _ = place
    person, before = await person_of(firm), await ledger(firm)
    shown = await erase(firm.app.database, person, "test", "counted")
    silent = await http.post("/erasure/erase", data={"person": person, "reason": " "})
    assert (silent.status_code, "Say why" in silent.text) == (422, True)
    sent = {"person": person, "reason": f"{NAME} asked on 3 May"}
    refused = await http.post("/erasure/erase", data=sent)
    assert refused.status_code == 422
    assert f"The data of {person} was not erased." in text_of(refused)

    done = await http.post("/erasure/erase", data={**sent, "force": "1"})
    assert done.status_code == 200
    page = text_of(done)
    [pseudonym] = set(re.findall(r"Person [0-9a-f]{8}", page))
    assert f"Called {pseudonym} from now on" in page
    assert f"Rows {shown.rows} " in page
    assert NAME not in page
    async with firm.app.database.begin() as tx:
        one = await tx.records.get(Resource, person)
        [act] = await tx.audit.list(action="person.erased")
    assert (one.name, one.email, one.employee_number) == (pseudonym, None, "E001")
    assert (act.principal, act.object_id, act.reason) == (
        "local", person, f"{pseudonym} asked on 3 May",
    )  # fmt: skip
    assert await ledger(firm) == before
    assert f"{pseudonym} resource local just now" in await read(http, "/erasure")


async def test_only_who_may_erase_finds_people(place: Place, http: httpx2.AsyncClient) -> None:
    for role, where in (("finance", ""), ("auditor", ""), ("admin", "EA-NL")):
        headers = await as_role(place[0], f"{role}-one", role, where)
        assert (await http.get("/erasure", headers=headers)).status_code == 403, role
        answer = await http.post("/erasure", headers=headers, data={"q": "Consultant"})
        assert (answer.status_code, "Two" in answer.text) == (403, False)
        overview = await http.get("/password", headers=headers)
        assert 'href="/erasure"' not in overview.text
