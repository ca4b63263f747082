"""Hours that change in the PSA while they are rated or sent: the last word is billed, once."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.deals import edit_card
from tests.flows.work import entries, ledger, posted, under_way

from isthmus.store.database import Transaction

pytestmark = pytest.mark.anyio
FINAL = [("2026-07-06", Decimal(8), Decimal(150)), ("2026-07-07", Decimal("6.5"), Decimal(150))]


async def test_hours_that_change_while_they_are_sent_are_sent_again(firm: Firm) -> None:
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    await firm.books.control(
        "faults", {"kind": "latency", "path": "/record/v1/timeBill", "seconds": 1.5, "times": 1}
    )
    await firm.app.read(["certinia"])
    await asyncio.sleep(0.8)
    assert await entries(firm) == {"rated": 2}
    await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal("6.5"))
    await firm.app.read(["certinia"])
    await firm.settle()
    assert await firm.open_holds() == []
    assert await entries(firm) == {"posted": 2}
    assert await ledger(firm) == [("posted", "EUR", Decimal(2175), 2)]
    assert await posted(firm) == FINAL


async def test_hours_that_change_while_they_are_rated_are_rated_again(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change falls between reading the batch and writing its facts."""
    lock = Transaction.lock
    work = await under_way(firm)
    card = await work.log(["8", "5"])

    async def change_first(tx: Transaction, name: str) -> None:
        if name.startswith("contract:"):
            monkeypatch.setattr(Transaction, "lock", lock)
            await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal("6.5"))
            await firm.app.read(["certinia"])
        await lock(tx, name)

    monkeypatch.setattr(Transaction, "lock", change_first)
    await firm.app.read(["certinia"])
    await firm.settle()
    assert await firm.open_holds() == []
    assert await entries(firm) == {"posted": 2}
    assert await ledger(firm) == [("posted", "EUR", Decimal(2175), 2)]
    assert await posted(firm) == FINAL


async def test_hours_taken_in_before_a_crash_are_batched_by_the_waker(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = await under_way(firm)
    await work.log(["8", "5"])

    async def killed(*_: object) -> int:
        return 0

    monkeypatch.setattr("isthmus.app.batch_time", killed)
    await firm.app.read(["certinia"])
    assert await entries(firm) == {"received": 2}
    await firm.app.waker.wake()
    await firm.settle()
    assert await entries(firm) == {"posted": 2}
