"""The concurrency limit, faults on vendor paths, counts, and the control endpoints."""

import asyncio

import httpx2
import pytest

from .conftest import CLIENT_ID, FIRM, RECORD, Api, invoice

pytestmark = pytest.mark.anyio
PATH = f"{RECORD}/currency"


async def flood(api: Api, count: int) -> list[httpx2.Response]:
    await api.control("faults", {"kind": "latency", "seconds": 0.3, "path": "/record/"})
    return await asyncio.gather(*(api.send("GET", PATH) for _ in range(count)))


@pytest.mark.parametrize("status", [429, 400])
async def test_more_than_the_limit_in_flight_is_refused(api: Api, status: int) -> None:
    await api.control("settings", {"concurrency_limit": 3, "concurrency_status": status})
    answers = await flood(api, 5)
    assert sorted(answer.status_code for answer in answers) == sorted([200] * 3 + [status] * 2)
    refusal = next(answer for answer in answers if answer.status_code == status)
    assert refusal.json()["title"] == "Concurrent request limit exceeded. Request blocked."
    assert refusal.json()["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
    assert "retry-after" not in refusal.headers
    assert (await api.send("GET", PATH)).status_code == 200


async def test_the_limit_can_be_read(api: Api) -> None:
    limits = (await api.send("GET", "/services/rest/system/v1/governanceLimits")).json()
    assert limits["accountConcurrencyLimit"] == 5


async def test_a_lost_answer_is_committed_once(api: Api) -> None:
    await api.control("faults", {"kind": "timeout_after_commit", "path": "/invoice", "times": 1})
    path = f"{RECORD}/invoice/eid:inv-1"
    with pytest.raises(httpx2.TransportError):
        await api.send("PUT", path, invoice())
    assert (await api.get("invoice", "eid:inv-1"))["total"] == 1210.0
    await api.send("PUT", path, invoice(), params={"replace": "item"})
    (row,) = await api.rows("invoice")
    assert row["total"] == 1210.0


async def test_an_injected_error_speaks_the_vendor_s_language(api: Api) -> None:
    await api.control("faults", {"kind": "error", "status": 503, "times": 1})
    answer = await api.send("GET", PATH)
    assert answer.status_code == 503
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "UNEXPECTED_ERROR"


async def test_requests_are_counted_by_template(api: Api) -> None:
    await api.send("PUT", f"{RECORD}/invoice/eid:inv-1", invoice())
    await api.send("PUT", f"{RECORD}/invoice/eid:inv-2", invoice())
    await api.send("GET", f"{RECORD}/invoice/1")
    stats = (await api.client.get("/__control/stats")).json()
    counts = {
        (row["method"], row["path"], row["status"]): row["count"] for row in stats["requests"]
    }
    assert counts == {
        ("POST", "/services/rest/auth/oauth2/v1/token", "200"): 1,
        ("PUT", f"{RECORD}/invoice/eid:{{externalId}}", "204"): 2,
        ("GET", f"{RECORD}/invoice/{{id}}", "200"): 1,
    }
    assert stats["most_in_flight"] == 1


async def test_seed_is_all_or_nothing_and_may_be_repeated(api: Api) -> None:
    again = await api.control("seed", FIRM)
    assert len(again["ids"]["customer"]) == 2
    assert len(await api.rows("customer")) == 2
    body = {"department": [{"name": "New"}], "customer": [{"companyName": "x"}]}
    answer = await api.client.post("/__control/seed", json=body)
    assert answer.status_code == 400
    assert [row["name"] for row in await api.rows("department")] == ["Advisory"]


async def test_settings_refuse_the_unknown(api: Api) -> None:
    for body in ({"concurency": 1}, {"concurrency_status": 500}, {"concurrency_limit": "9"}):
        answer = await api.client.post("/__control/settings", json=body)
        assert answer.status_code == 400, body
    assert (await api.client.get("/__control/settings")).json()["concurrency_limit"] == 5


async def test_custom_fields_are_declared(api: Api) -> None:
    await api.control("settings", {"custom_fields": {"invoice": ["custbody_contract"]}})
    row_id = await api.create("invoice", **invoice(custbody_contract="C-1", custbody_other="x"))
    shown = await api.get("invoice", row_id)
    assert shown["custbody_contract"] == "C-1"
    assert "custbody_other" not in shown


async def test_reset_empties_the_account(api: Api) -> None:
    assert await api.select("SELECT COUNT(*) AS n FROM customer") == [{"n": "2"}]
    await api.control("reset", {})
    assert await api.rows("customer") == []
    assert (await api.ask_token(api.assertion())).status_code == 401
    body = {
        "client_id": CLIENT_ID,
        "certificate_id": "fake-certificate",
        "public_key": public_key(),
    }
    await api.control("integrations", body)
    await api.sign_in()
    assert await api.select("SELECT COUNT(*) AS n FROM customer") == [{"n": "0"}]
    seeded = await api.control("seed", FIRM)
    assert seeded["ids"]["customer"] == ["2", "3"], "entity ids start again after the employee"


def public_key() -> str:
    from .conftest import PUBLIC_PEM

    return PUBLIC_PEM.decode()
