"""What a submission of hours may not be, and that nothing a caller sends is a fault of ours."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from tests.api.submitting import (
    JSON,
    NDJSON,
    PATH,
    as_lines,
    calling,
    counted,
    hours_of,
    post,
    rate,
    submitted,
)
from tests.firm import Firm
from tests.flows.work import entries, ledger, under_way
from tests.waiting import until

from isthmus.events.sent_entries import SENT
from isthmus.kit.clock import utc_now
from isthmus.store.tables import submission

pytestmark = pytest.mark.anyio
TOKEN = "not-a-real-token"
BOMB = gzip.compress(b"[" + b" " * 20_000_000 + b"]")


class Bad(NamedTuple):
    """A request that is refused as a whole, and what its caller is told."""

    status: int
    told: str
    body: bytes = b"[]"
    how: Mapping[str, Any] = MappingProxyType({})


BAD = {
    "bomb": Bad(413, "a body of more than 16,000,000 bytes is refused, packed or not; "
                "send it in parts", BOMB, {"content-encoding": "gzip"}),
    "large": Bad(413, "a request of more than 16,000,000 bytes is refused", b" " * 16_000_001),
    "many": Bad(413, "more than 10,000 entries in one request are refused; send it in parts",
                json.dumps([{}] * 10_001).encode()),
    "many lines": Bad(413, "more than 10,000 entries in one request are refused; "
                      "send it in parts", as_lines(["{}"] * 10_001), {"media_type": NDJSON}),
    "cut off": Bad(400, "the gzip ends before its end: the body was cut off",
                   gzip.compress(b"[]")[:-4], {"content-encoding": "gzip"}),
    "no gzip": Bad(400, "the body is no gzip: Error -3 while decompressing data: "
                   "incorrect header check", b"[]", {"content-encoding": "gzip"}),
    "no JSON": Bad(400, "the body is no JSON: Expecting value: line 1 column 2 (char 1)", b"["),
    "deep": Bad(400, "the body is no JSON: it is nested too deep", b"[" * 100_000),
    "an object": Bad(400, "the body is no JSON array; send an array, or application/x-ndjson",
                     b"{}"),
    "no UTF-8": Bad(400, "the body is not UTF-8 from byte 1 on", b"[\xff]"),
    "form": Bad(415, "send application/json or application/x-ndjson, plain or with "
                "Content-Encoding: gzip", how={"media_type": "text/plain"}),
    "brotli": Bad(415, "send application/json or application/x-ndjson, plain or with "
                  "Content-Encoding: gzip", how={"content-encoding": "br"}),
    "no key": Bad(400, "Idempotency-Key is missing, or no text of 1 to 200 characters; send one "
                  "for each request, the same whenever you repeat it", how={"key": None}),
    "not a PSA": Bad(422, "no PSA is connected as 'netsuite'; `connection` is one of certinia",
                     how={"connection": "netsuite"}),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_request_that_cannot_be_used(firm: Firm, bad: Bad) -> None:
    async with calling(firm) as http:
        answer = await post(http, bad.body, **bad.how)
        assert (answer.status_code, answer.json()["detail"]) == (bad.status, bad.told)
        assert counted(await submitted(http, [], "key-1")) == (0, 0, 0, 0), "the key is unused"


NASTY: list[Any] = [
    None, "", " ", "\0", "a\0b", "\ud800", "\U0001f600", "x" * 300, "' or 1=1", True, 0, -1, 10**30,
    "1e999999", "NaN", "-Infinity", "0.1234567890123", "9" * 40, [], [[]], {}, {"canonical_id": 1},
    {"canonical_id": "x"}, {"canonical_id": None, "\0": 1}, {"amount": "1e400", "currency": "EUR"},
    {"amount": "1", "currency": "\0"}, {"amount": [], "currency": {}}, "0001-01-01", "9999-12-31",
]  # fmt: skip
RAW = ("1e999999999999999999999", "NaN", "-Infinity", "1" * 5000, "0.1e-400", "[" * 2000)


async def test_no_value_is_a_fault_of_ours(firm: Firm) -> None:
    work = await under_way(firm)
    names = [*SENT, "external_id", "invoice_number", "\0", "ü"]
    nasty = [
        hours_of(work, f"N-{n}-{name.encode().hex()}") | {name: value}
        for name in names
        for n, value in enumerate(NASTY)
    ]
    template = json.dumps(hours_of(work, "R-{}", 0)).replace('"hours": 0', '"hours": <>')
    raw = [template.replace("{}", str(n)).replace("<>", value) for n, value in enumerate(RAW)]
    good = hours_of(work, "T-1", 8)
    async with calling(firm) as http:
        body = as_lines([good, *nasty, *raw, {**good, "external_id": "T-2"}])
        answer = await post(http, body, media_type=NDJSON)
    assert answer.status_code == 200, answer.text
    outcomes = [e["outcome"] for e in answer.json()["entries"]]
    assert (outcomes[0], outcomes[-1]) == ("accepted", "accepted")
    assert set(outcomes) == {"accepted", "refused"}
    assert len(outcomes) == 2 + len(names) * len(NASTY) + len(RAW)
    assert outcomes[-1 - len(RAW) : -1] == ["refused"] * len(RAW)
    for entry in answer.json()["entries"]:
        assert ("problems" in entry) == (entry["outcome"] == "refused")
        assert all(p["reason"] and p["remedy"] for p in entry.get("problems", ()))


async def test_back_pressure_before_the_limit_is_passed(firm: Firm) -> None:
    firm.app.settings = firm.app.settings.model_copy(update={"intake_limit": 3})
    work = await under_way(firm)
    week = [hours_of(work, f"T-{n}", 1) for n in range(1, 4)]
    late = [hours_of(work, "T-4", 1)]
    draft = [hours_of(work, "T-9", 1, approval="draft")]
    async with calling(firm) as http:
        async with firm.app.database.begin() as tx:
            await tx.lock("time.batched")  # no worker makes a batch meanwhile
            assert counted(await submitted(http, draft, "draft")) == (1, 0, 0, 0)
            assert counted(await submitted(http, week[:2], "two")) == (2, 0, 0, 0)
            assert counted(await submitted(http, week[2:], "one")) == (1, 0, 0, 0)
            answer = await post(http, late, "late")
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
            assert answer.json()["detail"] == (
                "3 time entries or more wait to be rated; send it again in 30 s"
            )
            assert counted(await submitted(http, week[:2], "two")) == (2, 0, 0, 0), "as before"
            assert await entries(firm) == {"received": 3, "unapproved": 1}
        await rate(firm)
        assert counted(await submitted(http, late, "late")) == (1, 0, 0, 0)
    await rate(firm)
    assert await ledger(firm) == [("posted", "EUR", Decimal(600), 4)]


async def test_what_others_take_in_is_noticed_beside_the_requests(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two processes: the one that has taken in little asks on as long as it knows no better."""
    monkeypatch.setattr("isthmus.events.backlog.COUNTED_EVERY", 0.0)
    firm.app.settings = firm.app.settings.model_copy(update={"intake_limit": 6})
    work = await under_way(firm)
    async with firm.app.database.begin() as tx:
        await tx.connection.execute(sa.insert(submission).values(
            key="old", digest=b"", answer="", received_at=utc_now() - timedelta(days=8)
        ))  # fmt: skip
        await tx.connection.execute(sa.insert(submission).values(
            key="recent", digest=b"", answer="", received_at=utc_now() - timedelta(days=6)
        ))  # fmt: skip

    async def counted_again() -> bool:
        """On which occasion old keys are forgotten."""
        async with firm.app.database.begin() as tx:
            return not await tx.submissions.many(["old"])

    async with calling(firm) as one, calling(firm) as other, firm.app.database.begin() as tx:
        await tx.lock("time.batched")  # no worker makes a batch meanwhile
        assert counted(await submitted(one, [hours_of(work, "T-1", 1)], "a")) == (1, 0, 0, 0)
        five = [hours_of(work, f"T-{n}", 1) for n in range(2, 7)]
        assert counted(await submitted(other, five, "b")) == (5, 0, 0, 0)
        assert counted(await submitted(one, [hours_of(work, "T-7", 1)], "c")) == (1, 0, 0, 0)
        await until(counted_again)
        answer = await post(one, [hours_of(work, "T-8", 1)], "d")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
        assert await entries(firm) == {"received": 7}
    async with firm.app.database.begin() as tx:
        assert (await tx.submissions.many(["recent"])).keys() == {"recent"}


async def test_a_process_takes_in_so_many_requests_at_once(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isthmus.api.time_entries.AT_ONCE", 0)
    async with calling(firm) as http:
        answer = await post(http, [])
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer another-token-of-16"}, 401),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
    ],
)
async def test_the_token_decides_who_submits(
    firm: Firm, headers: dict[str, str], status: int
) -> None:
    firm.app.settings = firm.app.settings.model_copy(update={"api_token": SecretStr(TOKEN)})
    async with calling(firm) as http:
        assert (await post(http, [], **headers)).status_code == status


async def test_without_a_token_only_this_machine_submits(firm: Firm) -> None:
    async with calling(firm) as http:
        answer = await post(http, [], **{"x-forwarded-for": "10.0.0.1"})
    assert answer.status_code == 403


async def test_the_description_says_what_an_entry_is(firm: Firm) -> None:
    async with calling(firm) as http:
        found = (await http.get("/openapi.json")).json()["paths"][PATH]["post"]
    body = found["requestBody"]["content"]
    one = body[NDJSON]["schema"]
    assert body[JSON]["schema"] == {"type": "array", "maxItems": 10_000, "items": one}
    assert set(one["properties"]) == {"external_id", *SENT}
    assert one["required"] == [
        "external_id", "resource", "project", "worked_on", "hours", "currency",
    ]  # fmt: skip
    assert "invoice_number" not in one["properties"]
    assert "$ref" not in json.dumps(one)
    assert {"200", "400", "401", "403", "413", "415", "422", "429", "503"} <= set(
        found["responses"]
    )
