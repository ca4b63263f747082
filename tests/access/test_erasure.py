"""H4: a person's data goes, on request, and the books stay as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.access.test_audit import tampered
from tests.access.whole import tables_with, whole_database
from tests.api.gateway import a_month_of_work
from tests.firm import Firm, a_firm

from isthmus.access.audit_check import verify
from isthmus.access.erasure import ErasureRefused, erase, people_with
from isthmus.api.server import serving
from isthmus.canonical import Customer, Resource
from isthmus.canonical.customer import Contact
from isthmus.flows.explain import explain_entry

pytestmark = pytest.mark.anyio
FIRST, LAST = "Quillon", "Vexwörth"
NAME, MAIL = f"{FIRST} {LAST}", "q.vexworth@firm.example"
NOTE = "Prepared the merger with Brackwater"
CLIENT, CLIENT_MAIL, CLIENT_PHONE = "Ysolde O'Brackwater", "ysolde@harbour.example", "+31205550199"
PERSON = (NAME, LAST, MAIL, NOTE)
CONTACT = (CLIENT, CLIENT_MAIL, CLIENT_PHONE)


async def test_a_consultant_and_a_contact_are_erased(database_url: str, tmp_path: Path) -> None:
    async with a_firm(database_url, tmp_path) as firm:
        resource, customer = await _known(firm)
        before = await _books(firm)
        await _is_refused_while_something_is_open(firm, resource)
        shown = await erase(firm.app.database, resource, "admin", f"{NAME} asked")
        assert await _holding(firm, *PERSON), "nothing was written"
        done = await erase(
            firm.app.database, resource, "admin", f"{NAME} asked", write=True, force=True
        )
        assert replace(done, written=False, pseudonym="") == replace(shown, pseudonym="")
        counts = {(p.table, p.column): p.rows for p in done.places}
        assert counts["record", "data"] >= 1
        assert counts["time_entry", "data"] == 1
        assert counts["edit", "original, value"] == 1
        assert (done.audit_rows, done.shared) == (1, ())
        assert [(v.system, v.kind) for v in done.vendors] == [
            ("netsuite", "resource"), ("salesforce", "resource"),
        ]  # fmt: skip
        assert await _holding(firm, *PERSON) == {}

        contact = f"{customer}/{CLIENT_MAIL}"
        gone = await erase(firm.app.database, contact, "admin", "asked", write=True, force=True)
        assert await _holding(firm, *PERSON, *CONTACT) == {}
        assert await _books(firm) == before
        await _is_explained(firm, resource, done.pseudonym)
        await _does_not_come_back(firm, resource, customer, gone.pseudonym)
        await _the_audit_is_whole_and_still_guards(firm)
        await _over_http(firm, resource)


async def _known(firm: Firm) -> tuple[str, str]:
    """A month of one consultant and one client; people are named wherever people are named."""
    await firm.org.update("Contact", firm.org.ids["E001"], FirstName=FIRST, LastName=LAST,
                          Email=MAIL)  # fmt: skip
    await a_month_of_work(firm)
    async with firm.app.database.begin() as tx:
        [one] = await tx.records.list(Resource, email=MAIL)
        [client] = [c for c in await tx.records.list(Customer) if c.name == "Harbour Works"]
        other = Contact(name="Somebody Else", email="else@harbour.example")
        theirs = Contact(name=CLIENT, email=CLIENT_MAIL, phone=CLIENT_PHONE, title="Director")
        await tx.records.save(client.changed(contacts=(theirs, other)))
        [hold] = [h for h in await tx.holds.list() if h.flow == "time_to_invoice"]
        await tx.edits.add(
            hold.number, "time_entry", hold.object_id or "", attribute="note", original=NOTE,
            value="", by="kim",
        )  # fmt: skip
        tx.audit.add("kim", "hold.commented", "hold", hold.label, reason=f"asked {NAME}",
                     after={"comment": f"{CLIENT} says no"})  # fmt: skip
        tx.audit.add("kim", "hold.assigned", "hold", hold.label, after={"assigned_to": "kim"})
        for statement in (
            "update time_entry set data = data || jsonb_build_object('note', cast(:note as text)) "
            "where id = cast(:entry as uuid)",
            "update hold set reason = :name || ' for ' || :client || ': ' || reason",
            "insert into inbox (id, connection, dedup_key, kind, external_id, headers, body, "
            "processed_at) select gen_random_uuid(), 'salesforce', 'm-1', 'resource', external_id, "
            "'{}', convert_to(:body, 'UTF8'), now() from xref where kind = 'resource' and "
            "space = 'salesforce' and canonical_id = cast(:person as uuid)",
            "insert into inbox (id, connection, dedup_key, kind, external_id, headers, body, "
            "processed_at) values (gen_random_uuid(), 'salesforce', 'm-2', 'customer', '001', "
            "'{}', convert_to(:other, 'UTF8'), now())",
        ):
            given = {"note": NOTE, "entry": hold.object_id, "name": NAME, "client": CLIENT,
                     "body": json.dumps({"FirstName": FIRST, "LastName": LAST}),
                     "person": one.id, "other": "<n>Ysolde O&apos;Brackwater</n>"}  # fmt: skip
            used = {k: v for k, v in given.items() if f":{k}" in statement}
            await tx.connection.execute(text(statement), used)
        assert await people_with(tx, "vexw") == [(one.id, NAME)]
        assert await people_with(tx, "ysolde") == [(f"{client.id}/{CLIENT_MAIL}", CLIENT)]
    return one.id, client.id


async def _holding(firm: Firm, *values: str) -> dict[str, list[str]]:
    spelled = [form for v in values for form in (v, json.dumps(v)[1:-1], v.replace("'", "&apos;"))]
    async with firm.app.database.begin() as tx:
        return tables_with(await whole_database(tx), *spelled)


async def _books(firm: Firm) -> dict[str, Any]:
    """Every figure of every fact, invoice and entry."""
    async with firm.app.database.begin() as tx:
        facts = await tx.connection.execute(
            text("select id, hours, billed_hours, rate, amount, currency, invoice, invoice_line, "
                 "posted_as, resource from fact order by id")
        )  # fmt: skip
        invoices = await tx.connection.execute(
            text("select id, data->'lines' #>> '{}' , data->>'total' from record "
                 "where kind = 'invoice' order by id")
        )  # fmt: skip
        hours = await tx.connection.scalar(text("select sum(hours) from time_entry"))
        return {
            "facts": [tuple(row) for row in facts], "hours": hours,
            "invoices": len(invoices.all()), "totals": await tx.ledger.totals(),
            "entries": await tx.entries.counts(),
        }  # fmt: skip


async def _is_refused_while_something_is_open(firm: Firm, resource: str) -> None:
    with pytest.raises(ErasureRefused) as refused:
        await erase(firm.app.database, resource, "admin", "asked", write=True)
    assert refused.value.why == (
        "1 hold of the person is open: H-1; 3 time entries are not invoiced yet: 16 hours."
    )
    with pytest.raises(ErasureRefused, match="There is nobody called"):
        await erase(firm.app.database, "nobody", "admin", "asked")


async def _is_explained(firm: Firm, resource: str, pseudonym: str) -> None:
    """Which hours and which rate made the amount is still told, of nobody."""
    async with firm.app.database.begin() as tx:
        one = await tx.records.get(Resource, resource)
        assert (one.name, one.email, one.employee_number) == (pseudonym, None, "E001")
        entry = await tx.connection.scalar(
            text("select source_id from fact where invoice is not null limit 1")
        )
        told = str(await explain_entry(tx, str(entry)))
    assert pseudonym in told
    assert "150" in told


async def _does_not_come_back(firm: Firm, resource: str, customer: str, contact: str) -> None:
    """Whatever systems say later: the same record, and a new one with the same address."""
    await firm.org.update("Contact", firm.org.ids["E001"], FirstName=FIRST, LastName=LAST,
                          Practice_Role__c="Lead Consultant")  # fmt: skip
    await firm.org.seed(
        "Contact", FirstName=FIRST, LastName=LAST, Email=MAIL.upper(), pse__Is_Resource__c=True,
        pse__Is_Resource_Active__c=True, Employee_Number__c="E900", Legal_Entity__c="EA-NL",
    )  # fmt: skip
    await firm.read()
    async with firm.app.database.begin() as tx:
        one = await tx.records.get(Resource, resource)
        again = await tx.records.list(Resource, employee_number="E900")
        client = await tx.records.get(Customer, customer)
    assert one.role == "Lead Consultant", "what is no data of a person goes on"
    assert [one.name == other.name and other.email is None for other in again] == [True]
    assert [(c.name, c.email, c.title) for c in client.contacts] == [
        (contact, None, "Director"), ("Somebody Else", "else@harbour.example", None),
    ]  # fmt: skip
    assert await _holding(firm, *PERSON, *CONTACT) == {}


async def _the_audit_is_whole_and_still_guards(firm: Firm) -> None:
    database = firm.app.database
    whole = await verify(database)
    assert (whole.findings, whole.rows) == ((), 5)
    async with database.begin() as tx:
        rows = {row.number: row for row in await tx.audit.list()}
    pseudonyms = [rows[n].after["pseudonym"] for n in (4, 5)]
    assert rows[1].action == "billing.requested"
    assert rows[2].reason == f"asked {pseudonyms[0]}"
    assert rows[2].after == {"comment": f"{pseudonyms[1]} says no"}
    assert rows[4].reason == f"{pseudonyms[0]} asked"
    assert [(n, rows[n].nonce is None) for n in rows] == [
        (5, False), (4, False), (3, False), (2, True), (1, False),
    ]  # fmt: skip
    erasing = "set local isthmus.erasing = 'on'"
    for refused in (
        ["update audit set reason = 'x'"],
        [erasing, "update audit set principal = 'x'"],
        [erasing, "update fact set amount = 1, description = 'x'"],
        [erasing, "delete from audit"],
    ):
        with pytest.raises(DBAPIError, match=r"append-only|is not to be updated"):
            await _carried_out(firm, refused)
    found = await tampered(database, "update audit set reason = 'other' where number = 2")
    assert found[0].startswith("row 2 (hold.commented by kim) is not what was written")
    found = await tampered(database, "update audit set nonce = null where number = 3")
    assert found[0].startswith("row 3 (hold.assigned by kim) is not what was written")


async def _carried_out(firm: Firm, statements: list[str]) -> None:
    async with firm.app.database.begin() as tx:
        for statement in statements:
            await tx.connection.execute(text(statement))


async def _over_http(firm: Firm, resource: str) -> None:
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        path = f"/ops/v1/persons/{resource}/erasure"
        answer = await http.post(path, json={"reason": "asked"}, headers={"idempotency-key": "e1"})
        assert answer.status_code == 200, answer.text
        again = answer.json()
        assert (again["written"], again["pseudonym"][:7]) == (False, "Person ")
        body = {"reason": "asked", "dry_run": False}
        open_ = await http.post(path, json=body, headers={"idempotency-key": "e2"})
        assert (open_.status_code, open_.json()["code"]) == (409, "still_open")
        none = path.replace(resource, "01980000-0000-7000-8000-000000000000")
        absent = await http.post(none, json=body, headers={"idempotency-key": "e3"})
        assert (absent.status_code, absent.json()["code"]) == (404, "not_found")
    assert Decimal(again["audit_rows"]) == 0
