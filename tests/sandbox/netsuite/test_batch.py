"""Asynchronous batches: accepted, carried out later, each record alone, once per key."""

from typing import Any

import httpx2
import pytest

from .conftest import RECORD, Api, invoice

pytestmark = pytest.mark.anyio
HEADERS = {
    "Prefer": "respond-async",
    "Content-Type": "application/vnd.oracle.resource+json; type=collection",
}


def clients(*names: str) -> list[dict[str, Any]]:
    return [
        {"externalId": name, "companyName": name, "subsidiary": {"externalId": "NL"}}
        for name in names
    ]


async def submit(
    api: Api, items: list[Any], method: str = "PUT", record: str = "customer", **headers: str
) -> httpx2.Response:
    return await api.send(method, f"{RECORD}/{record}", {"items": items}, headers=HEADERS | headers)


async def results(api: Api, answer: httpx2.Response) -> Any:
    assert answer.status_code == 202, answer.text
    job = (await api.send("GET", answer.headers["location"])).json()
    assert (job["completed"], job["progress"]) == (True, "succeeded")
    tasks = (await api.send("GET", job["task"]["links"][0]["href"])).json()
    (task,) = tasks["items"]
    related, own = task["links"]
    assert (related["rel"], own["rel"]) == ("related", "self")
    assert (await api.send("GET", own["href"])).json() == task
    return (await api.send("GET", related["href"])).json()["items"]


async def test_each_record_succeeds_or_fails_alone(api: Api) -> None:
    items = [*clients("a"), {"externalId": "b", "companyName": "b"}, *clients("c", "cust-nl")]
    answer = await submit(api, items)
    assert answer.headers["preference-applied"] == "respond-async"
    first, second, third, fourth = await results(api, answer)
    assert (first["status"], first["externalId"]) == (204, "a")
    assert first["location"].endswith(f"/customer/{first['id']}")
    assert (second["status"], second["o:errorDetails"][0]["o:errorPath"]) == (400, "subsidiary")
    assert third["status"] == 204
    assert fourth["status"] == 204
    names = [row["companyName"] for row in await api.rows("customer")]
    assert names == ["cust-nl", "Client DE", "a", "c"]


async def test_a_batch_repeated_as_upsert_makes_nothing_new(api: Api) -> None:
    for _ in range(2):
        await results(api, await submit(api, clients("a", "b")))
    assert len(await api.rows("customer")) == 4


async def test_post_and_patch(api: Api) -> None:
    (made,) = await results(api, await submit(api, clients("a"), "POST"))
    again, by_id, by_key = await results(
        api,
        await submit(api, clients("a"), "POST"),
    ) + await results(
        api,
        await submit(
            api, [{"id": made["id"], "email": "x@y.example"}, {"externalId": "a"}], "PATCH"
        ),
    )
    assert again["o:errorDetails"][0]["o:errorCode"] == "DUP_RCRD"
    assert (by_id["status"], by_key["id"]) == (204, made["id"])
    assert (await api.get("customer", "eid:a"))["email"] == "x@y.example"


async def test_a_batch_waits_its_delay_and_runs_unasked(api: Api) -> None:
    await api.control("settings", {"batch_seconds": 3600})
    answer = await submit(api, clients("a"))
    place = answer.headers["location"]
    job = (await api.send("GET", place)).json()
    assert (job["completed"], job["progress"]) == (False, "pending")
    assert (await api.refused("GET", f"{place}/task/1/result"))[0] == 404
    assert len(await api.rows("customer")) == 2
    now = api.account.books.now
    api.account.books.now = lambda: now().replace(year=now().year + 1)
    assert len(await api.rows("customer")) == 3


async def test_one_key_one_job(api: Api) -> None:
    key = {"X-NetSuite-Idempotency-Key": "7f2c1c1e-0c39-4f7c-9a38-0b4a41d7d0aa"}
    first = await submit(api, clients("a"), "POST", **key)
    second = await submit(api, clients("b"), "POST", **key)
    body = second.json()
    assert (second.status_code, body["title"]) == (400, "Conflict")
    assert body["o:errorDetails"][0]["o:errorCode"] == "IDEMPOTENCY_ERROR"
    assert second.headers["location"] == first.headers["location"]
    assert [row.get("externalId") for row in await api.rows("customer")][2:] == ["a"]


async def test_the_key_is_ignored_without_async(api: Api) -> None:
    headers = {"X-NetSuite-Idempotency-Key": "7f2c1c1e-0c39-4f7c-9a38-0b4a41d7d0aa"}
    for _ in range(2):
        answer = await api.send("POST", f"{RECORD}/invoice", invoice(), headers=headers)
        assert answer.status_code == 204
    assert len(await api.rows("invoice")) == 2


async def test_what_is_no_batch(api: Api) -> None:
    assert (await submit(api, clients(*(str(at) for at in range(101))))).status_code == 400
    assert (await submit(api, [])).status_code == 400
    wrong = {"Content-Type": "application/json"}
    assert (await submit(api, clients("a"), **wrong)).status_code == 415
    path = f"{RECORD}/customer"
    assert (await api.refused("PUT", path, {"items": clients("a")}))[0] == 405
    keyless = [{"companyName": "k", "subsidiary": {"externalId": "NL"}}, "text"]
    one, two = await results(api, await submit(api, keyless))
    assert one["o:errorDetails"][0]["o:errorPath"] == "externalId"
    assert two["o:errorDetails"][0]["o:errorCode"] == "INVALID_CONTENT"
    assert len(await api.rows("customer")) == 2
