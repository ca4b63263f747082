"""Journal entries in NetSuite: written once, read back, refused where they cannot be right."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from isthmus.canonical import JournalEntry
from isthmus.canonical.journal_entry import Account, JournalLine, JournalStatus
from isthmus.connect import Duplicate, Invalid, PeriodClosed
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

from .conftest import Opener, Sandbox
from .firm import Firm, out, read

pytestmark = pytest.mark.anyio

NUMBERS = {"due_from": "1500", "intercompany_revenue": "4500"}
CHART = {
    "account": [
        {"externalId": number, "acctNumber": number, "acctName": name}
        for name, number in NUMBERS.items()
    ]
}


@pytest.fixture
async def books(opener: Opener, sandbox: Sandbox) -> NetSuite:
    await sandbox.control("seed", CHART)
    return opener(accounts=NUMBERS)


def entry(firm: Firm, **more: Any) -> JournalEntry:
    amount = Money.of("1980.25", "EUR")
    lines = (
        JournalLine(account=Account.DUE_FROM, amount=amount, counterparty=firm.us),
        JournalLine(
            account=Account.INTERCOMPANY_REVENUE, amount=-amount, cost_centre=firm.department,
            profit_centre=firm.profit_centre,
        ),
    )  # fmt: skip
    values: dict[str, Any] = {
        "id": new_id(), "reference": "IC-1", "legal_entity": firm.nl, "currency": "EUR",
        "posted_on": date(2026, 2, 28), "period": firm.february, "memo": "Work for Firm US",
        "lines": lines, **more,
    }  # fmt: skip
    return JournalEntry(**values)


async def test_it_is_posted_once_with_accounts_and_dimensions(
    books: NetSuite, sandbox: Sandbox
) -> None:
    firm = await Firm.of(sandbox)
    sent = entry(firm)
    first = await books.put(out(sent))
    second = await books.put(out(sent))
    assert (first.created, second.created) == (True, False)
    assert (
        first.attributes
        == second.attributes
        == {
            "number": f"JE{firm.nl}-00001",
            "posted_period": firm.february,
            "status": JournalStatus.POSTED,
        }
    )
    [row] = await sandbox.rows("journalEntry")
    assert (row["externalId"], row["memo"]) == (sent.id, "IC-1: Work for Firm US")
    due_from, revenue = row["line"]["items"]
    assert (due_from["debit"], due_from["account"]["id"]) == (
        1980.25, await sandbox.id("account", "1500")
    )  # fmt: skip
    assert (revenue["credit"], revenue["department"], revenue["class"]) == (
        1980.25, {"id": firm.department}, {"id": firm.profit_centre},
    )  # fmt: skip
    [change], _ = await read(books, JournalEntry)
    assert (change.canonical_id, change.external_id) == (sent.id, first.external_id)


async def test_a_lost_answer_makes_no_second_entry(books: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    await sandbox.faults(
        kind="timeout_after_commit", method="PUT", path="/record/v1/journalEntry", times=1
    )
    receipt = await books.put(out(entry(firm)))
    assert receipt.attributes["number"] == f"JE{firm.nl}-00001"
    assert len(await sandbox.rows("journalEntry")) == 1


async def test_an_entry_of_another_amount_under_the_key_is_told(
    books: NetSuite, sandbox: Sandbox
) -> None:
    firm = await Firm.of(sandbox)
    sent = entry(firm)
    made = await books.put(out(sent))
    more = tuple(n.model_copy(update={"amount": n.amount.times(Decimal(2))}) for n in sent.lines)
    with pytest.raises(Duplicate, match=r"debits of 1980\.25, not 3960\.50") as caught:
        await books.put(out(sent.changed(lines=more)))
    assert caught.value.existing_id == made.external_id


async def test_a_closed_period_is_named(books: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    await sandbox.control("periods", {"period": "Feb 2026", "closed": True})
    with pytest.raises(PeriodClosed) as caught:
        await books.put(out(entry(firm)))
    assert caught.value.period == "Feb 2026"
    assert await sandbox.rows("journalEntry") == []


async def test_a_missing_account_names_its_setting(opener: Opener, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    await sandbox.control("seed", CHART)
    erp = opener(accounts={"due_from": "1500"})
    with pytest.raises(Invalid, match=r"Add accounts\.intercompany_revenue \(the account's number"):
        await erp.put(out(entry(firm)))
    unknown = opener(accounts={**NUMBERS, "due_from": "9999"})
    with pytest.raises(Invalid, match=r"NetSuite has no account '9999'.*accounts\.due_from"):
        await unknown.put(out(entry(firm)))
    assert await sandbox.rows("journalEntry") == []


async def test_reversed_pending_and_foreign_entries(books: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    sent = entry(firm)
    await books.put(out(sent))
    _, since = await read(books, JournalEntry)
    lines = [
        {"account": {"externalId": "1500"}, "debit": 5},
        {"account": {"externalId": "4500"}, "credit": 5},
    ]
    by_hand = {"subsidiary": {"externalId": "NL"}, "tranDate": "2026-02-03",
               "line": {"items": lines}}  # fmt: skip
    await sandbox.control("seed", {"journalEntry": [by_hand, {**by_hand, "externalId": "other-1"}]})
    await sandbox.control(
        "seed",
        {"journalEntry": [{"externalId": sent.id, "reversalDate": "2026-03-01",
                           "line": {"items": [{**n, **v} for n, v in _sides(sent)]}}]},
    )  # fmt: skip
    [change], _ = await read(books, JournalEntry, since)
    assert (change.canonical_id, change.attributes["status"]) == (sent.id, JournalStatus.REVERSED)


def _sides(sent: JournalEntry) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The lines again, as a bookkeeper's form sends them all."""
    amounts = [n.amount.amount for n in sent.lines]
    return [
        ({"account": {"externalId": number}}, {"debit" if a > 0 else "credit": float(abs(a))})
        for number, a in zip(NUMBERS.values(), amounts, strict=True)
    ]


def test_an_entry_out_of_balance_does_not_exist() -> None:
    one_sided = JournalLine(account=Account.REVENUE, amount=Money.of("-0.01", "EUR"))
    with pytest.raises(ValueError, match=r"IC-1 is out of balance by -0\.01 EUR"):
        JournalEntry(
            id=new_id(), reference="IC-1", legal_entity="1", currency="EUR",
            posted_on=date(2026, 2, 28), lines=(one_sided,),
        )  # fmt: skip
