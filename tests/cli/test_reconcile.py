"""Two systems compared, from the command line and over HTTP, by those who may."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import structlog
from tests.cli.conftest import Isthmus
from tests.firm import Firm, a_firm
from tests.flows.deals import an_account
from tests.landscapes import ENVIRONMENT
from tests.reconcile.conftest import RECONCILIATIONS

from isthmus.access import AccessRole, Grant, Principal
from isthmus.api.server import api
from isthmus.observe.reconciliation import reconciliation_backlog
from isthmus.web.caller import caller

pytestmark = pytest.mark.anyio
AT = "/ops/v1/reconciliations"


@pytest.fixture
async def idle_firm(
    database_url: str, isthmus: Isthmus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Firm]:
    """Nobody works on its runs but who is told to wait for one."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.__stderr__))
    async with a_firm(database_url, tmp_path, more=RECONCILIATIONS, works=False) as made:
        yield made
    structlog.configure(**before)


def asking(firm: Firm, role: AccessRole, legal_entity: str | None = None) -> httpx2.AsyncClient:
    who = Principal(f"{role}@firm.example", role, "person", frozenset({Grant(role, legal_entity)}))
    web = api(firm.app)
    web.dependency_overrides[caller] = lambda: who
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(web), base_url="http://isthmus")


async def finance_asks(firm: Firm, extra: str, missing: str) -> None:
    """By the API: what differs, accepts one of two, and cannot sign yet."""
    async with asking(firm, AccessRole.FINANCE) as finance:
        run = (await finance.get(f"{AT}/runs/RC-2")).json()
        assert [total["source_count"] for total in run["totals"]] == [
            1,
        ]
        assert {b["label"] for b in run["breaks"]} == {extra, missing}
        done = await finance.post(f"{AT}/breaks/{missing}/acceptance", json={"reason": "new"})
        assert done.status_code == 201, done.text
        assert (await finance.get(f"{AT}/runs/RC-9")).status_code == 404
        early = await finance.post(f"{AT}/runs/RC-2/signatures", json={"role": "finance"})
        assert early.status_code == 409
        wrong = await finance.post(f"{AT}/runs/RC-2/signatures", json={"role": "delivery"})
        assert (wrong.status_code, wrong.json()["detail"]) == (
            403, "none of your roles signs for delivery",
        )  # fmt: skip
        listed = (await finance.get(AT)).json()["reconciliations"]
        assert {r["name"]: r["latest"] and r["latest"]["label"] for r in listed} == {
            "customers": "RC-2", "invoices": None, "time": None, "time-later": None,
        }  # fmt: skip


async def others_are_refused(firm: Firm, extra: str) -> None:
    async with asking(firm, AccessRole.FINANCE, "EA-NL") as one_company:
        seen = (await one_company.get(f"{AT}/runs/RC-2")).json()
        assert (seen["breaks"], seen["totals"]) == ([], []), "clients are of no one company"
        hidden = await one_company.post(f"{AT}/breaks/{extra}/repair")
        assert hidden.status_code == 404
        part = await one_company.post(f"{AT}/runs/RC-2/signatures", json={"role": "finance"})
        assert part.status_code == 403
        assert (await one_company.post(f"{AT}/runs", json={})).status_code == 403
    async with asking(firm, AccessRole.AUDITOR) as auditor:
        assert (await auditor.get(f"{AT}/runs")).status_code == 200
        assert (await auditor.post(f"{AT}/runs", json={})).status_code == 403
    async with asking(firm, AccessRole.CLIENT) as client:
        assert (await client.get(AT)).status_code == 403


async def test_run_show_accept_and_sign(idle_firm: Firm, isthmus: Isthmus) -> None:
    firm = idle_firm
    clean = await isthmus("reconcile", "run", "customers")
    assert (clean.code, clean.out.splitlines()[-1]) == (0, "nothing is unexplained"), clean.err
    await an_account(firm, Name="Quay Works", ERP_Customer_Number__c="C-7")
    stranger = {"companyName": "Unknown Ltd", "subsidiary": {"externalId": "EA-NL"},
                "isPerson": False}  # fmt: skip
    await firm.books.control("seed", {"customer": [stranger]})
    found = await isthmus("reconcile", "run", "customers", "--json")
    [report] = json.loads(found.out)
    assert (found.code, report["label"], report["is_clean"]) == (1, "RC-2", False)
    assert {(b["kind"], b["finding"]) for b in report["breaks"]} == {
        ("missing", "client Quay Works is in the CRM and not in the ledger"),
        ("extra", "client Unknown Ltd is in the ledger and not in the CRM"),
    }
    extra = next(b["label"] for b in report["breaks"] if b["kind"] == "extra")
    missing = next(b["label"] for b in report["breaks"] if b["kind"] == "missing")
    [backlog] = await reconciliation_backlog(firm.app.database)
    assert (backlog.name, backlog.breaks, backlog.amount, backlog.owner) == (
        "customers", 2, 0, "finance",
    )  # fmt: skip

    unknown = await isthmus("reconcile", "run", "custmers")
    assert (unknown.code, unknown.err.splitlines()[0]) == (
        1, "There is no reconciliation 'custmers'.",
    )  # fmt: skip
    said = await isthmus("reconcile", "repair", extra, "--dry-run")
    assert said.out == (
        f"{extra}: client Unknown Ltd will be held for finance; nothing will be deleted in "
        "netsuite; nothing was done\n"
    )
    refused = await isthmus("reconcile", "sign", "customers")
    assert refused.code == 1
    assert "2 of its breaks are unexplained" in refused.err

    await finance_asks(firm, extra, missing)
    await others_are_refused(firm, extra)

    accepted = await isthmus("reconcile", "accept", extra, "--reason", "finance's own client")
    assert accepted.out == f"{extra} is accepted\n"
    shown = await isthmus("reconcile", "show", "customers")
    assert shown.code == 0
    assert "accepted by a tester: finance's own client" in shown.out
    signed = await isthmus("reconcile", "sign", "customers", "--json")
    assert json.loads(signed.out)["by"] == "a tester"
    assert "signed as finance by a tester" in (await isthmus("reconcile", "show", "RC-2")).out
    [latest, *_] = json.loads((await isthmus("reconcile", "list", "--json")).out)
    assert (latest["label"], latest["state"]) == ("RC-2", "finished")
