"""The ledger of rated facts: corrected by reversal only, frozen once invoiced."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from isthmus.kit.ids import new_id
from isthmus.store.database import Database, Transaction
from isthmus.store.fact_rows import FactRow
from isthmus.store.fact_tables import fact
from isthmus.store.ledger import Frozen
from isthmus.store.migrate import upgrade

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await upgrade(database.engine)
    yield database
    await database.close()


def _fact(**values: Any) -> dict[str, Any]:
    return {
        "id": new_id(), "source_kind": "time_entry", "source_id": new_id(), "source_version": 1,
        "contract": new_id(), "project": new_id(), "happened_on": date(2026, 7, 6),
        "hours": Decimal(8), "billed_hours": Decimal(8), "rate": Decimal(150),
        "amount": Decimal(1200), "currency": "EUR", "description": "Consultant 1", "trail": [],
        "run_id": "a run", "legal_entity": "EA-NL", **values,
    }  # fmt: skip


async def _only(tx: Transaction, source: str) -> FactRow:
    [row] = await tx.ledger.live("time_entry", [source])
    return row


async def test_a_reversal_takes_the_fact_back_to_the_cent(database: Database) -> None:
    new = _fact()
    async with database.begin() as tx:
        await tx.ledger.add([new])
        await tx.ledger.reverse([await _only(tx, new["source_id"])], "another run")
        assert await tx.ledger.live("time_entry", [new["source_id"]]) == []
        history = await tx.ledger.of_source("time_entry", new["source_id"])
        assert [row.amount for row in history] == [Decimal(1200), Decimal(-1200)]
        assert await tx.ledger.consumed(new["contract"]) == 0


@pytest.mark.parametrize("number", [1, 99, 250])
async def test_many_facts_are_kept_as_they_were_given(database: Database, number: int) -> None:
    """Also where all agree in a column, where some say nothing, and where a text has quotes."""
    contract, person = new_id(), new_id()
    new = [
        _fact(
            contract=contract,
            resource=person if place % 3 else None,
            amount=Decimal(place) / 8,
            description=f'Consultant "{place}", {{a\\b}}',
            trail=[{"scope": "company rate card", "looked_for": f'"{place}"', "found": "none"}],
            cost_centre=None,
        )
        for place in range(number)
    ]
    async with database.begin() as tx:
        await tx.ledger.add(new)
        kept = {row.id: row for row in await tx.ledger.of_contract(contract)}
    assert {id: {name: getattr(row, name) for name in new[0]} for id, row in kept.items()} == {
        one["id"]: one for one in new
    }


async def test_a_fact_of_the_same_version_is_written_once(database: Database) -> None:
    new = _fact()
    async with database.begin() as tx:
        await tx.ledger.add([new])
        await tx.ledger.add([{**new, "id": new_id(), "amount": Decimal(9)}])
        assert (await _only(tx, new["source_id"])).amount == Decimal(1200)


async def test_an_invoiced_fact_is_frozen(database: Database) -> None:
    new, invoice = _fact(), new_id()
    async with database.begin() as tx:
        await tx.ledger.add([new])
        await tx.ledger.freeze(invoice, {new["id"]: 1})
        with pytest.raises(Frozen, match=f"is on invoice {invoice}"):
            await tx.ledger.reverse([await _only(tx, new["source_id"])], "a run")
        with pytest.raises(Frozen, match="1 of 1 facts are on an invoice already"):
            await tx.ledger.freeze(new_id(), {new["id"]: 1})


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (sa.update(fact).values(amount=Decimal(1)), "it is corrected by a reversal"),
        (sa.update(fact).values(hours=Decimal(1)), "it is corrected by a reversal"),
        (sa.delete(fact), "it is corrected by a reversal"),
        (sa.update(fact).values(invoice=None), "which only a credit memo corrects"),
    ],
)
async def test_the_database_refuses_what_the_ledger_would_not_do(
    database: Database, statement: Any, why: str
) -> None:
    new = _fact()
    async with database.begin() as tx:
        await tx.ledger.add([new])
        await tx.ledger.freeze(new_id(), {new["id"]: 1})
    with pytest.raises(IntegrityError, match=why):
        async with database.begin() as tx:
            await tx.connection.execute(statement)
    async with database.begin() as tx:
        assert (await _only(tx, new["source_id"])).amount == Decimal(1200)
