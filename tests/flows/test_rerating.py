"""A later rate card moves no price by itself; who asks sees the difference before it is written."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from tests.firm import Firm, a_firm
from tests.flows.work import ledger, under_way

from isthmus.canonical import Contract
from isthmus.flows.contract_to_invoice import request_billing
from isthmus.flows.rerating import rerate

pytestmark = pytest.mark.anyio
JULY = date(2026, 7, 1)


@pytest.fixture
async def firm(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path, more="policies: {psa_rate: ignore}") as made:
        yield made


async def _contract(firm: Firm) -> str:
    async with firm.app.database.begin() as tx:
        [only] = await tx.records.list(Contract)
    return only.id


async def _dearer(firm: Firm) -> None:
    await firm.org.update(
        "pse__Rate_Card__c", firm.org.ids["card_EUR"], pse__Suggested_Bill_Rate__c=Decimal(160)
    )
    await firm.read()


async def test_the_difference_is_shown_and_then_written(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8", "7.5"], "2026-07-06")
    await firm.read()
    await _dearer(firm)
    assert await ledger(firm) == [("posted", "EUR", Decimal(2325), 2)]

    shown = await rerate(firm.app.engine, await _contract(firm), JULY)
    assert [(str(c.old), str(c.new)) for c in shown.changes] == [
        ("1,200.00 EUR", "1,280.00 EUR"), ("1,125.00 EUR", "1,200.00 EUR"),
    ]  # fmt: skip
    assert str(shown.difference()) == "155.00 EUR"
    assert shown.changes[0].why.startswith("150.00 EUR an hour, now ")
    assert shown.changes[0].why.endswith("at 160.00 EUR")
    assert await ledger(firm) == [("posted", "EUR", Decimal(2325), 2)]

    written = await rerate(firm.app.engine, await _contract(firm), JULY, write=True, by="a tester")
    assert written.changes == shown.changes
    await firm.settle()
    assert await ledger(firm) == [("posted", "EUR", Decimal(2480), 2)]
    [told] = await firm.events("time.rerated")
    assert told["data"] == {"entries": 2, "difference": "155.00 EUR", "by": "a tester"}

    again = await rerate(firm.app.engine, await _contract(firm), JULY, write=True)
    assert (again.entries, again.changes, again.written) == (2, (), False)


@pytest.mark.slow
async def test_invoiced_work_and_earlier_days_keep_their_price(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"], "2026-07-06")
    await firm.read()
    await request_billing(firm.app.engine, date(2026, 7, 31), "person@firm.example")
    await firm.settle()
    await work.log(["8"], "2026-08-03")
    await work.log(["8"], "2026-08-10")
    await firm.read()
    await _dearer(firm)

    found = await rerate(firm.app.engine, await _contract(firm), date(2026, 8, 10), write=True)
    await firm.settle()
    assert [(c.worked_on, str(c.new)) for c in found.changes] == [
        (date(2026, 8, 10), "1,280.00 EUR")
    ]
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(1200), 1), ("posted", "EUR", Decimal(2480), 2),
    ]  # fmt: skip


@pytest.mark.slow
async def test_what_has_no_price_any_more_would_be_held(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"], "2026-07-06")
    await firm.read()
    await firm.org.update(
        "pse__Rate_Card__c", firm.org.ids["card_EUR"], pse__End_Date__c="2026-06-30"
    )
    await firm.read()

    [change] = (await rerate(firm.app.engine, await _contract(firm), JULY)).changes
    assert (str(change.old), change.new) == ("1,200.00 EUR", None)
    assert change.why.startswith("would be held: no rate for Consultant in EUR on 2026-07-06")
