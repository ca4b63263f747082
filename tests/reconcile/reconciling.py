"""A firm's systems compared, and what accountants and sales do to them behind our back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.firm import Firm

from isthmus.reconcile.causes import cause, finding
from isthmus.reconcile.plans import plans
from isthmus.reconcile.running import request
from isthmus.store.reconciliation_breaks import BreakRow
from isthmus.store.reconciliations import ReconciliationRow, TotalRow

JULY = date(2026, 7, 1)


async def compared(firm: Firm, name: str, month: date | None = JULY) -> ReconciliationRow:
    """One run, to its end."""
    plan = plans(firm.app.landscape, datetime.now(UTC).date())[name]
    id = await request(firm.app.engine, plan, "finance@firm.example", month)
    await firm.settle()
    async with firm.app.database.begin() as tx:
        row = await tx.reconciliations.get(id)
    assert row.state == "finished", await firm.open_holds()
    return row


async def breaks(firm: Firm, run: ReconciliationRow) -> list[BreakRow]:
    async with firm.app.database.begin() as tx:
        found = await tx.breaks.list(run=run.id)
    return sorted(found, key=lambda b: (b.leg, b.kind, b.label))


async def seen(firm: Firm, run: ReconciliationRow) -> list[tuple[str, str, Decimal, str]]:
    """(leg, kind, source less target, state) of every break of a run."""
    return [(b.leg, b.kind, b.amount, b.state) for b in await breaks(firm, run)]


async def told(firm: Firm, run: ReconciliationRow) -> list[tuple[str, str]]:
    return [(finding(b, run.promise), cause(b)) for b in await breaks(firm, run)]


async def totals(firm: Firm, run: ReconciliationRow) -> list[TotalRow]:
    async with firm.app.database.begin() as tx:
        return await tx.reconciliations.totals(run.id)


async def known(firm: Firm, label: str) -> BreakRow:
    async with firm.app.database.begin() as tx:
        found = await tx.breaks.find(label)
    assert found is not None
    return found


def in_books(firm: Firm, record: str) -> list[dict[str, Any]]:
    return firm.books.simulator.books.all(record)


def put_in_books(firm: Firm, record: str, row: dict[str, Any], **values: Any) -> None:
    firm.books.simulator.books.put(record, {**row, **values})
