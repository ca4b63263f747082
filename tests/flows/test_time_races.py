"""Hours that change in the PSA while they are rated or sent: the last word is billed, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from tests.firm import Firm
from tests.flows.deals import edit_card
from tests.flows.work import entries, ledger, posted, under_way
from tests.waiting import until

from isthmus.connect import ConnectError, Receipt
from isthmus.connect.errors import Unavailable
from isthmus.events.links import Link
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
    lock_all = Transaction.lock_all
    work = await under_way(firm)
    card = await work.log(["8", "5"])

    async def change_first(tx: Transaction, names: Iterable[str], *shared: Collection[str]) -> None:
        wanted = list(names)
        if any(name.startswith("contract:") for name in wanted):
            monkeypatch.setattr(Transaction, "lock_all", lock_all)
            await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal("6.5"))
            await firm.app.read(["certinia"])
        await lock_all(tx, wanted, *shared)

    monkeypatch.setattr(Transaction, "lock_all", change_first)
    await firm.app.read(["certinia"])
    await firm.settle()
    assert await firm.open_holds() == []
    assert await entries(firm) == {"posted": 2}
    assert await ledger(firm) == [("posted", "EUR", Decimal(2175), 2)]
    assert await posted(firm) == FINAL


async def test_older_hours_that_arrive_last_and_are_not_known_of(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger takes the change first, then what was sent before it, and that answer is lost:
    whoever repeats the step has the entry no more, and must not leave the older hours there.
    """
    put_many = Link.put_many
    calls: list[int] = []

    async def late(
        link: Link, objs: Sequence[Any], key: str, **options: Any
    ) -> Sequence[Receipt | ConnectError]:
        calls.append(len(objs))
        if len(calls) > 1:
            return await put_many(link, objs, key, **options)
        await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal("6.5"))
        await firm.app.read(["certinia"])
        await until(_posted(firm, "6.5"))
        await put_many(link, objs, key, **options)
        await until(_posted(firm, "5"))
        raise Unavailable("netsuite", "the answer is lost", outcome_unknown=True)

    monkeypatch.setattr(Link, "put_many", late)
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    await firm.app.read(["certinia"])
    await firm.settle()
    await firm.wake()
    assert calls == [2, 1, 1, 1], "both, the change, the one that is left, the change again"
    assert await firm.open_holds() == []
    assert await entries(firm) == {"posted": 2}
    assert await ledger(firm) == [("posted", "EUR", Decimal(2175), 2)]
    assert await posted(firm) == FINAL


async def test_hours_that_are_withdrawn_while_they_are_sent_are_told(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_many = Link.put_many

    async def withdrawn_first(
        link: Link, objs: Sequence[Any], key: str, **options: Any
    ) -> Sequence[Receipt | ConnectError]:
        monkeypatch.setattr(Link, "put_many", put_many)
        await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal(0))
        await firm.app.read(["certinia"])
        return await put_many(link, objs, key, **options)

    monkeypatch.setattr(Link, "put_many", withdrawn_first)
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    await firm.app.read(["certinia"])
    await firm.settle()
    assert await entries(firm) == {"posted": 1, "withdrawn": 1}
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)]
    [bill] = [b for b in await firm.books.rows("timeBill") if Decimal(b["hours"]) == 5]
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("held", "withdrawn_after_posting", "finance")
    assert hold.reason == (
        "5 hours of 2026-07-07 were withdrawn in the PSA after the ledger took them as time "
        f"{bill['id']}"
    )

    await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal("6.5"))
    await firm.read()
    assert await firm.open_holds() == []
    assert await posted(firm) == FINAL


def _posted(firm: Firm, hours: str) -> Callable[[], Awaitable[bool]]:
    async def so() -> bool:
        return Decimal(hours) in {found for _, found, _ in await posted(firm)}

    return so


async def test_lines_that_the_ledger_was_away_for_are_sent_again(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line of a batch is answered 503, after the ledger has taken it: nobody is asked."""
    put_many = Link.put_many
    calls: list[int] = []

    async def away_for_the_last(
        link: Link, objs: Sequence[Any], key: str, **options: Any
    ) -> Sequence[Receipt | ConnectError]:
        calls.append(len(objs))
        answers = await put_many(link, objs, key, **options)
        if len(calls) > 1:
            return answers
        return [*answers[:-1], Unavailable("netsuite", "answered 503")]

    monkeypatch.setattr(Link, "put_many", away_for_the_last)
    work = await under_way(firm)
    await work.log(["8", "5"])
    await firm.app.read(["certinia"])
    await firm.settle()
    assert calls == [2, 1]
    assert await firm.open_holds() == []
    assert await entries(firm) == {"posted": 2}
    assert await ledger(firm) == [("posted", "EUR", Decimal(1950), 2)]
    assert [hours for _, hours, _ in await posted(firm)] == [8, 5]


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
    await firm.wake()
    assert await entries(firm) == {"posted": 2}
