"""Journal entries: balance per subsidiary, closed periods, one record per key, reversal."""

from typing import Any

import pytest

from .conftest import RECORD, Api

pytestmark = pytest.mark.anyio

ACCOUNTS = {
    "account": [
        {"externalId": number, "acctNumber": number, "acctName": name}
        for number, name in (("1500", "Due from affiliates"), ("4500", "Intercompany revenue"))
    ]
}


def debit(account: str, amount: float, **more: Any) -> dict[str, Any]:
    return {"account": {"externalId": account}, "debit": amount, **more}


def credit(account: str, amount: float, **more: Any) -> dict[str, Any]:
    return {"account": {"externalId": account}, "credit": amount, **more}


def journal(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "subsidiary": {"externalId": "NL"},
        "tranDate": "2026-02-20",
        "line": {"items": list(lines)},
    } | more


BALANCED = (debit("1500", 100.25), credit("4500", 100.25))


@pytest.fixture(autouse=True)
async def accounts(api: Api) -> None:
    await api.control("seed", ACCOUNTS)


async def test_a_balanced_entry_posts_in_its_period_with_a_number(api: Api) -> None:
    row_id = await api.create("journalEntry", **journal(*BALANCED))
    shown = await api.get("journalEntry", row_id)
    assert shown["status"]["id"] == "Approved for Posting"
    assert shown["postingPeriod"]["refName"] == "Feb 2026"
    assert shown["currency"]["refName"] == "Euro"
    assert shown["tranId"] == f"JE{shown['subsidiary']['id']}-00001"


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ((debit("1500", 100), credit("4500", 99.99)), "line"),
        ((debit("1500", 100),), "line"),
        ((), "line"),
        ((debit("1500", 100), {"credit": 100}), "line.items[1].account"),
        ((debit("1500", 100), credit("4500", 100, debit=5)), "line.items[1]"),
        ((debit("1500", -100), credit("4500", -100)), "line.items[0].debit"),
    ],
)
async def test_what_does_not_add_up_is_refused_and_leaves_nothing(
    api: Api, lines: tuple[dict[str, Any], ...], path: str
) -> None:
    refusal = await api.refused("POST", f"{RECORD}/journalEntry", journal(*lines))
    assert refusal == (400, "USER_ERROR", path)
    listed = (await api.send("GET", f"{RECORD}/journalEntry")).json()
    assert listed["totalResults"] == 0


@pytest.mark.parametrize(("lock", "code"), [("closed", 400), ("allLocked", 400), ("arLocked", 204)])
async def test_the_locks_of_the_general_ledger_stop_it(api: Api, lock: str, code: int) -> None:
    await api.control("periods", {"period": "Feb 2026", lock: True})
    period = {"postingPeriod": {"externalId": "2026-02"}}
    answer = await api.send("POST", f"{RECORD}/journalEntry", journal(*BALANCED, **period))
    assert answer.status_code == code


async def test_one_key_is_one_entry(api: Api) -> None:
    for _ in range(2):
        answer = await api.send("PUT", f"{RECORD}/journalEntry/eid:je-1", journal(*BALANCED) | {
            "line": {"items": [n | {"line": at} for at, n in enumerate(BALANCED, 1)]}
        })  # fmt: skip
        assert answer.status_code == 204
    refusal = await api.refused(
        "POST", f"{RECORD}/journalEntry", journal(*BALANCED, externalId="je-1")
    )
    assert refusal == (400, "DUP_RCRD", "externalId")


async def test_the_advanced_entry_balances_in_each_subsidiary(api: Api) -> None:
    nl, us = ({"lineSubsidiary": {"externalId": code}} for code in ("NL", "US"))
    crossed = journal(debit("1500", 100, **us), credit("4500", 100, **nl))
    refusal = await api.refused("POST", f"{RECORD}/advIntercompanyJournalEntry", crossed)
    assert refusal == (400, "USER_ERROR", "line")
    both = [
        debit("1500", 100, **us), credit("4500", 100, **us),
        debit("4500", 100, **nl), credit("1500", 100, **nl),
    ]  # fmt: skip
    row_id = await api.create("advIntercompanyJournalEntry", **journal(*both))
    assert (await api.get("advIntercompanyJournalEntry", row_id))["tranId"].startswith("ICJE")


async def test_a_reversal_date_posts_the_opposite_entry(api: Api) -> None:
    row_id = await api.create("journalEntry", **journal(*BALANCED))
    patch = {"reversalDate": "2026-03-01"}
    await api.send("PATCH", f"{RECORD}/journalEntry/{row_id}", patch)
    await api.send("PATCH", f"{RECORD}/journalEntry/{row_id}", {"memo": "again"})
    first, opposite = [
        await api.get("journalEntry", item["id"])
        for item in (await api.send("GET", f"{RECORD}/journalEntry")).json()["items"]
    ]
    assert first["reversalEntry"] == opposite["tranId"]
    assert opposite["postingPeriod"]["refName"] == "Mar 2026"
    lines = await api.send("GET", f"{RECORD}/journalEntry/{opposite['id']}/line")
    amounts = [(n["account"]["refName"], n.get("debit"), n.get("credit"))
               for n in lines.json()["items"]]  # fmt: skip
    assert amounts == [
        ("Due from affiliates", None, 100.25), ("Intercompany revenue", 100.25, None)
    ]  # fmt: skip
