"""J2: hours are submitted by the thousand; each has its outcome, and none is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from tests.api.submitting import (
    NDJSON,
    as_lines,
    calling,
    counted,
    hours_of,
    post,
    rate,
    submitted,
)
from tests.console.govern import as_role
from tests.firm import Firm
from tests.flows.work import FIRST, SECOND, bill, entries, ledger, posted, under_way

from isthmus.store.fact_tables import fact
from isthmus.store.submissions import Submissions

pytestmark = pytest.mark.anyio
STAMPED = {"source_rate": {"amount": "150.0", "currency": "EUR"}}
"""As the PSA stamps its hours."""


async def versions(firm: Firm) -> dict[str, tuple[int, str]]:
    """External id -> (version, state)."""
    async with firm.app.database.begin() as tx:
        rows = await tx.entries.by_external("certinia", ["T-1", "T-2", "T-3"])
    return {id: (row.version, row.state) for id, row in rows.items()}


async def test_hours_are_billed_to_the_cent(firm: Firm) -> None:
    work = await under_way(firm)
    week = [hours_of(work, "T-1", 8), hours_of(work, "T-2", 0.35, worked_on=SECOND)]
    async with calling(firm) as http:
        assert counted(await submitted(http, week, "week")) == (2, 0, 0, 0)
    await rate(firm)
    assert await entries(firm) == {"posted": 2}
    assert await ledger(firm) == [("posted", "EUR", Decimal("1252.50"), 2)]
    assert await posted(firm) == [
        (FIRST, Decimal(8), Decimal(150)), (SECOND, Decimal("0.35"), Decimal(150)),
    ]  # fmt: skip
    assert await firm.open_holds() == []


async def test_a_bad_entry_refuses_none_of_its_neighbours(firm: Firm) -> None:
    work = await under_way(firm)
    sent = [
        hours_of(work, "T-1"),
        hours_of(work, "T-2", project="no such project"),
        {"hours": 5},
        hours_of(work, "T-3", bill_rate={"amount": "1", "currency": "EUR"}),
        hours_of(work, "T-1", 4),
        "text",
        hours_of(work, "T-4", None, worked_on="2026-02-30"),
        hours_of(work, "T-5", 5, worked_on=SECOND),
    ]
    async with calling(firm) as http:
        answer = await submitted(http, sent, "mixed")
        assert counted(answer) == (2, 0, 0, 6)
        refused = {e["index"]: e["problems"][0] for e in answer["entries"] if "problems" in e}
        assert [(i, p["field"], p["reason"]) for i, p in refused.items()] == [
            (1, "project", "no such project is known"),
            (2, "external_id", "it is missing, or no text of 1 to 200 characters"),
            (3, "bill_rate", "it cannot be sent"),
            (4, "external_id", "entry 0 of this request has it too"),
            (5, "", "an entry is a JSON object"),
            (6, "worked_on", "input should be a valid date or datetime, "
             "day value is outside expected range"),
        ]  # fmt: skip
        assert refused[1]["remedy"] == (
            "Send the id that certinia gave the project, or its canonical id as "
            '{"canonical_id": ...}; a new project is read from certinia first.'
        )
        assert refused[6]["remedy"] == "Correct the entry and send it again."
        await rate(firm)
        assert await entries(firm) == {"posted": 2}
        assert await ledger(firm) == [("posted", "EUR", Decimal(1950), 2)]
        held = await firm.open_holds()
        assert [(h.code, h.owner, h.detail) for h in held] == [
            ("unusable", "pmo", {"external_id": id}) for id in ("T-2", "T-3", "T-4")
        ]
        assert held[0].reason.startswith(
            "time entry T-2 of certinia: time_entry.project = '\"no such project\"': "
            "no such project is known."
        )
        assert held[0].fix == "Correct the entry and send it again."
        again = await submitted(http, [hours_of(work, "T-2", 1)], "corrected")
        assert counted(again) == (1, 0, 0, 0)
    assert [h.detail["external_id"] for h in await firm.open_holds()] == ["T-3", "T-4"]


async def test_a_key_is_answered_once(firm: Firm) -> None:
    work = await under_way(firm)
    week = [hours_of(work, "T-1"), hours_of(work, "T-2", worked_on=SECOND)]
    async with calling(firm) as http:
        answers = await asyncio.gather(*(post(http, week) for _ in range(5)))
        assert [a.status_code for a in answers] == [200] * 5
        assert len({a.text for a in answers}) == 1
        assert counted(answers[0].json()) == (2, 0, 0, 0)
        replayed = [a.headers.get("idempotent-replayed") for a in answers]
        assert (replayed.count(None), replayed.count("true")) == (1, 4)
        assert (await post(http, week, packed=True)).text == answers[0].text

        other = await post(http, [hours_of(work, "T-3")])
        assert other.status_code == 422
        assert other.json()["detail"] == (
            "the key key-1 belongs to another request; send this one under a key of its own"
        )
        assert counted(await submitted(http, week, "key-2")) == (0, 0, 2, 0)
    await rate(firm)
    assert await versions(firm) == {"T-1": (1, "posted"), "T-2": (1, "posted")}


async def test_a_key_belongs_to_the_caller_who_sent_it(firm: Firm) -> None:
    """What one caller was answered is not told to one whose role holds in another company."""
    work = await under_way(firm)
    week = [hours_of(work, "T-1"), hours_of(work, "T-2", worked_on=SECOND)]
    dutch = await as_role(firm, "time-nl", "service", "EA-NL")
    american = await as_role(firm, "time-us", "service", "EA-US")
    async with calling(firm) as http:
        first = await post(http, week, **dutch)
        assert counted(first.json()) == (2, 0, 0, 0)
        for headers in (american, await as_role(firm, "time-firm", "service")):
            other = await post(http, week, **headers)
            assert (other.status_code, other.headers.get("idempotent-replayed")) == (422, None)
            assert other.json()["detail"] == (
                "the key key-1 belongs to another request; send this one under a key of its own"
            )
        again = await post(http, week, **dutch)
        assert (again.text, again.headers["idempotent-replayed"]) == (first.text, "true")
        assert counted(await submitted(http, week, "key-us", **american)) == (0, 0, 0, 2)

        both = await asyncio.gather(*(
            post(http, [hours_of(work, "T-3")], "at once", **headers)
            for headers in (dutch, american) * 4
        ))  # fmt: skip
        answered = [answer.status_code for answer in both]
        assert sorted(answered) == [200] * 4 + [422] * 4
        assert len(set(answered[::2])) == len(set(answered[1::2])) == 1
    await rate(firm)
    there = await versions(firm)
    assert (there["T-1"], there["T-2"]) == ((1, "posted"), (1, "posted"))
    assert ("T-3" in there) == (answered[0] == 200)


@pytest.mark.slow
async def test_a_request_that_breaks_off_has_stored_nothing(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends the connection when all but the answer is written: it is done once more."""
    work = await under_way(firm)
    answer, cuts = Submissions.answer, list[str]()

    async def cut_off(self: Submissions, answers: Mapping[str, str]) -> None:
        if not cuts:
            cuts.extend(answers)
            await self._connection.execute(sa.text("select pg_terminate_backend(pg_backend_pid())"))
        await answer(self, answers)

    monkeypatch.setattr(Submissions, "answer", cut_off)
    async with calling(firm) as http:
        told = await submitted(http, [hours_of(work, "T-1"), hours_of(work, "T-2")], "cut")
    assert cuts == ["cut"]
    assert counted(told) == (2, 0, 0, 0)
    await rate(firm)
    assert await versions(firm) == {"T-1": (1, "posted"), "T-2": (1, "posted")}


async def test_many_callers_share_a_transaction_and_no_outcome(firm: Firm) -> None:
    """Among them one that repeats itself and one with an unknown project; then one under a key that
    is used, and an entry with other hours.
    """
    work = await under_way(firm)
    good = [([hours_of(work, f"T-{n}", "0.5")], f"key-{n}") for n in range(10, 20)]
    twice = [hours_of(work, "T-1", 3)]
    async with calling(firm) as http:
        asked = [
            *good, (twice, "same"), (twice, "same"),
            ([hours_of(work, "T-2", project="no such project")], "bad"),
        ]  # fmt: skip
        first = await asyncio.gather(*(post(http, entries, key) for entries, key in asked))
        asked = [([hours_of(work, "T-3")], "key-10"), ([hours_of(work, "T-1", 4)], "later")]
        then = await asyncio.gather(*(post(http, entries, key) for entries, key in asked))
    assert [answer.status_code for answer in (*first, *then)] == [200] * 13 + [422, 200]
    outcomes = [a.json()["entries"][0]["outcome"] for a in (*first, then[1])]
    assert outcomes == ["accepted"] * 12 + ["refused", "changed"]
    assert sorted(a.headers.get("idempotent-replayed", "-") for a in first[10:12]) == ["-", "true"]
    await rate(firm)
    assert await entries(firm) == {"posted": 11}
    assert await ledger(firm) == [("posted", "EUR", Decimal("1350.00"), 11)]
    [hold] = await firm.open_holds()
    assert (hold.code, hold.owner, hold.detail) == ("unusable", "pmo", {"external_id": "T-2"})


async def test_the_same_entries_from_many_callers_at_once(firm: Firm) -> None:
    work = await under_way(firm)
    some = [hours_of(work, f"T-{n}", "0.01") for n in range(1, 201)]
    orders = [some, some[::-1], some[100:] + some[:100], some[::-1]]
    async with calling(firm) as http:
        answers = await asyncio.gather(
            *(submitted(http, order, f"caller-{n}") for n, order in enumerate(orders))
        )
    outcomes = [counted(answer) for answer in answers]
    assert tuple(map(sum, zip(*outcomes, strict=True))) == (200, 0, 600, 0)
    await rate(firm)
    assert await ledger(firm) == [("posted", "EUR", Decimal("300.00"), 200)]


@pytest.mark.slow
async def test_a_change_is_rated_again(firm: Firm) -> None:
    work = await under_way(firm)
    week = [hours_of(work, "T-1"), hours_of(work, "T-2", 5, worked_on=SECOND)]
    async with calling(firm) as http:
        first = await submitted(http, week, "first")
        await rate(firm)
        changed = [week[0], {**week[1], "hours": "6.5"}, hours_of(work, "T-3", 1)]
        answer = await submitted(http, changed, "second")
    assert counted(answer) == (1, 1, 1, 0)
    assert [e["outcome"] for e in answer["entries"]] == ["unchanged", "changed", "accepted"]
    assert [e["id"] for e in answer["entries"][:2]] == [e["id"] for e in first["entries"]]
    await rate(firm)
    assert await versions(firm) == {
        "T-1": (1, "posted"), "T-2": (2, "posted"), "T-3": (1, "posted"),
    }  # fmt: skip
    assert await ledger(firm) == [("posted", "EUR", Decimal(2325), 3)]


@pytest.mark.slow
async def test_a_change_after_invoicing_is_held(firm: Firm) -> None:
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    week = [
        hours_of(work, f"{card}:{FIRST}", **STAMPED),
        hours_of(work, f"{card}:{SECOND}", 5, worked_on=SECOND, **STAMPED),
    ]
    async with calling(firm) as http:
        await submitted(http, week, "first")
        await rate(firm)
        assert await bill(firm) == 1
        await firm.read()
        answer = await submitted(http, [week[0], {**week[1], "hours": "6.5"}], "late")
    assert counted(answer) == (0, 1, 1, 0)
    assert [e.get("held") for e in answer["entries"]] == [None, True]
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("changed_after_invoicing", "finance")
    assert hold.reason == "5 hours of 2026-07-07 were changed in the PSA after they were invoiced"
    await rate(firm)
    assert await ledger(firm) == [("invoiced", "EUR", Decimal(1950), 2)]


@pytest.mark.slow
async def test_the_same_hours_by_polling_say_nothing_new(firm: Firm) -> None:
    """What the caller sends of two days is what is read of them: the entries and facts are one."""
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    days = ((FIRST, 8), (SECOND, 5))
    sent = [hours_of(work, f"{card}:{d}", h, worked_on=d, **STAMPED) for d, h in days]
    async with calling(firm) as http:
        assert counted(await submitted(http, sent, "pushed")) == (2, 0, 0, 0)
        await rate(firm)
        before = await all_facts(firm)
        await firm.read()
        assert await all_facts(firm) == before
        assert [(f["hours"], f["rate"], f["amount"]) for f in before] == [
            (Decimal(8), Decimal(150), Decimal(1200)), (Decimal(5), Decimal(150), Decimal(750)),
        ]  # fmt: skip
        assert counted(await submitted(http, sent, "pushed again")) == (0, 0, 2, 0)
    assert await ledger(firm) == [("posted", "EUR", Decimal(1950), 2)]
    assert await firm.open_holds() == []


async def all_facts(firm: Firm) -> list[dict[str, Any]]:
    async with firm.app.database.begin() as tx:
        rows = await tx.connection.execute(fact.select().order_by(fact.c.happened_on, fact.c.id))
        return [dict(row._mapping) for row in rows]


@pytest.mark.slow
async def test_canonical_ids_and_lines_packed(firm: Firm) -> None:
    work = await under_way(firm)
    async with firm.app.database.begin() as tx:
        id = await tx.xref.canonical("project", "salesforce", work.project["Id"])
    named = hours_of(work, "T-1", project={"canonical_id": id})
    wrong = hours_of(work, "T-2", project={"canonical_id": "0190a000-0000-7000-8000-000000000000"})
    body = as_lines(
        [named, "", '{"external_id": "T-', wrong, hours_of(work, "T-3", worked_on=SECOND)]
    )
    async with calling(firm) as http:
        answer = await post(http, body, media_type=NDJSON, packed=True)
    assert answer.status_code == 200
    assert [e["outcome"] for e in answer.json()["entries"]] == [
        "accepted", "refused", "refused", "accepted",
    ]  # fmt: skip
    reasons = [e["problems"][0]["reason"] for e in answer.json()["entries"][1:3]]
    assert reasons[0].startswith("the line is no JSON: Unterminated string")
    assert reasons[1] == "no such project is known"
    await rate(firm)
    assert await ledger(firm) == [("posted", "EUR", Decimal(2400), 2)]
