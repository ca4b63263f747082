"""H2: hours are of the company that they are rated for; what becomes of their project later takes
them from nobody's sight. Until they are rated they are of the project's company.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.api.gateway import a_month_of_work
from tests.api.submitting import calling, counted, hours_of, submitted
from tests.console.govern import as_role
from tests.firm import Firm, a_firm
from tests.flows.deals import edit_card
from tests.flows.work import Work

pytestmark = pytest.mark.anyio
THE_PSA_SAYS = "ownership:\n  project.legal_entity: {owner: psa}\n"
JULY = date(2026, 7, 1), date(2026, 7, 31)


@dataclass
class Readers:
    """Of EA-NL, of EA-US, of the whole firm."""

    firm: Firm
    work: Work
    http: httpx2.AsyncClient
    dutch: dict[str, str]
    american: dict[str, str]
    whole: dict[str, str]

    async def hours(self, who: dict[str, str]) -> list[Decimal]:
        path = "/system/v1/psa/time_entry?limit=100"
        answer = await self.http.get(path, headers={**who, "accept": "application/json"})
        assert answer.status_code == 200, answer.text
        return sorted(Decimal(i["attributes"]["hours"]) for i in answer.json()["items"])

    async def holds(self, who: dict[str, str]) -> list[str]:
        answer = await self.http.get(
            "/ops/v1/holds", headers={**who, "accept": "application/json"}
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return sorted(h["code"] for h in answer.json()["items"])

    async def of_company(self, code: str | None) -> None:
        await self.work.set_project(Legal_Entity__c=code)
        await self.firm.read()


@pytest.fixture
async def readers(database_url: str, tmp_path: Path) -> AsyncIterator[Readers]:
    """28 hours of July: 16 invoiced, 12 in the ledger, and 4 held that are not rated."""
    async with a_firm(database_url, tmp_path, more=THE_PSA_SAYS) as firm:
        work = await a_month_of_work(firm)
        dutch = await as_role(firm, "dutch", "admin", "EA-NL")
        american = await as_role(firm, "american", "admin", "EA-US")
        whole = await as_role(firm, "whole", "admin")
        async with calling(firm) as http:
            yield Readers(firm, work, http, dutch, american, whole)


RATED, HELD = [Decimal(n) for n in (6, 6, 8, 8)], [Decimal(4)]


async def test_hours_stay_with_the_company_that_they_are_rated_for(readers: Readers) -> None:
    assert await readers.hours(readers.dutch) == HELD + RATED
    assert await readers.hours(readers.american) == []

    await readers.of_company(None)
    assert await readers.hours(readers.dutch) == RATED
    assert await readers.hours(readers.american) == []
    assert await readers.hours(readers.whole) == HELD + RATED

    await readers.of_company("EA-US")
    assert await readers.hours(readers.dutch) == RATED
    assert await readers.hours(readers.american) == HELD
    assert await readers.hours(readers.whole) == HELD + RATED


async def test_a_hold_of_rated_hours_stays_with_their_company(readers: Readers) -> None:
    firm = readers.firm
    [card] = [c for c in firm.org.rows("pse__Timecard_Header__c")
              if c["pse__Monday_Hours__c"] == Decimal(8)]  # fmt: skip
    await edit_card(firm, card["Id"], pse__Monday_Hours__c=Decimal(7))
    await readers.firm.read()
    held = await readers.holds(readers.whole)
    assert sorted(held) == ["changed_after_invoicing", "rate_mismatch"]
    assert await readers.holds(readers.dutch) == held

    await readers.of_company(None)
    assert await readers.holds(readers.dutch) == ["changed_after_invoicing"]
    assert await readers.holds(readers.american) == []
    assert await readers.holds(readers.whole) == held


async def test_the_close_of_a_company_leaves_no_rated_hour_unexplained(readers: Readers) -> None:
    await readers.of_company(None)
    async with readers.firm.app.database.begin() as tx:
        [dutch] = await tx.closing.totals(*JULY, ["EA-NL"])
        whole = await tx.closing.totals(*JULY)
    assert (dutch.entries, dutch.hours, dutch.rated_hours, dutch.unexplained_hours) == (
        4, Decimal(28), Decimal(28), Decimal(0),
    )  # fmt: skip
    assert (dutch.rated, dutch.invoiced, dutch.held) == (Decimal(4200), Decimal(2400), 0)
    [nobody] = [one for one in whole if one.legal_entity is None]
    assert (nobody.hours, nobody.held_hours, nobody.unexplained_hours) == (
        Decimal(4), Decimal(4), Decimal(0),
    )  # fmt: skip


async def test_rated_hours_are_corrected_by_who_submits_for_their_company(
    readers: Readers,
) -> None:
    work, http = readers.work, readers.http
    week: list[Any] = [hours_of(work, "T-1", 3, worked_on="2026-07-27")]
    assert counted(await submitted(http, week, "new", **readers.dutch)) == (1, 0, 0, 0)
    await readers.firm.wake()

    await readers.of_company(None)
    more = [hours_of(work, "T-1", 5, worked_on="2026-07-27")]
    another = [hours_of(work, "T-2", 1, worked_on="2026-07-28")]
    assert counted(await submitted(http, more, "us", **readers.american)) == (0, 0, 0, 1)
    assert counted(await submitted(http, another, "nl", **readers.dutch)) == (0, 0, 0, 1)
    assert counted(await submitted(http, more, "nl-1", **readers.dutch)) == (0, 1, 0, 0)

    await readers.of_company("EA-US")
    await readers.firm.wake()
    assert counted(await submitted(http, week, "us-1", **readers.american)) == (0, 0, 0, 1)
