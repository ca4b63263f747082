"""G3: p50 and p95 of the calls to each system, checked against sums done by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from isthmus.observe.latency import Latency, latencies_of, quantile
from isthmus.store.database import Database
from isthmus.store.traffic import Counted

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 6, 10, 20, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


def counted(name: str, outcome: str, le_ms: int, calls: int, side: str = "vendor") -> Counted:
    return Counted(side, name, outcome, le_ms, calls, calls * le_ms)


async def test_calls_of_two_hours_are_taken_together(database: Database) -> None:
    """Of 20 calls to NetSuite 8 took 5 to 10 ms, 9 took 10 to 25, 2 took 50 to 100, 1 took 100 to
    250. The 10th is the 2nd of the 9: 10 + 15 x 2/9 = 13 ms. The 19th is the last up to 100 ms.
    """
    async with database.begin() as tx:
        await tx.traffic.add(
            [counted("netsuite", "2xx", 10, 8), counted("netsuite", "4xx", 100, 2)], NOW
        )
        await tx.traffic.add(
            [counted("netsuite", "2xx", 25, 9), counted("netsuite", "no answer", 250, 1),
             counted("salesforce", "2xx", 0, 1), counted("/exceptions", "2xx", 5, 50, "api")],
            NOW - timedelta(hours=1),
        )  # fmt: skip
        await tx.traffic.add([counted("netsuite", "5xx", 5, 100)], NOW - timedelta(hours=2))
    async with database.begin() as tx:
        found = await latencies_of(tx, NOW)
    assert found == {
        "netsuite": Latency(20, 1, p50=13, p95=100),
        "salesforce": Latency(1, 0, p50=None, p95=None),
    }


def test_one_call_and_calls_of_one_span() -> None:
    assert quantile({500: 1}, 50) == 375
    assert quantile({1000: 4}, 95) == 975
    assert quantile({5: 9, 0: 1}, 50) == 3
    assert quantile({5: 9, 0: 1}, 95) is None
