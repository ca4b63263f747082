"""The command line over one deal's life: what it shows is what happened, to the cent."""

import json
from decimal import Decimal

import pytest
from tests.cli.conftest import Isthmus
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, log_week, project_of, staff, win

from isthmus.events.catalogue import CATALOGUE

pytestmark = pytest.mark.anyio


async def _invoiced(firm: Firm, isthmus: Isthmus) -> dict[str, str]:
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project = project_of(firm, deal)
    assignment = await staff(firm, project)
    await log_week(firm, project, assignment, "2026-07-06", ["8", "7.5"])
    await firm.read()
    billed = await isthmus("bill", "--up-to", "2026-07-31")
    assert (billed.code, billed.out) == (
        0, "1 contracts are billed up to 2026-07-31; see `isthmus run list`\n",
    )  # fmt: skip
    await firm.settle()
    [invoice] = await firm.books.rows("invoice")
    return {"deal": deal, "project": project["Id"], "invoice": invoice["tranId"]}


async def test_an_invoice_is_explained_to_its_hours(firm: Firm, isthmus: Isthmus) -> None:
    ids = await _invoiced(firm, isthmus)
    explained = await isthmus("explain", ids["invoice"])
    assert explained.code == 0, explained.err
    for part in (
        f"invoice {ids['invoice']}  posted  Harbour Works",
        "lines 2,325.00 EUR, tax 488.25 EUR, total 2,813.25 EUR",
        "2026-07-06  Consultant One  8 h x 150.00 EUR = 1,200.00 EUR",
        "2026-07-07  Consultant One  7.5 h x 150.00 EUR = 1,125.00 EUR",
        "Consultant at 150.00 EUR, 2026-01-01 to until revoked",
        "client rate card, region or practice rate card: looked for Consultant in EUR on "
        "2026-07-06, found none",
        "= sum of 2 facts, difference 0",
        "deal Harbour redesign: closed_won, 15,000.00 EUR",
        f"salesforce: {ids['deal']}",
    ):
        assert part in explained.out

    found = json.loads((await isthmus("explain", ids["invoice"], "--json")).out)
    assert [line["amount"]["amount"] for line in found["lines"]] == ["2325.00"]
    assert [Decimal(f["hours"]) for f in found["lines"][0]["facts"]] == [Decimal(8), Decimal("7.5")]

    project = json.loads((await isthmus("explain", ids["project"], "--json")).out)
    assert project["kind"] == "project"
    assert [i["number"] for i in project["invoices"]] == [ids["invoice"]]
    assert project["entries"] == {"invoiced": 2}

    status = json.loads((await isthmus("status", "--json")).out)
    assert {(r["flow"], r["state"]) for r in status["runs"]} >= {
        ("opportunity_to_project", "succeeded"), ("contract_to_invoice", "succeeded"),
    }  # fmt: skip
    assert status["holds"] == []

    journey = (await isthmus("journey", ids["deal"])).out
    for part in ("opportunity Harbour redesign", "opportunity.closed_won", "contract.opened",
                 "invoice.posted", "opportunity_to_project succeeded"):  # fmt: skip
        assert part in journey

    tail = [json.loads(line) for line in (await isthmus("event", "tail")).out.splitlines()]
    assert [int(e["sequence"]) for e in tail] == list(range(1, len(tail) + 1))
    assert {e["specversion"] for e in tail} == {"1.0"}
    for event in tail:
        name = event["type"].removeprefix("isthmus.").removesuffix(".v1")
        CATALOGUE[name].data.model_validate(event["data"])
    rest = (await isthmus("event", "tail", "--after", str(len(tail) - 1))).out.splitlines()
    assert [json.loads(line) for line in rest] == tail[-1:]

    listed = json.loads((await isthmus("run", "list", "--json")).out)
    [won] = [r for r in listed if r["flow"] == "opportunity_to_project"]
    shown = await isthmus("run", "show", won["id"])
    assert f"R-{won['number']:04d}  opportunity_to_project  succeeded" in shown.out
    names = ["validate_deal", "ensure_customer", "open_contract", "open_project", "plan_billing"]
    places = [shown.out.index(name) for name in names]
    assert places == sorted(places)
    again = await isthmus("run", "replay", won["id"])
    assert (again.code, again.out) == (
        1, f"R-{won['number']:04d} has succeeded already; nothing to replay\n"
    )  # fmt: skip


async def test_a_dry_run_shows_the_invoice_and_posts_nothing(firm: Firm, isthmus: Isthmus) -> None:
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project = project_of(firm, deal)
    await log_week(firm, project, await staff(firm, project), "2026-07-06", ["8", "7.5"])
    await firm.read()

    shown = await isthmus("bill", "--dry-run", "--up-to", "2026-07-31")
    assert shown.code == 0, shown.err
    for part in (
        "Harbour Works  EA-NL  2026-07-31, Jul 2026  2,325.00 EUR",
        "Consultant, Consultant One, 2026-07-06 to 2026-07-07",
        "the first dry run: nothing to compare with",
        "nothing was posted; make them with `isthmus bill --up-to 2026-07-31`",
    ):
        assert part in shown.out
    again = await isthmus("bill", "--dry-run", "--up-to", "2026-07-31")
    assert "nothing changed since the dry run of" in again.out
    assert await firm.books.rows("invoice") == []

    found = json.loads((await isthmus("bill", "--dry-run", "--up-to", "2026-07-31", "--json")).out)
    assert [i["total"] for i in found["plan"]["invoices"]] == [
        {"amount": "2325.00", "currency": "EUR"}
    ]


@pytest.mark.slow
async def test_revenue_is_shown_per_contract_and_month_against_the_ledger(
    firm: Firm, isthmus: Isthmus
) -> None:
    await _invoiced(firm, isthmus)
    shown = await isthmus("revenue", "--up-to", "2026-07", "--dry-run")
    assert shown.code == 0, shown.err
    for part in ("2026-07", "2,325.00 EUR", "netsuite keeps no revenue schedule", "nothing was"):
        assert part in shown.out
    await firm.settle()
    assert await firm.runs("revenue_alignment") == []

    [job], [july, *_] = await firm.books.rows("job"), await firm.books.rows("accountingPeriod")
    line = {"postingPeriod": {"id": july["id"]}, "plannedAmount": 2325, "recognizedAmount": 2000}
    schedule = {
        "externalId": "RS-1", "job": {"id": job["id"]}, "currency": {"externalId": "EUR"},
        "recurrence": {"items": [line]},
    }  # fmt: skip
    await firm.books.control("seed", {"revRecSchedule": [schedule]})
    asked = await isthmus("revenue", "--up-to", "2026-07", "--json")
    assert asked.code == 1
    found = json.loads(asked.out)
    assert found["runs"] == 1
    [row] = found["rows"]
    assert [row[name]["amount"] for name in ("earned", "billed", "theirs", "difference")] == [
        "2325.00", "2325.00", "2000.00", "325.00",
    ]  # fmt: skip
    assert Decimal(row["position"]["amount"]) == 0
    await firm.settle()
    hold = await firm.hold()
    assert hold.code == "revenue_differs"
    refused = await isthmus("hold", "replay", hold.label)
    assert refused.code == 1
    assert "is not replayed" in refused.err
