"""Revenue schedules of NetSuite: recognised amounts per period, asked for by project."""

from __future__ import annotations

from typing import Any

import pytest

from isthmus.canonical import RevenueSchedule
from isthmus.canonical.revenue import RevenueLine
from isthmus.connect import Refused
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.kit.money import Money

from .conftest import Opener, Sandbox
from .firm import Firm

pytestmark = pytest.mark.anyio


@pytest.fixture
def books(opener: Opener) -> NetSuite:
    return opener()


async def jobs(sandbox: Sandbox, firm: Firm) -> tuple[str, str]:
    customer = {"externalId": "K", "companyName": "Client A", "subsidiary": {"id": firm.nl}}
    job = {"companyName": "Project", "parent": {"externalId": "K"}}
    named = [{**job, "externalId": name, "entityId": name} for name in ("P1", "P2")]
    await sandbox.control("seed", {"customer": [customer], "job": named})
    return await sandbox.id("job", "P1"), await sandbox.id("job", "P2")


def schedule(job: str, name: str, period: str, *amounts: tuple[float, float]) -> dict[str, Any]:
    lines = [
        {"postingPeriod": {"id": period}, "plannedAmount": planned, "recognizedAmount": done}
        for planned, done in amounts
    ]
    return {
        "externalId": name, "job": {"id": job}, "currency": {"externalId": "EUR"},
        "recurrence": {"items": lines},
    }  # fmt: skip


async def test_what_was_recognised_is_read_and_not_what_was_planned(
    books: NetSuite, sandbox: Sandbox
) -> None:
    firm = await Firm.of(sandbox)
    mine, other = await jobs(sandbox, firm)
    rows = [
        schedule(mine, "S1", firm.february, (100, 60.10), (50, 0.25)),
        schedule(mine, "S2", firm.february, (10, 0)),
        schedule(other, "S3", firm.february, (900, 900)),
    ]
    await sandbox.control("seed", {"revRecSchedule": rows})
    found = await books.find(RevenueSchedule, {"project": mine})
    assert [change.attributes for change in found] == [
        {
            "project": mine, "currency": "EUR",
            "lines": (RevenueLine(period=firm.february, amount=Money.of(amount, "EUR")),),
        }
        for amount in ("60.35", "0.00")
    ]  # fmt: skip


async def test_it_is_asked_for_by_project_alone(books: NetSuite) -> None:
    with pytest.raises(Refused, match="use project"):
        await books.find(RevenueSchedule, {"contract": "1"})
