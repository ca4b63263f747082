"""H4, H5: secrets and data of people are read by nobody who may not, wherever this writes."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.access.whole import tables_with, whole_database
from tests.api.gateway import a_month_of_work
from tests.firm import Firm, a_firm
from tests.landscapes import ORG, PRIVATE
from tests.observe.collector import Collector, collecting

from isthmus.access.accounts import add_machine, add_person
from isthmus.access.keys import add_key
from isthmus.api.server import serving
from isthmus.canonical import Customer, Resource
from isthmus.canonical.customer import Contact
from isthmus.kit.masking import MASK, Secrets, scrub
from isthmus.observe.logging import configure_logging

pytestmark = pytest.mark.anyio
PERSON, MAIL, PHONE = "Quillon Vexworth", "q.vexworth@firm.example", "+31 20 555 0199"
CLIENT, NOTE = "Ysolde Brackwater", "prepared the merger of Brackwater"
PEOPLE = (PERSON, MAIL, PHONE, CLIENT, NOTE)
SIGNING, DESK = "whsec_" + "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktMTIzNDU2Nzg=", "desk-canary-secret"
MORE = f"""
destinations:
  warehouse: {{url: "http://127.0.0.1:1/events", secret: {SIGNING}}}
exceptions:
  desks:
    tracker: {{via: webhook, url: "http://127.0.0.1:1/", secret: {DESK}}}
"""
LOUD = ("httpx2", "httpcore2", "dbos", "uvicorn", "asyncio", "alembic")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, also by libraries, at their most talkative."""
    stream = io.StringIO()
    levels = {name: logging.getLogger(name).level for name in LOUD}
    handler = logging.StreamHandler(stream)
    configure_logging("debug", "json", stream)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).addHandler(handler)
    yield stream
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).removeHandler(handler)
    logging.setLogRecordFactory(logging.LogRecord)
    structlog.reset_defaults()


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        yield server


async def test_a_month_is_worked_and_nothing_of_it_is_told(
    database_url: str,
    tmp_path: Path,
    written: io.StringIO,
    collector: Collector,
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with a_firm(database_url, tmp_path, more=MORE) as firm:
        await _people(firm)
        await a_month_of_work(firm)
        secrets = [ORG["client_secret"], SIGNING, DESK, *PRIVATE.splitlines()[1:-1]]
        secrets += await _ask_as_somebody_without_leave(firm)
        await _fail(firm, secrets)
        async with firm.app.database.begin() as tx:
            acts = json.dumps([row.written() for row in await tx.audit.list()])
            whole = await whole_database(tx)
        await firm.app.telemetry.close()
    told = capfd.readouterr()
    exported = str(collector.spans)
    assert len(collector.spans) > 20
    assert "vendor.called" in written.getvalue()
    assert written.getvalue().count("test.defect") == 3
    assert tables_with(whole, *secrets) == {}, "sealed, or only a digest"
    assert PERSON in whole["public.record"]
    for where in (written.getvalue(), told.out, told.err, acts, whole["public.span"], exported):
        assert [value for value in (*PEOPLE, *secrets) if value in where] == []


async def _people(firm: Firm) -> None:
    first, last = PERSON.split()
    await firm.org.update("Contact", firm.org.ids["E001"], FirstName=first, LastName=last,
                          Email=MAIL)  # fmt: skip


async def _ask_as_somebody_without_leave(firm: Firm) -> list[str]:
    """Holds by API and console, first as who may see people; the secrets that it took."""
    database = firm.app.database
    async with database.begin() as tx:
        [one] = await tx.records.list(Resource, email=MAIL)
        assert one.name == PERSON
        [customer] = [c for c in await tx.records.list(Customer) if c.name == "Harbour Works"]
        contact = Contact(name=CLIENT, phone=PHONE, title="Director")
        await tx.records.save(customer.changed(phone=PHONE, contacts=(contact,)))
        [hold] = [h for h in await tx.holds.list() if h.flow == "time_to_invoice"]
        await tx.connection.execute(
            text("update hold set reason = :reason where number = :number"),
            {"reason": f"{PERSON} for {CLIENT}: {hold.reason}", "number": hold.number},
        )
    password = await add_person(database, "ops", "Operations", [("integration", "")], "test")
    await add_machine(database, "reader", "Reader", [("integration", "")], "test")
    await add_machine(database, "payroll", "Payroll", [("finance", "")], "test")
    key = await add_key(database, "reader", None, timedelta(days=1), "test")
    leave = await add_key(database, "payroll", None, timedelta(days=1), "test")
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        path = f"/ops/v1/holds/{hold.label}"
        assert PERSON in (await _get(http, path, leave.key))
        for seen in (path, "/ops/v1/holds", "/ops/v1/runs", "/events"):
            answer = await _get(http, seen, key.key)
            assert [value for value in PEOPLE if value in answer] == [], seen
        assert f"{MASK} for {MASK}" in await _get(http, path, key.key)
        logged_in = await http.post("/login", data={"name": "ops", "password": password})
        assert logged_in.status_code == 303
        cookie = http.cookies["isthmus_session"]
        for page in ("/", "/exceptions", "/exceptions?single=1", f"/exceptions/{hold.label}"):
            shown = (await http.get(page)).text
            assert [value for value in PEOPLE if value in shown] == [], page
        forged = await http.post(
            "/webhooks/salesforce", content=b"<x/>", headers={"authorization": f"Bearer {key.key}"}
        )
        assert forged.status_code in (400, 401)
    return [password, key.key, leave.key, cookie]


async def _get(http: httpx2.AsyncClient, path: str, key: str) -> str:
    answer = await http.get(path, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code in (200, 403), answer.text
    return answer.text


async def _fail(firm: Firm, secrets: list[str]) -> None:
    """Failures as libraries word them, with all that they know; logged as a task's edge does."""
    log = structlog.get_logger()
    for number, failing in enumerate((_invalid, _duplicate, _unreachable)):
        try:
            await failing(firm, secrets)
        except Exception:
            log.exception("test.defect", name=PERSON, who={"email": MAIL, "n": number})
            logging.getLogger("uvicorn").exception("failed for %s", secrets[0])


async def _invalid(firm: Firm, secrets: list[str]) -> None:
    Resource.model_validate({"id": "1", "name": [PERSON], "email": MAIL, "token": secrets[0]})


async def _duplicate(firm: Firm, secrets: list[str]) -> None:
    row = {"kind": "k", "space": "s", "external_id": MAIL, "canonical_id": None}
    with pytest.raises(DBAPIError) as failed:
        async with firm.app.database.begin() as tx:
            await tx.connection.execute(
                text("insert into xref (kind, space, external_id, canonical_id) "
                     "values (:kind, :space, :external_id, :canonical_id)"), row,
            )  # fmt: skip
    assert MAIL in str(failed.value), "PostgreSQL names the row"
    raise failed.value


async def _unreachable(firm: Firm, secrets: list[str]) -> None:
    raise RuntimeError(f"http://isthmus:{secrets[-1]}@erp.example/token?access_token={secrets[0]}")


def test_what_looks_like_a_secret_is_masked_though_nobody_knows_it() -> None:
    assert scrub("Authorization: Bearer abcdef.ghijkl") == f"Authorization: Bearer {MASK}"
    assert scrub("postgresql://me:hunter2@db/x") == f"postgresql://{MASK}@db/x"
    assert scrub("POST /t?client_secret=abc&state=1") == f"POST /t?client_secret={MASK}&state=1"
    assert scrub(f"key {PRIVATE} end") == f"key {MASK} end"
    assert scrub("rated 12 entries of 3 people in 0.2 s") == "rated 12 entries of 3 people in 0.2 s"
    few = Secrets(most=2)
    for value in ("first-token", "second-token", "third-token"):
        few.add(value)
    assert few.scrub("first-token third-token") == f"first-token {MASK}"
