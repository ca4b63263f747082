"""Every key figure against what a person works out of the same books by hand (books.py)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.landscapes import ENVIRONMENT, landscape_text
from tests.observe.books import NOW, named, the_books

from isthmus.cli.reference import pages
from isthmus.installed import connector_configs
from isthmus.landscape import load
from isthmus.observe.kpis import BY_NAME, KPIS, Figures, keep_when_due
from isthmus.store.database import Database, Transaction

pytestmark = pytest.mark.anyio
Value = Decimal | None
DEC = Decimal

HAND = {
    # 1, 4 and 10 hours.
    "quote_to_project_cycle_time": {"": DEC("4.00")},
    # (8 h x 20 days + 2 h x 10 days + 5 h x 5 days) / 15 h.
    "time_to_bill_latency": {"": DEC("13.67")},
    # Two drafted, of which one was stopped before, and one stopped for good: 2 of 3.
    "invoice_exception_rate": {"": DEC("66.67")},
    # 800.50 rated and 1 h at 99.995, rounded to 100.00 (t3 is rated: its fact counts).
    "unbilled_approved_time": {"EUR": DEC("900.50"), "USD": DEC("330.00")},
    # tower has an id in the CRM alone, bridge has none; the closed one does not count.
    "projects_missing_erp_structures": {"": DEC("2.00")},
    # Accepted on 25 June, posted on 2 July in Amsterdam.
    "milestone_to_invoice_delay": {"": DEC("7.00")},
    # The message of 11:40, at noon.
    "sync_lag": {"": DEC("1200.00")},
    # r2 and r3 of r1 to r5.
    "sync_failure_rate": {"": DEC("40.00")},
    "reconciliation_backlog": {"": None},
    # ada: 2 days since 8 July; bo: 6 days since 4 July, a draft counts for nothing.
    "utilisation_data_freshness": {"": DEC("4.00")},
    # 94 of 100 within 50 ms, 99 within 250 ms.
    "api_latency": {"": DEC("250.00")},
    # c reached the ledger at midnight of Amsterdam, e has not.
    "month_end_close_impact": {"EUR": DEC("500.00"), "USD": DEC("330.00")},
    # t2 (3 days), design (3 days) and its review (3 days); x1 and the bulk act wait for a day.
    "approval_bottlenecks": {"": DEC("3.00")},
}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def figures(tmp_path: Path) -> Figures:
    path = tmp_path / "isthmus.yaml"
    text = landscape_text("http://127.0.0.1:1", "http://127.0.0.1:1", "")
    path.write_text(text.replace("firm:\n", "firm:\n  calendar: {timezone: Europe/Amsterdam}\n", 1))
    return Figures(load(path, connector_configs(), ENVIRONMENT), NOW)


async def _values(
    tx: Transaction, figures: Figures, name: str, entities: list[str] | None = None
) -> dict[str, Value]:
    found = await figures.read(tx, BY_NAME[name], entities)
    return {figure.currency: figure.value for figure in found}


async def test_figures_worked_out_by_hand(database: Database, figures: Figures) -> None:
    async with database.begin() as tx:
        await the_books(tx)
        assert {k.name: await _values(tx, figures, k.name) for k in KPIS} == HAND
        await _companies(tx, figures)
        await _what_is_behind(tx, figures)
        await _what_it_was_before(tx, figures)
        await _the_backlog_once_there_is_one(tx, figures)
    await _series(database, figures)


async def _companies(tx: Transaction, figures: Figures) -> None:
    async def us(name: str) -> dict[str, Value]:
        return await _values(tx, figures, name, ["EA-US"])

    assert await us("quote_to_project_cycle_time") == {"": DEC("4.00")}
    assert await us("time_to_bill_latency") == {"": DEC("5.00")}
    assert await us("unbilled_approved_time") == {"USD": DEC("330.00")}
    assert await us("projects_missing_erp_structures") == {"": DEC("1.00")}
    assert await us("utilisation_data_freshness") == {"": DEC("6.00")}
    assert await us("approval_bottlenecks") == {"": DEC("0.00")}
    assert await us("milestone_to_invoice_delay") == {"": None}
    assert await us("sync_lag") == {"": DEC("1200.00")}, "it belongs to no company"
    assert await _values(tx, figures, "unbilled_approved_time", []) == {"": DEC("0.00")}


async def _what_is_behind(tx: Transaction, figures: Figures) -> None:
    rows = await figures.behind(tx, BY_NAME["approval_bottlenecks"])
    hold = await tx.connection.scalar(sa.text("select number from hold where key = 'review'"))
    assert {(r.kind, r.id, r.legal_entity) for r in rows} == {
        ("time_entry", named("t2"), "EA-NL"),
        ("milestone", named("design"), "EA-NL"),
        ("hold", f"H-{hold}", "EA-NL"),
    }
    missing = await figures.behind(tx, BY_NAME["projects_missing_erp_structures"])
    assert {(r.id, r.label) for r in missing} == {
        (named("tower"), "tower"),
        (named("bridge"), "bridge"),
    }
    [late, usd] = await figures.behind(tx, BY_NAME["month_end_close_impact"])
    assert (late.id, late.value, late.currency) == (named("tower"), DEC("500.00"), "EUR")
    assert (usd.value, usd.currency) == (DEC("330.00"), "USD")
    [one] = await figures.behind(tx, BY_NAME["sync_failure_rate"], limit=1)
    assert one.id in ("r2", "r3"), "those that were stopped come first"


async def _what_it_was_before(tx: Transaction, figures: Figures) -> None:
    [cycle] = await figures.read(tx, BY_NAME["quote_to_project_cycle_time"])
    assert (cycle.value, cycle.before, cycle.trend) == (DEC("4.00"), DEC("2.00"), "worse")
    [lag] = await figures.read(tx, BY_NAME["sync_lag"])
    assert (lag.before, lag.trend) == (None, None)
    day = figures.today - timedelta(days=30)
    await tx.measures.keep("sync_lag", "", day, {"": DEC(1300)})
    [lag] = await figures.read(tx, BY_NAME["sync_lag"])
    assert (lag.before, lag.trend) == (DEC(1300), "better")


async def _the_backlog_once_there_is_one(tx: Transaction, figures: Figures) -> None:
    [backlog] = await figures.read(tx, BY_NAME["reconciliation_backlog"])
    assert backlog.note == "not yet reconciled"
    async with tx.supposing():
        await tx.connection.execute(sa.text("drop table reconciliation_break cascade"))
        await tx.connection.execute(
            sa.text(
                "insert into reconciliation_run (id, name, promise, plan, asked_by) values "
                "(gen_random_uuid(), 'hours', 'time', '{}', 'schedule')"
            )
        )
        await tx.connection.execute(
            sa.text(
                "create table reconciliation_break (number, label, entity, first_seen_at, state, "
                "closed_at) as values (1, 'a', 'EA-NL', now(), 'open', null::timestamptz), "
                "(2, 'b', 'EA-US', now(), 'accepted', null), (3, 'c', 'EA-NL', now(), 'open', "
                "now()), (4, 'd', 'EA-US', now(), 'repaired', null)"
            )
        )
        assert await _values(tx, figures, "reconciliation_backlog") == {"": DEC("2.00")}
        assert await _values(tx, figures, "reconciliation_backlog", ["EA-US"]) == {"": DEC("1.00")}


async def _series(database: Database, figures: Figures) -> None:
    """Kept for the firm and each company, once an hour, the day's last look in force."""
    landscape = figures.landscape
    wall = await _clock(database)
    async with database.begin() as tx:
        await tx.connection.execute(sa.text("delete from kpi_day"))
    assert await keep_when_due(database, landscape, KPIS, NOW) == len(KPIS)
    assert await keep_when_due(database, landscape, KPIS, wall) == 0
    async with database.begin() as tx:
        kept = await tx.measures.days("unbilled_approved_time", "", figures.today)
        assert [(r.currency, r.value) for r in kept] == [
            ("EUR", DEC("900.50")),
            ("USD", DEC("330.00")),
        ]
        [nl] = await tx.measures.days("unbilled_approved_time", "EA-NL", figures.today)
        assert nl.value == DEC("900.50")
        await tx.measures.keep("unbilled_approved_time", "", figures.today, {"EUR": DEC(1)})
        again = await tx.measures.days("unbilled_approved_time", "", figures.today)
        assert [r.value for r in again] == [DEC(1), DEC(0)]


async def _clock(database: Database) -> datetime:
    async with database.begin() as tx:
        return await tx.connection.scalar(sa.text("select clock_timestamp()"))


def test_every_figure_has_a_formula_on_its_page() -> None:
    page = pages()["kpis.md"]
    for kpi in KPIS:
        assert f"`{kpi.name}`" in page
        assert kpi.formula in page
