"""The gateway's own promises: one shape of errors, keys, pages, ETags, versions, limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.api.gateway import Gateway, a_month_of_work, at_the_gateway
from tests.firm import Firm

from isthmus.canonical import Customer, Project
from isthmus.holds.triage import triage
from isthmus.kit.clock import utc_now

pytestmark = pytest.mark.anyio
SHAPE = {
    "type", "title", "status", "detail", "code", "remedy", "errors", "correlation_id",
}  # fmt: skip


async def problem(api: Gateway, method: str, path: str, **how: Any) -> tuple[int, str]:
    """(status, code) of an answer that has the one shape."""
    answer = await api.http.request(method, path, **how)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    assert found.keys() == SHAPE
    assert found["status"] == answer.status_code
    assert found["type"] == f"urn:isthmus:problem:{found['code']}"
    assert found["correlation_id"] == answer.headers["x-correlation-id"]
    assert found["remedy"]
    return answer.status_code, found["code"]


async def test_a_day_at_the_gateway(firm: Firm) -> None:
    await a_month_of_work(firm)
    async with at_the_gateway(firm) as api:
        await errors_have_one_shape(api)
        await lists_come_in_pages(api)
        await writes_go_to_the_owner(api)
        await two_versions_stand_side_by_side(api)
        await a_wait_is_answered(api)
        await a_hold_is_worked_through(api)
        await expenses_are_taken_in(api)


async def errors_have_one_shape(api: Gateway) -> None:
    assert await problem(api, "GET", "/nowhere") == (404, "not_found")
    assert await problem(api, "DELETE", "/catalogue") == (405, "method_not_allowed")
    assert await problem(api, "GET", "/ops/v1/runs?limit=0") == (422, "invalid")
    assert await problem(api, "GET", "/ops/v1/holds?fields=colour") == (422, "field_unknown")
    assert await problem(api, "GET", "/ops/v1/holds?after=abc") == (400, "cursor_unusable")
    assert await problem(api, "GET", "/ops/v1/holds/H-99") == (404, "not_found")
    assert await problem(api, "GET", "/system/v1/hcm/contract") == (404, "kind_unknown")
    path, key = "/process/v1/price-checks", {"idempotency-key": "shape"}
    assert await problem(api, "POST", path, json={}) == (400, "idempotency_key_missing")
    assert await problem(api, "POST", path, json={}, headers=key) == (422, "invalid")
    as_json = {**key, "content-type": "application/json"}
    cut = await problem(api, "POST", path, content=b"{", headers=as_json)
    assert cut == (400, "bad_request")
    packed = {**key, "content-encoding": "gzip"}
    assert await problem(api, "POST", path, content=b"x", headers=packed) == (415, "media_type")
    large = b" " * 2_000_001
    assert await problem(api, "POST", path, content=large, headers=key) == (413, "too_large")
    answer = await api.http.get("/healthz", headers={"x-correlation-id": "mine-1"})
    assert answer.headers["x-correlation-id"] == "mine-1"
    answer = await api.http.get("/healthz", headers={"x-correlation-id": 'no "plain" text'})
    assert answer.headers["x-correlation-id"] != 'no "plain" text'


async def lists_come_in_pages(api: Gateway) -> None:
    whole = (await api.get("/ops/v1/runs", limit=500))["items"]
    labels: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await api.get("/ops/v1/runs", limit=4, fields="flow", **after)
        assert all(row.keys() == {"label", "flow"} for row in page["items"])
        labels += [row["label"] for row in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert labels == [row["label"] for row in whole]
    assert len(set(labels)) == len(labels) > 8
    other = await api.http.get("/ops/v1/runs", params={"limit": 4, "flow": "x", **after})
    assert other.json()["code"] == "cursor_unusable"
    [conversion] = (await api.get("/ops/v1/runs", flow="opportunity_to_project"))["items"]
    story = await api.get(f"/ops/v1/runs/{conversion['label']}")
    assert [s["name"] for s in story["steps"]][:2] == ["validate_deal", "ensure_customer"]
    assert (await api.post(f"/ops/v1/runs/{story['label']}/replay"))["resumed"] is False


async def writes_go_to_the_owner(api: Gateway) -> None:
    where = {"where": "name:Harbour Works"}
    [row] = (await api.get("/system/v1/erp/customer", **where, fields="name"))["items"]
    assert row["attributes"] == {"name": "Harbour Works"}
    assert row["lineage"]["systems"].keys() == {"salesforce", "netsuite"}
    path = f"/system/v1/erp/customer/{row['id']}"
    whole = await api.http.get(path)
    etag, owners = whole.headers["etag"], whole.json()["owners"]
    assert (owners["name"], owners["payment_terms"]) == ("crm", "erp")

    foreign = await api.send("PATCH", path, {"attributes": {"name": "X"}}, if_match=etag)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "not_owner")
    assert "belongs to crm" in foreign.json()["detail"]
    terms = {"attributes": {"payment_terms": "Net 15"}}
    assert (await api.send("PATCH", path, terms)).status_code == 428
    assert (await api.send("PATCH", path, terms, if_match='"old"')).status_code == 412

    crm = f"/system/v1/crm/customer/{row['id']}"
    change = {"attributes": {"website": "https://harbour.example"}}
    first = await api.send("PATCH", crm, change, if_match=etag, idempotency_key="website")
    assert first.status_code == 200, first.text
    again = await api.send("PATCH", crm, change, if_match=etag, idempotency_key="website")
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert "idempotency-replayed" not in first.headers
    other = await api.send("PATCH", crm, terms, if_match=etag, idempotency_key="website")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_used")
    [account] = [a for a in api.firm.org.rows("Account") if a["Name"] == "Harbour Works"]
    assert account["Website"] == "https://harbour.example"
    async with api.firm.app.database.begin() as tx:
        kept = await tx.records.get(Customer, row["id"])
    assert kept.website == "https://harbour.example"
    assert (await api.get(crm, fresh=True))["attributes"]["website"] == kept.website


async def two_versions_stand_side_by_side(api: Gateway) -> None:
    old = await api.http.get("/system/v1/psa/project")
    assert old.headers["deprecation"] == "@1796083200"
    assert old.headers["sunset"] == "Wed, 01 Dec 2027 00:00:00 GMT"
    assert '</system/v2/psa/project>; rel="successor-version"' in old.headers["link"]
    new = await api.http.get("/system/v2/psa/project")
    assert "deprecation" not in new.headers
    first = {p["id"]: p for p in old.json()["items"]}
    for second in new.json()["items"]:
        before = first[second["id"]]
        assert (before["schema_version"], second["schema_version"]) == ("1.0", "2.0")
        code = before["attributes"]["legal_entity"]
        assert second["attributes"]["legal_entity_code"] == code
        found = await api.get("/system/v2/erp/legal_entity", where=f"code:{code}")
        ids = [company["id"] for company in found["items"]]
        assert [second["attributes"]["legal_entity"]] == (ids if code else [None])
    schema = await api.get("/system/v2/psa/project/schema")
    assert (schema["x-schema-version"], schema["title"]) == ("2.0", Project.__name__)
    still = await api.http.get("/system/v1/crm/customer")
    assert "deprecation" not in still.headers


async def a_wait_is_answered(api: Gateway) -> None:
    valid = await api.post(
        "/process/v1/account-validations",
        {"name": "Harbour Works BV", "country": "NL", "tax_registration": "NL004495445B01",
         "legal_entity": "EA-NL"},
    )  # fmt: skip
    assert valid["valid"] is False
    assert [(d["system"], d["certain"]) for d in valid["duplicates"]] == [("isthmus", True)]
    wrong = await api.post(
        "/process/v1/account-validations",
        {"name": "New Client", "country": "NL", "tax_registration": "NL123456789B01"},
    )
    assert [(p["code"], p["field"]) for p in wrong["problems"]] == [
        ("tax_registration_invalid", "tax_registration")
    ]
    asked = {"project": "Harbour redesign", "role": "Consultant", "worked_on": "2026-07-08"}
    price = await api.post("/process/v1/price-checks", {**asked, "hours": "6.5"})
    assert price["rate"] == {"amount": "150.0", "currency": "EUR"}
    assert price["amount"] == {"amount": "975.00", "currency": "EUR"}
    assert price["problems"] == []
    none = await api.post("/process/v1/price-checks", {**asked, "role": "Poet", "hours": "1"})
    assert (none["rate"], len(none["problems"])) == (None, 1)
    ready = await api.get("/process/v1/invoice-readiness", up_to="2026-08-31")
    [total] = ready["totals"]
    assert (total["client"], total["to_invoice"], total["ready"], total["held"]) == (
        "Harbour Works", "1800.00", "0", "3996.00"
    )  # fmt: skip
    await a_deal_is_converted(api)


async def expenses_are_taken_in(api: Gateway) -> None:
    [project] = [p for p in api.firm.org.rows("pse__Proj__c") if p["Name"] == "Harbour redesign"]
    hotel = {
        "external_id": "EXP-1", "resource": api.firm.org.ids["E001"], "project": project["Id"],
        "category": "Hotel", "spent_on": "2026-07-08", "approval": "draft",
        "amount": {"amount": "120.00", "currency": "EUR"},
    }  # fmt: skip
    path = "/process/v1/expenses?connection=certinia"
    lost = {**hotel, "external_id": "EXP-2", "project": "a0P-unknown"}
    first = await api.post(path, [hotel, lost])
    assert [e["outcome"] for e in first["entries"]] == ["accepted", "refused"]
    assert [p["field"] for p in first["entries"][1]["problems"]] == ["project"]
    more = {**hotel, "amount": {"amount": "125.00", "currency": "EUR"}}
    assert (await api.post(path, [more]))["changed"] == 1
    assert (await api.post(path, [more]))["unchanged"] == 1
    async with api.firm.app.database.begin() as tx:
        [row] = (await tx.expenses.many([first["entries"][0]["id"]])).values()
    assert (row.entry.amount.amount, row.version) == (Decimal("125.00"), 2)
    assert (await api.post("/process/v1/expenses?connection=netsuite", [hotel], 422))["code"] == (
        "no_psa"
    )


async def a_deal_is_converted(api: Gateway) -> None:
    [deal] = [d for d in api.firm.org.rows("Opportunity") if d["Name"] == "Coast survey"]
    path = f"/process/v1/opportunities/{deal['Id']}/conversions"
    refused = await api.post(path, status=409)
    assert (refused["code"], "the CRM owns the stage" in refused["detail"]) == ("act_refused", True)
    await api.firm.org.update("Opportunity", deal["Id"], StageName="Closed Won")
    done = await api.post(f"{path}?wait=30")
    assert (done["state"], done["holds"]) == ("succeeded", [])
    async with api.firm.app.database.begin() as tx:
        project = await tx.records.get(Project, done["project"])
    assert project.name == "Coast survey"
    assert (await api.get(done["run_url"]))["flow"] == "opportunity_to_project"
    assert (await api.post(path))["run"] == done["run"], "a second one starts nothing"


async def a_hold_is_worked_through(api: Gateway) -> None:
    await triage(api.firm.app.engine, utc_now())  # a later look would change what is edited
    [hold] = (await api.get("/ops/v1/holds", queue="finance"))["items"]
    path = f"/ops/v1/holds/{hold['label']}"
    etag = (await api.http.get(path)).headers["etag"]
    person = {"person": "kim@firm.example"}
    assert (await api.send("POST", f"{path}/assign", person)).status_code == 428
    assert (await api.send("POST", f"{path}/assign", person, if_match=etag)).status_code == 200
    assert (await api.send("POST", f"{path}/assign", person, if_match=etag)).status_code == 412
    said = await api.send(
        "POST", f"{path}/comments", {"text": "Asked."}, x_correlation_id="story-7"
    )
    assert said.json()["done"] is True
    story = await api.http.get(path)
    assert [(c["text"], c["said_by"]) for c in story.json()["comments"]] == [("Asked.", "local")]
    [told] = await api.firm.events("hold.commented")
    assert told["causation_id"] == "story-7"
    dry = await api.post(
        "/ops/v1/hold-bulks", {"act": "replay", "chosen": {"queue": "finance"}, "dry_run": True}
    )
    assert (dry["labels"], dry["blocked"]) == (
        [hold["label"]], [{"amount": "3996.00", "currency": "EUR"}]
    )  # fmt: skip
    fixed = await api.send(
        "POST", f"{path}/fix", {"values": {"source_rate": "150 EUR"}},
        if_match=story.headers["etag"],
    )  # fmt: skip
    assert fixed.status_code == 200, fixed.text
    released = await api.post(
        "/process/v1/hold-releases", {"hold": hold["label"], "code": "corrected"}
    )
    assert released["done"] is True
    await api.firm.wake()
    [project] = (await api.get("/experience/v1/delivery", client="Harbour Works"))["projects"]
    assert (project["held"], project["wip"]) == ("0", "2400.00")


async def test_a_client_may_ask_so_often(firm: Firm) -> None:
    firm.app.settings = firm.app.settings.model_copy(update={"api_rate": 2})
    async with at_the_gateway(firm) as api:
        first = await api.http.get("/catalogue")
        assert first.headers["ratelimit-policy"] == '"client";q=2;w=60'
        assert first.headers["ratelimit"].startswith('"client";r=1;t=')
        assert (await api.http.get("/catalogue")).status_code == 200
        assert await problem(api, "GET", "/catalogue") == (429, "too_many_requests")
        assert 1 <= int((await api.http.get("/catalogue")).headers["retry-after"]) <= 30
        assert (await api.http.get("/healthz")).status_code == 200
