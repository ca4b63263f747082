"""What was signed can be shown to be the same, also after a person's data was erased from it."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa
from tests.firm import Firm
from tests.flows.work import under_way
from tests.reconcile.reconciling import breaks, compared, in_books, put_in_books

from isthmus.access.audit_check import verify
from isthmus.access.erasure import erase
from isthmus.access.signed import Standing, standing_of
from isthmus.canonical import Resource
from isthmus.reconcile.signing import accept, sign
from isthmus.store.reconciliation_breaks import BreakRow
from isthmus.store.reconciliation_tables import reconciliation_break
from isthmus.store.reconciliations import ReconciliationRow

pytestmark = pytest.mark.anyio
WHO = "Consultant One"


async def signed(firm: Firm) -> tuple[ReconciliationRow, BreakRow]:
    """Eight hours at 150 that the ledger has at 140: accepted, with a name in the reason."""
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    [bill] = in_books(firm, "timeBill")
    put_in_books(firm, "timeBill", bill, rate=Decimal(140))
    run = await compared(firm, "time")
    [found] = await breaks(firm, run)
    assert (found.kind, found.amount) == ("different", Decimal(80))
    await accept(firm.app.engine, found.code, f"{WHO} agreed to it by mail", "kim@firm.example")
    await sign(firm.app.engine, run.label, "finance", "finance@firm.example")
    return run, found


async def standing(firm: Firm, run: ReconciliationRow) -> list[Standing]:
    async with firm.app.database.begin() as tx:
        found = await standing_of(tx, run, await tx.reconciliations.acts(run=run.id))
    return list(found.values())


async def erased(firm: Firm) -> None:
    async with firm.app.database.begin() as tx:
        [person] = await tx.records.list(Resource, name=WHO)
    done = await erase(
        firm.app.database, person.id, "admin@firm.example", "asked for", write=True, force=True
    )
    assert done.written


async def tampered(firm: Firm, found: BreakRow, amount: Decimal) -> None:
    async with firm.app.database.begin() as tx:
        await tx.connection.execute(
            sa.update(reconciliation_break)
            .where(reconciliation_break.c.number == found.number)
            .values(amount=amount)
        )


async def test_an_erasure_is_told_apart_from_tampering(firm: Firm) -> None:
    run, found = await signed(firm)
    assert await standing(firm, run) == [Standing.HOLDS]
    await tampered(firm, found, Decimal(81))
    assert await standing(firm, run) == [Standing.DIFFERS]
    await tampered(firm, found, found.amount)

    await erased(firm)
    [now] = await breaks(firm, run)
    assert now.reason is not None
    assert WHO not in now.reason
    assert now.reason.startswith("Person ")
    assert await standing(firm, run) == [Standing.ERASED]
    assert (await verify(firm.app.database)).findings == ()
    await tampered(firm, found, Decimal(81))
    assert await standing(firm, run) == [Standing.DIFFERS], "what is left is guarded as before"
    await tampered(firm, found, found.amount)
    assert await standing(firm, run) == [Standing.ERASED]

    await compared(firm, "time")
    assert await standing(firm, run) == [Standing.MOVED_ON]


async def test_an_erasure_does_not_vouch_for_what_was_tampered_with_before(firm: Firm) -> None:
    run, found = await signed(firm)
    await tampered(firm, found, Decimal(79))
    await erased(firm)
    assert await standing(firm, run) == [Standing.DIFFERS]
    async with firm.app.database.begin() as tx:
        [act] = await tx.audit.list(action="person.erased")
    assert "signatures" not in act.after
