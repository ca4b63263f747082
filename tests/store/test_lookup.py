"""What an id names: ours, a system's, a quoted number; and what it does not."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import pytest

from isthmus.canonical import Customer, LegalEntity, TimeEntry
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.store.database import Database
from isthmus.store.lookup import Found
from isthmus.store.migrate import head, revision, upgrade
from isthmus.store.reach import DatabaseProblem, reach

pytestmark = pytest.mark.anyio

ACME, OTHER, ENTRY = (derived_id("test", name) for name in ("acme", "other", "entry"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def test_every_way_to_name_an_object(database: Database) -> None:
    await upgrade(database.engine)
    async with database.begin() as tx:
        await tx.records.save(Customer(id=ACME, name="Acme", account_number="10042"))
        await tx.records.save(Customer(id=OTHER, name="10042"))
        await tx.xref.link("customer", ACME, "salesforce", "001A")
        await tx.entries.upsert("certinia", {"TC-1": _entry()})
        named = tx.lookup.named
        assert await named(ACME) == [Found("customer", ACME, "canonical id")]
        assert await named(ACME.upper()) == [Found("customer", ACME, "canonical id")]
        assert await named("001A") == [Found("customer", ACME, "id in salesforce")]
        assert await named("10042") == [Found("customer", ACME, "account number")]
        assert await named("Acme") == [Found("customer", ACME, "name")]
        assert await named("TC-1") == [Found("time_entry", ENTRY, "id in certinia")]
        assert await named(ENTRY) == [Found("time_entry", ENTRY, "canonical id")]
        assert await named("acme") == []
        assert await named(derived_id("test", "nobody")) == []


async def test_two_objects_of_one_name_are_both_told(database: Database) -> None:
    await upgrade(database.engine)
    async with database.begin() as tx:
        await tx.records.save(LegalEntity(id=ACME, code="A", country="NL", currency="EUR"))
        for id in (ACME, OTHER):
            await tx.records.save(Customer(id=id, name="Acme"))
        both = [Found("customer", id, "name") for id in sorted((ACME, OTHER))]
        assert await tx.lookup.named("Acme") == both
        same = [("customer", "canonical id"), ("legal_entity", "canonical id")]
        assert [(f.kind, f.by) for f in await tx.lookup.named(ACME)] == same


async def test_a_database_without_the_schema_is_told(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    assert await revision(database.engine) is None
    with pytest.raises(DatabaseProblem) as told:
        await reach(database)
    assert (told.value.why, told.value.remedy) == (
        f"it is at nothing, this release needs {head()}", "Run `isthmus db upgrade`.",
    )  # fmt: skip
    await upgrade(database.engine)
    assert await revision(database.engine) == head()
    assert int((await reach(database)).partition(".")[0]) >= 15
    await database.close()


async def test_values_are_rounded_entry_by_entry(database: Database) -> None:
    """1.25 h at 89.66 are 112.075, so 112.08 each; the exact sum of two would be 224.15."""
    await upgrade(database.engine)
    async with database.begin() as tx:
        two = {f"TC-{n}": _entry(derived_id("test", str(n))) for n in (1, 2)}
        await tx.entries.upsert("certinia", two)
        assert await tx.entries.values_by_state() == [("received", "EUR", Decimal("224.16"), 2)]


def _entry(id: str = ENTRY) -> TimeEntry:
    return TimeEntry(
        id=id, resource=ACME, project=OTHER, worked_on=date(2026, 7, 6), hours=Decimal("1.25"),
        approval="approved", currency="EUR", source_rate=Money.of("89.66", "EUR"),
    )  # fmt: skip
