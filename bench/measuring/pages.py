"""How long each page of the console takes, on the demo's quarter: what a person waits for.

The demo is played once into the results folder, which takes some minutes, and looked at from then
on. Pages are asked one after the other over HTTP, as a browser asks them, without their assets.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx2

from isthmus.api.server import serving
from isthmus.app import App
from isthmus.console.site import PAGES
from isthmus.demo import run_demo
from isthmus.installed import load_landscape
from isthmus.settings import Settings
from isthmus.store.invoices import InvoiceFilter

from . import quiet
from .bench import Bench, Options
from .reference import Unusable
from .results import Results

LIMIT_MS = 300
"""What half of the answers of each page are to be within."""
TIMES, QUICK, WARM_UP = 20, 5, 2
LEAST = {"entries": 4_000, "facts": 500}
JULY = "through=2026-07-31"


def pages(bench: Bench) -> None:
    ask(bench.results, bench.options, bench.series)


def ask(results: Results, options: Options, series: str) -> None:
    """It needs neither the job nor its tools."""
    quiet.wait(options.quiet_seconds)
    found = asyncio.run(measured(results.folder / "demo", QUICK if options.quick else TIMES))
    for page, row in found["pages"].items():
        about = {"page": page, "entries": found["entries"], "facts": found["facts"]}
        results.add("pages", {**about, **row}, series=series)


async def measured(home: Path, times: int) -> dict[str, Any]:
    if not (home / "isthmus.yaml").exists():
        await run_demo(home)
    landscape = home / "isthmus.yaml"
    settings = Settings(DATABASE_URL=None, home=home, landscape=landscape, port=0)
    app = await App.open(settings, load_landscape(landscape))
    try:
        size = await _size(app)
        async with serving(app) as url, httpx2.AsyncClient(base_url=url, timeout=60) as http:
            return {
                **size,
                "pages": {
                    name: await _asked(http, path, times)
                    for name, path in (await addresses(app)).items()
                },
            }
    finally:
        await app.close()


async def _size(app: App) -> dict[str, int]:
    """Raises Unusable where there is too little to measure with."""
    async with app.database.begin() as tx:
        rows = await tx.connection.exec_driver_sql(
            "select (select count(*) from time_entry) + (select count(*) from expense_entry), "
            "(select count(*) from fact)"
        )
        found = dict(zip(LEAST, map(int, rows.one()), strict=True))
    for name, least in LEAST.items():
        if found[name] < least:
            raise Unusable(f"The demo has {found[name]} {name}, and {least} are needed.")
    return found


async def addresses(app: App) -> dict[str, str]:
    """Name -> address of every page and of one of each kind that a page leads to."""
    async with app.database.begin() as tx:
        [hold, *_] = await tx.holds.list(code="phase_closed", limit=1)
        [invoice, *_] = await tx.invoices.list(InvoiceFilter(), limit=1)
        [run, *_] = await tx.runs.list(flow="opportunity_to_project", limit=1)
    found = {page.title: page.path for page in PAGES}
    found |= {
        "Journey of a deal": f"/journey?q={run.subject}", "A run": f"/flows/{run.label}",
        "Holds of one cause": f"/exceptions?code={hold.code}",
        "A hold": f"/exceptions/{hold.label}",
        "Dry run": "/billing/dry-run", "Dry run of July": f"/billing/dry-run?{JULY}",
        "Unbilled work": "/billing/work", "Invoices": "/billing/invoices",
        "An invoice": f"/billing/invoices/{invoice.id}", "Trends": "/trends",
        "A trend": "/trends/unbilled_approved_time", "Roles": "/access/roles",
        "An object of the model": "/model/objects/project",
    }  # fmt: skip
    return found


async def _asked(http: httpx2.AsyncClient, path: str, times: int) -> dict[str, float]:
    for _ in range(WARM_UP):
        answer = await http.get(path, headers={"accept": "text/html"})
        if not answer.is_success:
            raise Unusable(f"{path} answered {answer.status_code}.")
    took: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        await http.get(path, headers={"accept": "text/html"})
        took.append((time.perf_counter() - began) * 1e3)
    took.sort()
    return {"p50_ms": round(took[times // 2], 1), "p95_ms": round(took[times * 95 // 100 - 1], 1),
            "times": times}  # fmt: skip
