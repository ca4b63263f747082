"""Journal entries as moves of a real Tryton."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.connectors.tryton.conftest import opened
from tests.connectors.tryton.world import World, outgoing
from tests.tryton_server.server import TrytonServer

from isthmus.canonical import JournalEntry
from isthmus.canonical.journal_entry import Account, JournalLine, JournalStatus
from isthmus.connect import Duplicate, Invalid, PeriodClosed, Watermark
from isthmus.connectors.tryton.system import TrytonSystem
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money
from isthmus.sandbox.tryton import proxy

pytestmark = [pytest.mark.anyio, pytest.mark.tryton]

CODES = {"due_from": "1.4.2", "intercompany_revenue": "4.2.2"}


def entry(
    world: World, amount: str = "1980.25", currency: str = "EUR", **more: Any
) -> JournalEntry:
    money = Money.of(amount, currency)
    lines = (
        JournalLine(account=Account.DUE_FROM, amount=money),
        JournalLine(
            account=Account.INTERCOMPANY_REVENUE, amount=-money,
            cost_centre=str(world.ids["cost_centre:CONSULTING"]),
        ),
    )  # fmt: skip
    values: dict[str, Any] = {
        "id": new_id(), "reference": "IC-1", "legal_entity": str(world.ids["company"]),
        "currency": currency, "posted_on": world.today, "memo": "Work for EA-US", "lines": lines,
        **more,
    }  # fmt: skip
    return JournalEntry(**values)


def moves(world: World, sent: JournalEntry) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.rpc.model(
        "account.move", "search_read", [["description", "like", f"%{sent.id}%"]], 0, None, None,
        ["state", "number", "description", "period", "lines.account.code", "lines.debit",
         "lines.credit", "lines.amount_second_currency"],
    )  # fmt: skip
    return found


def sides(move: dict[str, Any]) -> dict[str, tuple[Decimal, Decimal]]:
    return {n["account."]["code"]: (n["debit"], n["credit"]) for n in move["lines."]}


@pytest.fixture
async def books(tryton: TrytonServer) -> AsyncIterator[TrytonSystem]:
    async with opened(tryton, accounts=CODES) as system:
        yield system


async def test_it_is_posted_once_with_its_analytic_line(books: TrytonSystem, world: World) -> None:
    sent = entry(world)
    receipts = await asyncio.gather(*(books.put(outgoing(sent)) for _ in range(3)))
    assert [r.created for r in receipts].count(True) == 1
    [move] = moves(world, sent)
    assert (move["state"], move["description"]) == (
        "posted", f"IC-1: Work for EA-US [isthmus:{sent.id}]"
    )  # fmt: skip
    assert receipts[0].attributes == {
        "number": move["number"],
        "posted_period": str(world.ids[f"period:{world.today:%Y-%m}"]),
        "status": JournalStatus.POSTED,
    }
    assert sides(move) == {
        "1.4.2": (Decimal("1980.25"), Decimal(0)), "4.2.2": (Decimal(0), Decimal("1980.25")),
    }  # fmt: skip
    analytic = world.rpc.model(
        "analytic_account.line", "search_read", [["move_line.move", "=", move["id"]]],
        0, None, None, ["account", "debit", "credit"],
    )  # fmt: skip
    assert [(n["account"], n["debit"], n["credit"]) for n in analytic] == [
        (world.ids["cost_centre:CONSULTING"], Decimal(0), Decimal("1980.25"))
    ]
    found = [c async for page in books.changes(JournalEntry, Watermark()) for c in page.changes]
    assert [c.canonical_id for c in found].count(sent.id) == 1


async def test_another_currency_is_converted_and_balances(
    books: TrytonSystem, world: World
) -> None:
    """A dollar is 1 / 1.1 euro: 1000.01 USD are 909.10 EUR, its parts 303.03 and 606.07."""
    total, parts = Money.of("1000.01", "USD"), ("333.33", "666.68")
    lines = (
        JournalLine(account=Account.DUE_FROM, amount=total),
        *(JournalLine(account=Account.INTERCOMPANY_REVENUE, amount=-Money.of(p, "USD"))
          for p in parts),
    )  # fmt: skip
    sent = entry(world, currency="USD", lines=lines)
    await books.put(outgoing(sent))
    assert (await books.put(outgoing(sent))).created is False
    [move] = moves(world, sent)
    amounts = [(n["debit"] - n["credit"], n["amount_second_currency"]) for n in move["lines."]]
    assert sorted(amounts) == [
        (Decimal("-606.07"), Decimal("-666.68")),
        (Decimal("-303.03"), Decimal("-333.33")),
        (Decimal("909.10"), Decimal("1000.01")),
    ]


@pytest.mark.parametrize("lost", ["create", "post"])
async def test_a_lost_answer_leaves_one_move(tryton: TrytonServer, world: World, lost: str) -> None:
    sent = entry(world)
    async with (
        proxy(tryton.url) as between,
        opened(tryton, url=between.url, accounts=CODES) as books,
    ):
        between.lose = f"model.account.move.{lost}"
        receipt = await books.put(outgoing(sent))
        assert between.lose is None
        assert between.calls.count("model.account.move.create") == 1
        assert between.calls.count("model.account.move.post") == 1
    [move] = moves(world, sent)
    assert (move["state"], move["number"]) == ("posted", receipt.attributes["number"])


async def test_another_amount_under_the_key_is_told(books: TrytonSystem, world: World) -> None:
    sent = entry(world)
    made = await books.put(outgoing(sent))
    with pytest.raises(Duplicate, match=r"debits of 1980\.25 instead of 10\.00") as caught:
        await books.put(outgoing(entry(world, "10.00", id=sent.id)))
    assert caught.value.existing_id == made.external_id


async def test_a_closed_period_leaves_no_draft(books: TrytonSystem, world: World) -> None:
    year = world.today.year - 1
    period = world.ids[f"period:{year}-04"]
    world.rpc.model("account.period", "close", [period])
    try:
        sent = entry(world, posted_on=date(year, 4, 30))
        with pytest.raises(PeriodClosed) as caught:
            await books.put(outgoing(sent))
        assert caught.value.period == f"{year}-04"
        assert moves(world, sent) == []
    finally:
        world.rpc.model("account.period", "reopen", [period])
    receipt = await books.put(outgoing(sent))
    assert receipt.attributes["posted_period"] == str(period)


async def test_a_missing_account_names_its_setting(tryton: TrytonServer, world: World) -> None:
    sent = entry(world)
    async with opened(tryton, accounts={"due_from": "1.4.2"}) as books:
        with pytest.raises(Invalid, match=r"Add accounts\.intercompany_revenue"):
            await books.put(outgoing(sent))
    async with opened(tryton, accounts={**CODES, "due_from": "9.9.9"}) as books:
        with pytest.raises(Invalid, match=r"accounts\.due_from = .9\.9\.9."):
            await books.put(outgoing(sent))
    assert moves(world, sent) == []


async def test_an_account_that_asks_for_a_party_gets_the_sister_company(
    tryton: TrytonServer, world: World
) -> None:
    sent = entry(world)
    named = tuple(
        line.model_copy(update={"counterparty": str(world.ids["company"])}) for line in sent.lines
    )
    async with opened(tryton, accounts={**CODES, "due_from": "1.2.3"}) as books:
        with pytest.raises(Invalid, match="asks for a party"):
            await books.put(outgoing(sent))
        await books.put(outgoing(sent.changed(lines=named)))
    parties = world.rpc.model(
        "account.move.line", "search_read",
        [["move.description", "like", f"%{sent.id}%"], ["party", "!=", None]],
        0, None, None, ["account.code", "party.name"],
    )  # fmt: skip
    assert [(n["account."]["code"], n["party."]["name"]) for n in parties] == [
        ("1.2.3", "Example Consulting SA")
    ]
