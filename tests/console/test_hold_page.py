"""H2: a correction of an amount waits for a second person, and that of a person's data shows its
values to whom they may be shown.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from tests.console.govern import as_role
from tests.console.reading import text_of
from tests.firm import Firm
from tests.flows.work import Work, ledger

from isthmus.access.accounts import first_person
from isthmus.api.server import serving

pytestmark = pytest.mark.anyio
Place = tuple[Firm, Work]


@pytest.fixture(scope="module")
async def http(place: Place) -> AsyncIterator[httpx2.AsyncClient]:
    """People have accounts: from then on nobody releases an amount of their own."""
    await first_person(place[0].app.database, "test")
    async with serving(place[0].app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as client:
        yield client


async def path_of(firm: Firm) -> str:
    async with firm.app.database.begin() as tx:
        [hold] = await tx.holds.list(code="phase_closed")
    return f"/exceptions/{hold.label}"


async def test_a_corrected_note_is_told_to_all_and_its_words_to_some(
    place: Place, http: httpx2.AsyncClient
) -> None:
    path = await path_of(place[0])
    finance = await as_role(place[0], "fay", "finance")
    operator = await as_role(place[0], "ola", "integration")
    sent = {"note": "call Wim at home", "do": "keep"}
    assert (await http.post(f"{path}/fix", headers=finance, data=sent)).status_code == 303
    assert "fay corrected it just now note: call Wim at home" in (
        text_of(await http.get(path, headers=finance)).replace("nothing → ", "")
    )
    theirs = await http.get(f"{path}?also=note", headers=operator)
    assert "fay corrected it just now" in text_of(theirs)
    assert "note: ••• " in text_of(theirs)
    assert "Wim" not in theirs.text
    assert 'id="f-note"' not in theirs.text, "nor is it offered"
    await http.post(f"{path}/fix", headers=operator, data={"note": "none", "do": "keep"})
    assert "ola corrected it" not in text_of(await http.get(path, headers=finance))


async def test_who_corrects_an_amount_is_told_that_another_person_releases_it(
    place: Place, http: httpx2.AsyncClient
) -> None:
    firm, _ = place
    path = await path_of(firm)
    first, second = [await as_role(firm, name, "finance") for name in ("bea", "cas")]
    page = (await http.get(path, headers=first)).text
    assert "Correct and replay" in page
    sent = {"hours": "6", "do": "go"}
    done = await http.post(f"{path}/fix", headers=first, data=sent)
    assert (done.status_code, done.headers["location"]) == (303, path)
    after = text_of(await http.get(path, headers=first))
    assert "is corrected and not replayed: you changed hours" in after
    assert "Another person releases this. You corrected hours;" in after
    assert f'action="{path}/replay"' not in (await http.get(path, headers=first)).text
    assert (await http.post(f"{path}/replay", headers=first)).status_code == 422
    assert await ledger(firm) == [("posted", "EUR", 1200, 1)]

    assert "Another person releases this" not in text_of(await http.get(path, headers=second))
    [phase] = re.findall(r'value="([^"]+)">Build ', page)
    assert (
        await http.post(f"{path}/fix", headers=second, data={"phase": phase, "do": "go"})
    ).status_code == 303
    await firm.settle()
    assert await ledger(firm) == [("posted", "EUR", 2100, 2)]
