"""H2: who has a role in one company sees nothing of another's, and does nothing to it.

Every door is asked; a door that is new is asked too, or this fails until it is said how.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.access.two_companies import PROJECTS, Other, two_companies
from tests.console.govern import as_role
from tests.databases import Databases
from tests.firm import Firm
from tests.waiting import until

from isthmus.api.server import api
from isthmus.canonical import Opportunity
from isthmus.store.holds import HoldRow
from isthmus.web.doors import Door, doors

pytestmark = pytest.mark.anyio
THROUGH = "through=2026-07-31"
MORE = {
    "/billing": f"?{THROUGH}", "/billing/dry-run": f"?{THROUGH}", "/billing/work": f"?{THROUGH}",
    "/process/v1/invoice-readiness": "?up_to=2026-07-31", "/exceptions": "?single=1",
    "/exceptions/bulk": "?act=comment&value=x&code=rate_mismatch", "/events": "?limit=1000",
    "/ops/v1/holds": "?all=true", "/journey": "?q={contract}",
}  # fmt: skip
"""How a list is asked for, so that what it has is in it."""
OF_NO_COMPANY = {
    "/model/objects/{kind}": {"kind": "invoice"},
    "/model/objects/{kind}/schema.json": {"kind": "invoice"},
    "/model/events/{name}": {"name": "invoice.posted"},
    "/model/events/{name}/schema.json": {"name": "invoice.posted"},
    "/ops/v1/connections/{name}/health": {"name": "netsuite_us"},
    "/system/{version}/{role}/{kind}/schema": {"version": "v1", "role": "erp", "kind": "invoice"},
}  # fmt: skip
"""Descriptions, and systems, which belong to the firm."""


@dataclass
class Asked:
    firm: Firm
    other: Other
    http: httpx2.AsyncClient
    all: dict[str, str]
    one: dict[str, str]

    def paths(self, door: Door) -> list[str]:
        """Every object of the other company that the door could show."""
        if "{" not in door.path:
            more = MORE.get(door.path, "").format(contract=self.other.contract)
            return list(dict.fromkeys([door.path, door.path + more]))
        if door.path in OF_NO_COMPANY:
            return [door.path.format(**OF_NO_COMPANY[door.path])]
        return [door.path.format(**values) for values in self._values(door.path)]

    def _values(self, path: str) -> list[dict[str, str]]:
        other, of_role = self.other, {"version": "v1"}
        kinds = [(kind, _role_of(kind), id) for kind, id in other.ids.items()]
        match path.split("/")[1:3]:
            case ["system", _] if "{id}" in path:
                return [{**of_role, "role": r, "kind": k, "id": id} for k, r, id in kinds]
            case ["system", _]:
                return [{**of_role, "role": r, "kind": k} for k, r, _ in kinds]
            case ["exceptions", "bulk"] | ["ops", "v1"] if "bulk" in path:
                return [{"label": "B-1"}]
            case ["exceptions", _] | ["ops", "v1"] if "hold" in path or "exceptions" in path:
                return [{"label": other.hold}]
            case ["flows", _] | ["ops", "v1"] if "reconciliation" not in path and "label" in path:
                return [{"label": other.run}]
            case _:
                return [self._named(path)]

    def _named(self, path: str) -> dict[str, str]:
        other = self.other
        names = {
            "code": other.found, "number": other.contract, "key": "0",
            "name": "unbilled_approved_time",
            "label": other.found if "/breaks/" in path and "code" not in path
            else other.reconciliation,
            "id": other.ids["opportunity"] if "opportunities" in path else other.invoice,
        }  # fmt: skip
        return {name: names[name] for name in re.findall(r"{(\w+)}", path)}


def _role_of(kind: str) -> str:
    return {
        "invoice": "erp",
        "payment": "erp",
        "legal_entity": "erp",
        "opportunity": "crm",
        "contract": "crm",
    }.get(kind, "psa")


@pytest.fixture(scope="module")
async def asked(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Asked]:
    folder: Path = tmp_path_factory.mktemp("companies")
    with databases.one() as url:
        async with two_companies(url, folder) as (firm, other):
            everywhere = await as_role(firm, "controller", "admin")
            one = await as_role(firm, "dutch-controller", "admin", "EA-NL")
            web = api(firm.app)
            transport = httpx2.ASGITransport(web, client=("203.0.113.7", 1))
            async with httpx2.AsyncClient(transport=transport, base_url="http://i") as http:
                body = {"act": "comment", "value": "look", "code": "rate_mismatch"}
                sent = {**everywhere, "origin": "http://i"}
                assert (await http.post("/exceptions/bulk", data=body, headers=sent)).is_redirect
                await until(_looked_at(firm, other))
                yield Asked(firm, other, http, everywhere, one)


def _looked_at(firm: Firm, other: Other) -> Callable[[], Awaitable[bool]]:
    """The worker has done with the hold what it does of its own accord."""

    async def so() -> bool:
        async with firm.app.database.begin() as tx:
            hold = await tx.holds.find(other.hold)
            assert hold is not None
            return bool(hold.severity and await tx.queues.comments(hold.number))

    return so


def opened(asked: Asked, *methods: str) -> list[Door]:
    return [d for d in doors(api(asked.firm.app)) if d.asks and d.method in methods]


def told(asked: Asked, answer: httpx2.Response) -> set[str]:
    """As words of their own: an id of four digits may stand in the middle of another one."""
    return {
        secret for secret in asked.other.secrets
        if secret and re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", answer.text)
    }  # fmt: skip


async def test_no_page_and_no_answer_tells_anything_of_another_company(asked: Asked) -> None:
    shown: set[str] = set()
    for door in opened(asked, "GET"):
        for path in asked.paths(door):
            whole = await asked.http.get(path, headers=asked.all)
            part = await asked.http.get(path, headers=asked.one)
            assert part.status_code in (200, 303, 403, 404, 422), (path, part.text[:500])
            asked_for = {secret for secret in asked.other.secrets if secret in path}
            assert told(asked, part) - asked_for == set(), (path, told(asked, part))
            if told(asked, whole):
                shown.add(door.path)
    expected = {
        "/", "/billing", "/billing/dry-run", "/billing/invoices", "/billing/invoices/{id}",
        "/billing/work", "/close", "/events", "/exceptions", "/exceptions/bulk",
        "/exceptions/{label}", "/experience/v1/delivery", "/experience/v1/finance",
        "/flows/{label}", "/journey", "/ops/v1/holds", "/ops/v1/holds/{label}", "/ops/v1/runs",
        "/ops/v1/runs/{label}", "/process/v1/contracts/{number}",
        "/process/v1/invoice-readiness", "/reconciliation/{label}",
        "/ops/v1/reconciliations/runs/{label}", "/system/{version}/{role}/{kind}",
        "/system/{version}/{role}/{kind}/{id}", "/trends/{name}",
    }  # fmt: skip
    assert expected - shown == set()


BODIES: dict[str, Any] = {
    "assign": {"person": "a@firm.example"}, "comments": {"text": "x"}, "skip": {"reason": "x"},
    "fix": {"values": {"role": "Consultant"}}, "resolve": {"code": "corrected"},
    "signatures": {"role": "finance"}, "acceptance": {"reason": "x"},
    "erasure": {"reason": "x"}, "hold-bulks": {"act": "comment", "chosen": {"code": "x"}},
    "billing-runs": {"up_to": "2026-07-31"}, "runs": {}, "conversions": {},
    "amendments": {"since": "2026-08-01", "note": "x",
                   "terms": {"time": {"rounding": {"step": "15m"}}}},
}  # fmt: skip
ANYWHERE = {
    "/process/v1/account-validations": "an account is of no company yet",
    "/process/v1/time-entries": "each entry by itself, below",
    "/process/v1/expenses": "each expense by itself, below",
}


async def test_no_act_reaches_what_is_of_another_company(asked: Asked) -> None:
    other, before = asked.other, await _state(asked)
    wanted = [d for d in opened(asked, "POST", "PATCH", "PUT", "DELETE") if d.path not in ANYWHERE]
    for number, door in enumerate(wanted):
        for path in asked.paths(door):
            sent: dict[str, Any] = {"headers": {**asked.one, "Idempotency-Key": f"k-{number}"}}
            if path.startswith(("/ops/", "/process/", "/system/")):
                sent["json"] = _body(path, other)
            else:
                sent["data"] = _form(path)
            where = path.split("?")[0] + _more(path)
            answer = await asked.http.request(door.method, where, **sent)
            assert answer.status_code in (403, 404), (door.method, where, answer.text[:800])
            asked_for = {s for s in other.secrets if s in where or s in str(sent)}
            assert told(asked, answer) - asked_for == set(), where
    assert await _state(asked) == before


def _body(path: str, other: Other) -> Any:
    if path.endswith("price-checks"):
        return {"project": other.ids["project"], "role": "Consultant", "worked_on": "2026-07-08",
                "hours": "6"}  # fmt: skip
    if path.endswith("hold-releases"):
        return {"hold": other.hold, "code": "corrected"}
    if path.startswith("/system/"):
        return {"attributes": {"name": "Another"}}
    return BODIES.get(path.rsplit("/", 1)[1].split("?")[0], {})


def _form(path: str) -> dict[str, str]:
    known = {"/billing/dry-run": {"through": "2026-07-31", "entity": "EA-US", "seen": "x"},
             "/reconciliation": {"name": "us-time"}}  # fmt: skip
    return known.get(path.split("?")[0], {"act": "comment", "value": "x", "code": "x",
                                          "role": "finance", "reason": "x"})  # fmt: skip


def _more(path: str) -> str:
    return "?legal_entity=EA-US" if re.fullmatch(r"/system/v1/\w+/\w+", path) else ""


async def _state(asked: Asked) -> list[Any]:
    async with asked.firm.app.database.begin() as tx:
        hold = await tx.holds.find(asked.other.hold)
        found = await tx.breaks.find(asked.other.found)
        assert hold is not None
        assert found is not None
        return [hold, found, await tx.runs.counts(), await tx.queues.comments(hold.number)]


async def test_hours_and_expenses_of_another_company_are_refused_one_by_one(asked: Asked) -> None:
    project = {"canonical_id": asked.other.ids["project"]}
    hours = {"external_id": "T-1", "project": project, "worked_on": "2026-07-21", "hours": "2",
             "resource": "none", "approval": "approved", "currency": "USD"}  # fmt: skip
    headers = {**asked.one, "Idempotency-Key": "hours"}
    answer = await asked.http.post(
        "/process/v1/time-entries?connection=acquired_psa", json=[hours], headers=headers
    )
    [entry] = answer.json()["entries"]
    assert (entry["outcome"], [p["field"] for p in entry["problems"]]) == ("refused", ["project"])
    assert "of a company that you may not submit for" in entry["problems"][0]["reason"]
    async with asked.firm.app.database.begin() as tx:
        assert await tx.holds.of_key("time_entry:acquired_psa:T-1") is None


async def test_a_payment_is_of_the_company_whose_invoice_it_pays(asked: Asked) -> None:
    path = "/system/v1/erp/payment"
    whole = (await asked.http.get(path, headers=asked.all)).json()["items"]
    ours = (await asked.http.get(path, headers=asked.one)).json()["items"]
    assert (len(whole), len(ours)) == (2, 1)
    assert ours[0]["id"] != asked.other.ids["payment"]


async def _our_hold(asked: Asked) -> HoldRow:
    async with asked.firm.app.database.begin() as tx:
        held = await tx.holds.list(code="rate_mismatch")
    [ours] = [hold for hold in held if hold.label != asked.other.hold]
    return ours


def _elsewhere(other: Other) -> list[tuple[str, str, str]]:
    """Attribute, value of another company, and what is said of it."""
    return [
        ("project", other.ids["project"], "does not name one project"),
        ("project", PROJECTS, "does not name one project"),
        ("phase", other.ids["phase"], "does not name one phase"),
        ("legal_entity", other.ids["legal_entity"], "does not name one legal_entity"),
        ("project.legal_entity", "EA-US", "'EA-US' is another company"),
    ]


async def test_no_correction_takes_what_is_held_to_another_company(asked: Asked) -> None:
    """By the API, and by the page that tells what a correction would do or keeps it."""
    ours, http = await _our_hold(asked), asked.http
    api_path, page = f"/ops/v1/holds/{ours.label}", f"/exceptions/{ours.label}/fix"
    etag = (await http.get(api_path, headers=asked.one)).headers["etag"]
    for number, (field, value, why) in enumerate(_elsewhere(asked.other)):
        headers = {**asked.one, "If-Match": etag, "Idempotency-Key": f"fix-{number}"}
        fixing = {"values": {field: value}}
        answer = await http.post(f"{api_path}/fix", json=fixing, headers=headers)
        said = answer.json()
        assert (answer.status_code, said["code"]) == (409, "act_refused"), said
        named = field if "." in field else f"time_entry.{field}"
        assert said["detail"].startswith(f"{named}: "), said
        assert why in said["detail"]
        assert "EA-NL" in said["detail"], "it says where the role holds"
        assert said["remedy"]
        assert told(asked, answer) - {value} == set()
        for do in ("check", "keep"):
            sent = {field: value, "do": do}
            shown = await http.post(page, data=sent, headers={**asked.one, "origin": "http://i"})
            assert shown.status_code == 422, (field, do)
            assert why in unescape(shown.text)
            assert told(asked, shown) - {value} == set()
    async with asked.firm.app.database.begin() as tx:
        assert await tx.edits.of_hold(ours.number) == []


async def test_no_write_takes_an_object_to_another_company(asked: Asked) -> None:
    """Nor is one made there by the system of a company of ours."""
    async with asked.firm.app.database.begin() as tx:
        [deal] = await tx.records.list(Opportunity, legal_entity="EA-NL")
    path = f"/system/v1/crm/opportunity/{deal.id}"
    seen = await asked.http.get(path, headers=asked.one)
    theirs = {"attributes": {"legal_entity": "EA-US"}}
    headers = {**asked.one, "If-Match": seen.headers["etag"], "Idempotency-Key": "w-1"}
    refused = [await asked.http.patch(path, json=theirs, headers=headers)]
    new = {"name": "Theirs", "customer": deal.customer, "stage": "open", "legal_entity": "EA-US"}
    refused.append(
        await asked.http.post(
            "/system/v1/crm/opportunity?legal_entity=EA-NL", json={"attributes": new},
            headers={**asked.one, "Idempotency-Key": "w-2"},
        )
    )  # fmt: skip
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (409, "act_refused"), answer.text
        assert answer.json()["detail"] == (
            "opportunity.legal_entity: 'EA-US' is another company. Your role holds in EA-NL."
        )
    deals = asked.firm.org.rows("Opportunity")
    assert [d["Contracting_Entity__c"] for d in deals] == ["EA-NL"]


async def test_an_object_of_ours_is_seen_and_its_events_are_read(asked: Asked) -> None:
    ours = await _our_hold(asked)
    page = await asked.http.get("/exceptions?single=1", headers=asked.one)
    assert ours.label in page.text
    assert (await asked.http.get(f"/exceptions/{ours.label}", headers=asked.one)).is_success
    run = await asked.http.get(f"/events?subject={ours.object_id}", headers=asked.one)
    assert run.status_code == 200
