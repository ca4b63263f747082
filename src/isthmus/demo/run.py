"""One run of the demonstration, from an empty or half-finished folder to the report."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from isthmus.api.server import serving
from isthmus.app import App
from isthmus.demo.clerk import LedgerClerk
from isthmus.demo.evidence import gather
from isthmus.demo.firm import Firm, example_advisory
from isthmus.demo.landscape_file import landscape_text
from isthmus.demo.ledgers import bookkeeper, check_ledger
from isthmus.demo.org import Org
from isthmus.demo.place import Journal, Place, occupied
from isthmus.demo.play import Quarter
from isthmus.demo.tie_out import Report, tie_out
from isthmus.demo.vendors import vendors
from isthmus.demo.view import Examples, View
from isthmus.installed import load_landscape
from isthmus.observe.logging import configure_logging
from isthmus.settings import Settings

PORT = 8900


async def play_and_prove(home: Path, *, erp: str, fresh: bool) -> int:
    with occupied(home, fresh=fresh) as place, place.log.open("a") as log:
        configure_logging("info", "json", log)
        check_ledger(erp, Journal(place))
        return await _run(place, example_advisory(), erp, View())


async def _run(place: Place, firm: Firm, erp: str, view: View) -> int:
    journal, began = Journal(place), time.monotonic()
    async with (
        vendors(place.vendors, place.log) as systems,
        bookkeeper(erp, place, systems, view.say) as clerk,
    ):
        view.systems_listen({"salesforce": systems["salesforce"].url, clerk.name: clerk.url})
        org = Org(place, systems["salesforce"])
        if "seeded" not in journal:
            await clerk.seed(firm)
            await org.open_for_business(firm)
            journal.note("seeded")
        async with _isthmus(place, org, clerk, journal, view) as app:
            quarter = Quarter(app, firm, org, clerk, journal, view.looked)
            if quarter.is_over:
                view.say("  this quarter was played before; --fresh plays it again")
                await quarter.catch_up()
            with view.playing(len(quarter.stages())):
                await quarter.play(view.begins)
            report = tie_out(await gather(app, org, clerk))
            examples = await _examples(app, report)
    view.report(report, journal, time.monotonic() - began)
    view.what_next(place.home, examples)
    return 0 if report.ties else 1


async def _examples(app: App, report: Report) -> Examples:
    waiting = [h for h in report.holds if h.run_id]
    async with app.database.begin() as tx:
        run = await tx.runs.get(str(waiting[0].run_id)) if waiting else None
    hours = [i.number for i in report.invoices if i.hours_amount]
    entries = [h.label for h in report.holds if h.object_kind == "time_entry"]
    return Examples(
        run.label if run else "R-0001", hours[-1] if hours else "INVOICE",
        entries[0] if entries else "H-1",
    )  # fmt: skip


@asynccontextmanager
async def _isthmus(
    place: Place, org: Org, clerk: LedgerClerk, journal: Journal, view: View
) -> AsyncIterator[App]:
    """The product itself, on its own embedded database, with its webhooks open."""
    connection = clerk.connection()
    place.landscape.write_text(
        landscape_text(place, org.control.url, clerk.name, connection), "utf-8"
    )
    settings = _settings(place, journal)
    with view.starting("embedded PostgreSQL", place.home):
        app = await App.open(settings, load_landscape(place.landscape))
    try:
        async with serving(app) as url:
            await org.send_messages_to(f"{url}/webhooks/salesforce")
            await app.start()
            yield app
    finally:
        await app.close()


def _settings(place: Place, journal: Journal) -> Settings:
    """Never another database than the demonstration's own, whatever DATABASE_URL says."""
    if "port" not in journal or not _is_free(journal.get("port")):
        journal.note("port", PORT if _is_free(PORT) else _any_port())
    return Settings(
        DATABASE_URL=None, home=place.home, landscape=place.landscape, port=journal.get("port"),
        poll_every=timedelta(seconds=2),
    )  # fmt: skip


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
