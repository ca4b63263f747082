"""H3, H4: the audit as a page: found, read as differences, verified, taken home; never in part."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import httpx2
import pytest
from sqlalchemy import text
from tests.console.govern import ACCESS, PAGE, as_role, read, text_of
from tests.firm import Firm

from isthmus.access import LOCAL, Principal
from isthmus.access.audit_check import verify
from isthmus.console.audit_row import leads_of
from isthmus.kit.ids import derived_id
from isthmus.store.audit import AuditRow

pytestmark = pytest.mark.anyio
MORE = ACCESS
DUTCH = derived_id("legal_entity", "EA-NL")


@pytest.fixture(scope="module", autouse=True)
async def acted(firm: Firm) -> None:
    """Sixty comments, then a log-in, a correction and the grant of a role: rows 1 to 63."""
    async with firm.app.database.begin() as tx:
        for number in range(1, 61):
            tx.audit.add("ben", "hold.commented", "hold", f"H-{number}")
        tx.audit.add("ana", "log_in", "account", "ana", after={"address": "203.0.113.9"})
        tx.audit.add(
            "ana", "hold.fixed", "hold", "H-17", reason="the client agreed",
            before={"rate": "100.00", "resource.email": "•••", "legal_entity": DUTCH},
            after={"hold": "H-17", "object_kind": "time_entry", "object_id": "0197-te",
                   "run": "run-1", "rate": "120.00", "note": "worked at home",
                   "cap": {"amount": "500.00", "currency": "EUR"}},
            correlation_id="0197-deal",
        )  # fmt: skip
        tx.audit.add("ana", "account.granted", "account", "ben",
                     before={"roles": ["pmo"]}, after={"roles": ["finance", "pmo"]})  # fmt: skip


async def test_the_youngest_first_in_parts_of_fifty(http: httpx2.AsyncClient) -> None:
    first = await http.get("/audit", headers=PAGE)
    page = text_of(first)
    assert first.text.count("<tr data-row>") == 50
    assert page.index("row 63") < page.index("row 62") < page.index("row 14")
    assert "row 13 " not in page
    assert "50 rows of 63" in page
    assert 'href="/audit?below=14"' in first.text
    rest = await http.get("/audit?below=14", headers=PAGE)
    assert rest.text.count("<tr data-row>") == 13
    assert "13 rows of 63" in text_of(rest)
    assert 'rel="next"' not in rest.text


async def test_who_act_object_and_days_choose(http: httpx2.AsyncClient) -> None:
    today = datetime.now(UTC).date()
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    for asked, rows in (
        ("by=ana", 3), ("by=an", 0), ("act=hold", 50), ("act=hold.fixed", 1), ("act=hold.fix", 0),
        ("object=H-17", 2), ("by=ana&act=account.granted&object=ben", 1),
        (f"by=ana&from={yesterday}&to={today}", 3), (f"by=ana&from={tomorrow}", 0),
        (f"by=ana&to={yesterday}", 0),
    ):  # fmt: skip
        page = await http.get(f"/audit?{asked}", headers=PAGE)
        assert page.text.count("<tr data-row>") == rows, asked
    assert "No act is like this" in await read(http, "/audit?by=nobody")
    wrong = await http.get("/audit?by=ana&from=2026-13-40&to=2026-11-30", headers=PAGE)
    assert "2026-13-40 is no day; write it as 2026-11-30." in text_of(wrong)
    assert 'value="2026-13-40" aria-invalid="true"' in wrong.text
    assert "It is before the first day" in await read(http, "/audit?from=2026-11-30&to=2026-11-01")


async def test_a_row_is_read_as_a_difference_and_leads_on(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/audit/62", headers=PAGE)
    page = text_of(answer)
    assert "The client agreed." in page
    assert "rate before: 100.00 after: 120.00" in page
    assert "cap before: not there after: 500.00 EUR" in page
    assert "resource / email before: •••" in page
    assert "legal entity before: EA-NL after: not there" in page, "by name, not by id"
    assert "object kind" not in page, "where it belongs is shown as links"
    for path in ("/exceptions/H-17", "/flows/run-1", "/journey?q=0197-te", "/journey?q=0197-deal"):
        assert f'href="{path}"' in answer.text
    assert "As it was written yes" in page
    granted = await read(http, "/audit/63")
    assert "roles before: pmo after: finance, pmo" in granted
    assert "no row 99" in await read(http, "/audit/99", status=404)
    assert "no row x" in await read(http, "/audit/x", status=404)


def test_an_act_on_a_reconciliation_leads_to_its_run_where_the_reader_may_go() -> None:
    row = AuditRow(
        1, datetime.now(UTC), "ana", "reconciliation.signed", "reconciliation", "0197-name", None,
        {}, {"name": "time", "run": "RC-7"}, "0197-name", b"",
    )  # fmt: skip
    told = [(lead.what, lead.id, lead.href) for lead in leads_of(row, LOCAL)]
    assert told == [
        ("reconciliation", "RC-7", "/reconciliation/RC-7"),
        ("story", "0197-name", "/journey?q=0197-name"),
    ]
    nobody = Principal("x", "x", "person", frozenset())
    assert [lead.href for lead in leads_of(row, nobody)] == ["", ""]


async def test_intact_until_a_row_is_edited_and_then_the_first_is_named(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    page = await read(http, "/audit/verify")
    assert "Verdict intact Rows 63 Until" in page
    head = (await verify(firm.app.database)).head
    checkpoint = json.dumps({"number": head.number, "hash": head.hash})
    kept = await http.get("/audit/verify", params={"checkpoint": checkpoint}, headers=PAGE)
    assert "none was cut off the end since the checkpoint" in text_of(kept)
    wrong = await http.get("/audit/verify", params={"checkpoint": "17"}, headers=PAGE)
    assert wrong.status_code == 422
    assert "This is no checkpoint." in text_of(wrong)
    later = json.dumps({"number": 70, "hash": head.hash})
    cut = text_of(await http.get("/audit/verify", params={"checkpoint": later}, headers=PAGE))
    assert "The end of the chain is wrong" in cut
    assert "Row 70 of the checkpoint is not there: the end was cut." in cut

    await _edit(firm, "'mallory' where number = 40")
    broken = await read(http, "/audit/verify")
    assert "Row 40 is the first that is wrong" in broken
    assert "Rows 1 to 39 are as they were written" in broken
    assert "Change nothing in the database. Export the audit now" in broken
    assert "intact" not in broken
    assert "As it was written no" in await read(http, "/audit/40")
    await _edit(firm, "'ben' where number = 40")
    assert "intact Rows 63" in await read(http, "/audit/verify")


async def _edit(firm: Firm, what: str) -> None:
    """As the owner of the database could."""
    async with firm.app.database.engine.begin() as connection:
        await connection.execute(text("set local session_replication_role = replica"))
        await connection.execute(text(f"update audit set principal = {what}"))


async def test_it_is_taken_home_whole_and_that_is_a_row_too(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/audit/export")
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    with ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == ["audit.ndjson", "audit.ndjson.manifest.json"]
        rows = [json.loads(line) for line in packed.read("audit.ndjson").splitlines()]
        manifest = json.loads(packed.read("audit.ndjson.manifest.json"))
    assert [row["number"] for row in rows] == list(range(1, 64))
    assert (manifest["rows"], manifest["head"]["hash"]) == (63, rows[-1]["hash"])
    assert "rows before: not there after: 63" in await read(http, "/audit/64")
    assert "Audit exported" in await read(http, "/audit?by=local")


async def test_an_auditor_reads_without_personal_data_and_a_part_of_the_firm_is_not_enough(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    assert "203.0.113.9" in await read(http, "/audit/61")
    auditor = await as_role(firm, "auditor", "auditor")
    for path, hidden in (("/audit/61", "address"), ("/audit/62", "note")):
        page = await read(http, path, auditor)
        assert f"{hidden} before: not there after: •••" in page
    assert "203.0.113.9" not in await read(http, "/audit?by=ana", auditor)
    assert "worked at home" not in await read(http, "/audit?by=ana", auditor)
    local = await as_role(firm, "local-auditor", "auditor", "EA-NL")
    finance = await as_role(firm, "finance", "finance")
    for headers, why in ((local, "for EA-NL only"), (finance, "None of your roles")):
        for path in ("/audit", "/audit/1", "/audit/verify"):
            assert why in await read(http, path, headers, 403)
        assert (await http.post("/audit/export", headers=headers)).status_code == 403
        assert 'href="/audit"' not in (await http.get("/exceptions", headers=headers)).text
