"""From a won deal to a project, one deal at a time, between the product's own simulators.

Salesforce tells of the deal by webhook; the project is opened in Certinia and NetSuite.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psycopg

from isthmus.demo.deals import HOURLY, Deal
from isthmus.demo.delivery import Delivery
from isthmus.demo.firm import Firm, example_advisory
from isthmus.demo.landscape_file import landscape_text
from isthmus.demo.netsuite_clerk import NetSuiteClerk
from isthmus.demo.org import Org
from isthmus.demo.place import Place
from isthmus.demo.vendors import vendors

from . import processes
from .bench import Bench
from .burst import Burst
from .installation import Isthmus
from .reference import Unusable

DEALS, QUICK, WARM_UP = 100, 20, 5
IN_A_BURST = 0.2
"""Share of the deals that are won once more, while hours are posted without a pause."""
PSA = "certinia"
PATIENCE = 60.0
RUNS = """
SELECT r.started_at - r.created_at, r.finished_at - r.created_at, r.finished_at
FROM run r JOIN record o ON o.kind = 'opportunity' AND o.id::text = r.subject
WHERE r.flow = 'opportunity_to_project' AND r.state = 'succeeded' AND o.data ->> 'name' = %s
"""
ACCOUNTS = "SELECT count(*) FROM record WHERE kind IN ('customer', 'rate_card')"
UNDER_WAY = "SELECT count(*) FROM record WHERE kind = 'project' AND data ->> 'profit_centre' <> ''"
READ_LAST = "SELECT count(*) FROM watermark WHERE kind IN ('accounting_period', 'rate_card')"


@dataclass(frozen=True)
class Story:
    """Seconds of one deal: from the event's row to the first step, to the end; from the click."""

    started: float
    ended: float
    from_click: float


def deal(bench: Bench) -> None:
    number = bench.options.total or (QUICK if bench.options.quick else DEALS)
    calm = number + WARM_UP
    stories, burst = asyncio.run(_measured(bench, calm, round(number * IN_A_BURST)))
    bench.results.add("deal", figures(stories[WARM_UP:calm]), series=bench.series)
    bench.results.add("deal_in_burst", {**figures(stories[calm:]), **burst}, series=bench.series)


def figures(stories: list[Story]) -> dict[str, Any]:
    """Milliseconds."""
    found: dict[str, Any] = {"deals": len(stories)}
    for name in ("started", "ended", "from_click"):
        values = sorted(getattr(story, name) * 1e3 for story in stories)
        for share in (50, 99):
            at = min(len(values) - 1, len(values) * share // 100)
            found[f"{name}_p{share}_ms"] = round(values[at], 1)
    return found


async def _measured(bench: Bench, calm: int, pressed: int) -> tuple[list[Story], dict[str, Any]]:
    """The stories of `calm` deals and then of `pressed` beside a burst, and what it carried."""
    home = bench.results.folder / "deal"
    if home.is_dir():
        shutil.rmtree(home)
    home.mkdir()
    firm = selling(example_advisory(), calm + pressed)
    place = Place(home)
    async with vendors(place.vendors, home / "vendors.log") as systems:
        clerk, org = NetSuiteClerk(place, systems["netsuite"]), Org(place, systems["salesforce"])
        await clerk.seed(firm)
        await org.open_for_business(firm)
        place.landscape.write_text(
            landscape_text(place, org.control.url, clerk.name, clerk.connection()), "utf-8"
        )
        async with _isthmus(bench, home, place.landscape, org) as made:
            url = made.environment["DATABASE_URL"]
            stories = [await _won(url, org, one) for one in firm.deals[:calm]]
            await Delivery(org, firm).staff(firm.deals[:calm])
            await _until(url, UNDER_WAY, calm)
            burst = Burst(made.url, url, PSA, asyncio.Event())
            posting = asyncio.create_task(burst.post())
            stories += [await _won(url, org, one) for one in firm.deals[calm:]]
            burst.stop.set()
            return stories, await posting


def selling(firm: Firm, number: int) -> Firm:
    """The firm with so many deals by the hour, the same few over and over."""
    models = [d for d in firm.deals if d.model == HOURLY and not d.amends and not d.is_defective]
    deals = tuple(
        replace(one, name=f"{one.name} {n}") for n, one in enumerate(islice(cycle(models), number))
    )
    return replace(firm, deals=deals)


@asynccontextmanager
async def _isthmus(bench: Bench, home: Path, landscape: Path, org: Org) -> AsyncIterator[Isthmus]:
    """Once it has read prices and periods."""
    url = bench.server.create("bench_deals")
    environment = {
        "DATABASE_URL": url, "ISTHMUS_LANDSCAPE": str(landscape), "ISTHMUS_HOME": str(home),
        "ISTHMUS_LOG_LEVEL": "warning",
    }  # fmt: skip
    made = Isthmus(home, environment, processes.free_port(), bench.options.workers)
    await asyncio.to_thread(made.start)
    try:
        message = {"object": "Opportunity", "fields": ["Name"],
                   "endpoint": f"{made.url}/webhooks/salesforce",
                   "when": {"field": "StageName", "equals": "Closed Won"}}  # fmt: skip
        await org.control.post("outbound-messages", message)
        await _until_read(url)
        yield made
    finally:
        await asyncio.to_thread(made.stop)


async def _until_read(url: str) -> None:
    before, until = -1, time.monotonic() + PATIENCE
    while time.monotonic() < until:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            [now] = await _row(connection, ACCOUNTS) or [0]
            [marks] = await _row(connection, READ_LAST) or [0]
        if marks == 2 and now == before:
            return
        before = now
        await asyncio.sleep(3.0)
    raise Unusable("Isthmus did not read the simulated systems; see deal/worker-1.log.")


async def _until(url: str, query: str, number: int) -> None:
    until = time.monotonic() + 2 * PATIENCE
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while time.monotonic() < until:
            if (await _row(connection, query) or (0,))[0] >= number:
                return
            await asyncio.sleep(0.5)
    raise Unusable("Isthmus did not read the projects' profit centres; see deal/worker-1.log.")


async def _won(url: str, org: Org, one: Deal) -> Story:
    clicked, until = datetime.now(UTC), time.monotonic() + PATIENCE
    await org.win([one])
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while time.monotonic() < until:
            if row := await _row(connection, RUNS, [one.name]):
                started, ended, at = row
                return Story(
                    started.total_seconds(), ended.total_seconds(), (at - clicked).total_seconds()
                )
            await asyncio.sleep(0.05)
    raise Unusable(f"The deal {one.name} was not handed over within {PATIENCE:.0f} s.")


async def _row(
    connection: psycopg.AsyncConnection, query: str, values: list[str] | None = None
) -> tuple[Any, ...] | None:
    found = await connection.execute(query, values or [])
    return await found.fetchone()
