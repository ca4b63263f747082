"""What a process remembers of records is never older than what the database has."""

from __future__ import annotations

import pytest

from isthmus.canonical import Customer
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database
from isthmus.store.migrate import upgrade

pytestmark = pytest.mark.anyio
ACME, OTHER = (derived_id("remembered", name) for name in ("acme", "other"))


async def test_a_change_is_seen_however_it_came(database_url: str) -> None:
    database = Database(database_url)
    await upgrade(database.engine)

    async def names() -> dict[str, str]:
        async with database.begin() as tx:
            found = await tx.records.many(Customer, [ACME, OTHER])
            return {id: customer.name for id, customer in found.items()}

    async def save(id: str, name: str) -> None:
        async with database.begin() as tx:
            await tx.records.save(Customer(id=id, name=name))

    await save(ACME, "Acme")
    await save(OTHER, "Other")
    assert [await names() for _ in range(2)] == [{ACME: "Acme", OTHER: "Other"}] * 2
    await save(ACME, "Acme AG")
    assert await names() == {ACME: "Acme AG", OTHER: "Other"}
    async with database.begin() as tx:
        await tx.records.delete(Customer, ACME)
    assert await names() == {OTHER: "Other"}
    await save(ACME, "Acme again")
    assert await names() == {ACME: "Acme again", OTHER: "Other"}
    await database.close()
