"""A dump is restored after work went on: what the systems have by then is not made again."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.firm import Books, Firm, Org, at_work, simulators
from tests.flows.deals import a_deal, an_account, win
from tests.flows.dumps import dump, restore
from tests.flows.test_credit_memo import credit, invoiced, memos
from tests.flows.work import bill, entries, posted, under_way

from isthmus.app import App
from isthmus.events.restored import restored
from isthmus.kit.money import Money
from isthmus.rules.credit_checks import Asked

pytestmark = pytest.mark.anyio
WEEK_ONE = ["8", "7.5", "8", "8", "4"]
HOURS = [
    ("2026-07-06", Decimal("8"), Decimal(150)),
    ("2026-07-07", Decimal("7.5"), Decimal(150)),
    ("2026-07-08", Decimal("8"), Decimal(150)),
    ("2026-07-09", Decimal("8"), Decimal(150)),
    ("2026-07-10", Decimal("4"), Decimal(150)),
    ("2026-07-13", Decimal("8"), Decimal(150)),
    ("2026-07-14", Decimal("8"), Decimal(150)),
]


async def invoices(books: Books) -> list[tuple[str, Decimal]]:
    return [(i["tranId"], i["subtotal"]) for i in await books.rows("invoice")]


async def made(org: Org, books: Books) -> dict[str, dict[str, int]]:
    """Name -> how often, in every place that something is made."""

    def names(rows: list[dict[str, Any]], key: str) -> dict[str, int]:
        return dict(Counter(str(row[key]) for row in rows))

    return {
        "clients": names(await books.rows("customer"), "companyName"),
        "jobs": names(await books.rows("job"), "companyName"),
        "projects": names(org.rows("pse__Proj__c"), "Name"),
        "shown to sales": names(org.rows("Isthmus_Invoice__c"), "Isthmus_Id__c"),
    }


async def begin_again(app: App) -> None:
    """What `isthmus db restored` does."""
    async with app.database.begin() as tx:
        await restored(tx, app.outbox, "a tester")
    await app.read()


async def test_what_was_done_since_the_dump_is_found_and_not_done_again(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    async with simulators() as (org, books):
        async with at_work(org, books, database_url, tmp_path / "before") as firm:
            work = await under_way(firm)
            await work.log(WEEK_ONE)
            await firm.read()
            dump(database_url, tmp_path / "dump")
            await work.log(["8", "8"], "2026-07-13")
            await firm.read()
            assert await bill(firm) == 1
            client = await an_account(firm, Name="Late Works", Tax_Registration__c=None)
            await win(firm, await a_deal(firm, client, Name="Late"))
            assert await firm.open_holds() == []
            there = await made(org, books)
        assert (await posted(firm), await invoices(books)) == (
            HOURS, [("INV1-00001", Decimal("7725.00"))],
        )  # fmt: skip

        restore(tmp_path / "dump", other_url)
        async with at_work(org, books, other_url, tmp_path / "after") as firm:
            await begin_again(firm.app)
            await firm.settle()
            assert await entries(firm) == {"posted": 7}
            assert await bill(firm) == 1
            assert await firm.open_holds() == []
            assert await entries(firm) == {"invoiced": 7}
            assert await bill(firm) == 0
            assert await firm.runs("opportunity_to_project") == [("succeeded", 1)] * 2
        assert (await posted(firm), await invoices(books)) == (
            HOURS, [("INV1-00001", Decimal("7725.00"))],
        )  # fmt: skip
        [invoice] = await books.rows("invoice")
        assert await made(org, books) == there == {
            "clients": {"Harbour Works": 1, "Late Works": 1},
            "jobs": {"Harbour redesign": 1, "Late": 1},
            "projects": {"Advisory template": 1, "Harbour redesign": 1, "Late": 1},
            "shown to sales": {invoice["externalId"]: 1},
        }  # fmt: skip


@pytest.mark.slow
async def test_other_hours_wait_while_an_invoice_is_forgotten(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    async with simulators() as (org, books):
        async with at_work(org, books, database_url, tmp_path / "before") as firm:
            work = await under_way(firm)
            await work.log(WEEK_ONE)
            await firm.read()
            dump(database_url, tmp_path / "dump")
            assert await bill(firm) == 1
        restore(tmp_path / "dump", other_url)
        async with at_work(org, books, other_url, tmp_path / "after") as firm:
            await work._replace(firm=firm).log(["8", "8"], "2026-07-13")
            await begin_again(firm.app)
            await firm.settle()
            await bill(firm)
            hold = await firm.hold()
            assert (hold.code, hold.owner, hold.customer, hold.amount, hold.reason) == (
                "invoice_forgotten", "finance", "Harbour Works", Decimal("7725.00"),
                "the ledger has invoices of ours that this database does not know: INV1-00001 "
                "(5,325.00 EUR)",
            )  # fmt: skip
        assert await invoices(books) == [("INV1-00001", Decimal("5325.00"))]
        assert await posted(firm) == HOURS


@pytest.mark.slow
async def test_a_credit_that_is_asked_for_again_is_the_one_that_the_ledger_has(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    part = Asked(1, Decimal(4))
    async with simulators() as (org, books):
        async with at_work(org, books, database_url, tmp_path / "before") as firm:
            await invoiced(firm)
            dump(database_url, tmp_path / "dump")
            assert await credit(firm, part) == Money.of("600.00", "EUR")
            there = await memos(firm)
        assert there == [
            ("Fully Applied", Decimal("600.00"), Decimal("126.00"), Decimal("726.00"), Decimal(0))
        ]  # fmt: skip
        restore(tmp_path / "dump", other_url)
        async with at_work(org, books, other_url, tmp_path / "after") as firm:
            await begin_again(firm.app)
            await firm.settle()
            assert await credit(firm, part) == Money.of("600.00", "EUR")
            assert await firm.open_holds() == []
        assert await memos(firm) == there


@pytest.mark.slow
async def test_work_in_flight_at_the_dump_is_done_once(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    async with simulators() as (org, books):
        async with at_work(org, books, database_url, tmp_path / "before", works=False) as firm:
            deal = await a_deal(firm, await an_account(firm))
            await org.update("Opportunity", deal, StageName="Closed Won")
            await firm.app.read()
            assert await firm.runs("opportunity_to_project") == [("queued", 0)]
            dump(database_url, tmp_path / "dump")
        for number, url in enumerate((database_url, other_url)):
            if url == other_url:
                restore(tmp_path / "dump", other_url)
            async with at_work(org, books, url, tmp_path / str(number)) as firm:
                await begin_again(firm.app)
                await firm.settle()
                assert await firm.open_holds() == []
                assert await firm.runs("opportunity_to_project") == [("succeeded", 1)]
            assert await made(org, books) == {
                "clients": {"Harbour Works": 1}, "jobs": {"Harbour redesign": 1},
                "projects": {"Advisory template": 1, "Harbour redesign": 1}, "shown to sales": {},
            }  # fmt: skip


async def test_numbers_go_on_beyond_those_given_since_the_dump(firm: Firm) -> None:
    async with firm.app.database.begin() as tx:
        end = await tx.events.end()
        assert await restored(tx, firm.app.outbox, "a tester") == end
        assert await tx.events.end() == end + 1_000_002
    [told] = await firm.events("database.restored")
    assert told["data"] == {"by": "a tester", "position": end}
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    async with firm.app.database.begin() as tx:
        [run] = await tx.runs.list(flow="opportunity_to_project")
    assert run.number > 1_000_000
