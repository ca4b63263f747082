"""Time in batches: each line has its own outcome, and a batch is never worked twice."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from isthmus.canonical import TimeEntry
from isthmus.connect import Invalid, PeriodClosed, Receipt, Unavailable
from isthmus.connect.errors import ConnectError
from isthmus.connect.listing import Window, can_list, listing
from isthmus.connectors.netsuite.batch import Batches, in_order
from isthmus.connectors.netsuite.client import NetSuiteClient
from isthmus.connectors.netsuite.config import NetSuiteConfig
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.connectors.netsuite.time_bill import TimeBills
from isthmus.kit.money import Money
from isthmus.sandbox.serve import serving

from .conftest import Sandbox, config
from .firm import Firm, out

pytestmark = pytest.mark.anyio


async def project(erp: NetSuite, firm: Firm) -> str:
    customer = (await erp.put(out(firm.customer()))).external_id
    return (await erp.put(out(firm.project(customer)))).external_id


async def test_a_time_entry_alone(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    entry = firm.time(job, 3)
    first, second = await erp.put(out(entry)), await erp.put(out(entry))
    assert (first.created, second.created) == (True, False)
    (row,) = await sandbox.rows("timeBill")
    assert row["externalId"] == entry.id
    assert row["hours"] == "7.5"
    assert (row["rate"], row["overrideRate"]) == (133.33, True)
    assert (row["employee"], row["customer"]) == ({"id": firm.employee}, {"id": job})
    assert (row["department"], row["class"]) == (
        {"id": firm.department},
        {"id": firm.profit_centre},
    )
    assert row["subsidiary"] == {"id": firm.nl}
    assert (row["tranDate"], row["memo"]) == ("2026-02-03", "Interviews")
    assert (row["isBillable"], row["approvalStatus"]) == (True, {"id": "3"})


async def test_worked_hours_stand_in_for_billed_ones(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    entry = firm.time(await project(erp, firm), 3, billed_hours=None, bill_rate=None)
    await erp.put(out(entry))
    (row,) = await sandbox.rows("timeBill")
    assert row["hours"] == "7.4"
    assert "rate" not in row


async def test_a_batch_keeps_order_and_is_idempotent(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    batch = [out(firm.time(job, day)) for day in range(1, 11)]
    first = await erp.put_many(batch)
    again = await erp.put_many(batch)
    rows = {r["externalId"]: str(r["id"]) for r in await sandbox.rows("timeBill")}
    assert len(rows) == 10
    assert first == [Receipt(rows[o.obj.id], True) for o in batch]
    assert again == [Receipt(rows[o.obj.id], False) for o in batch]


async def test_what_is_there_is_listed_by_day(
    erp: NetSuite, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what somebody entered by hand, and over several pages."""
    monkeypatch.setattr(TimeBills, "page", 2)
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    sent = [firm.time(job, day) for day in range(1, 7)]
    await erp.put_many([out(entry) for entry in sent])
    by_hand = {"employee": {"id": firm.employee}, "customer": {"id": job}, "hours": "2:30",
               "tranDate": "2026-02-04", "item": {"externalId": "consulting"}}  # fmt: skip
    await sandbox.control("seed", {"timeBill": [by_hand]})
    assert can_list(erp, TimeEntry)
    window = Window(date(2026, 2, 2), date(2026, 2, 5))
    pages = [page async for page in listing(erp, TimeEntry, window)]
    assert [len(page) for page in pages] == [2, 2, 1]
    found = [change for page in pages for change in page]
    assert [c.canonical_id for c in found] == [*(e.id for e in sent[1:5]), None]
    assert dict(found[0].attributes) == {
        "resource": firm.employee, "project": job, "worked_on": date(2026, 2, 2),
        "billed_hours": Decimal("7.5"), "bill_rate": Money.of("133.33", "EUR"),
        "currency": "EUR", "legal_entity": firm.nl,
    }  # fmt: skip
    assert found[-1].attributes["billed_hours"] == Decimal("2.5")


async def test_more_than_a_hundred_go_in_parts(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    batch = [out(firm.time(job, 1 + n % 28)) for n in range(103)]
    results = await erp.put_many(batch)
    assert all(isinstance(r, Receipt) and r.created for r in results)
    assert len({r.external_id for r in results if isinstance(r, Receipt)}) == 103
    assert len(await sandbox.rows("timeBill")) == 103


async def test_a_bad_line_does_not_stop_the_others(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    batch = [
        out(firm.time(job, 1)),
        out(firm.time(job, 2, resource="999")),
        out(firm.time(job, 3)),
    ]
    results = await erp.put_many(batch)
    assert [isinstance(r, Receipt) for r in results] == [True, False, True]
    bad = results[1]
    assert isinstance(bad, Invalid)
    assert [(f.object, f.field, f.value) for f in bad.fields] == [("timeBill", "employee", "999")]
    assert len(await sandbox.rows("timeBill")) == 2


async def test_a_corrected_line_goes_through_on_the_second_try(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    """Same keys, same content: the earlier job is followed, and its failed line sent anew."""
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    batch = [out(firm.time(job, 1)), out(firm.time(job, 2, resource="7"))]
    results = await erp.put_many(batch)
    assert [isinstance(r, Receipt) for r in results] == [True, False]
    again = await erp.put_many(batch)
    assert [isinstance(r, Receipt) for r in again] == [True, False]
    people: list[dict[str, Any]] = [
        {"entityId": f"P{n}", "subsidiary": {"id": firm.nl}} for n in range(8)
    ]
    await sandbox.control("seed", {"employee": people})
    third = await erp.put_many(batch)
    assert [isinstance(r, Receipt) for r in third] == [True, True]
    assert len(await sandbox.rows("timeBill")) == 2


async def test_a_changed_entry_is_not_taken_for_the_one_before(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    entries = [firm.time(job, 1), firm.time(job, 2)]
    await erp.put_many([out(e) for e in entries])
    await erp.put_many([out(e.changed(billed_hours="8")) for e in entries])
    assert [r["hours"] for r in await sandbox.rows("timeBill")] == ["8", "8"]


@pytest.mark.parametrize("kind", ["timeout_after_commit", "drop_before"])
async def test_a_lost_answer_to_a_batch(erp: NetSuite, sandbox: Sandbox, kind: str) -> None:
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    await sandbox.faults(kind=kind, method="PUT", path="timeBill", times=1)
    results = await erp.put_many([out(firm.time(job, day)) for day in (1, 2, 3)])
    assert all(isinstance(r, Receipt) for r in results)
    assert len(await sandbox.rows("timeBill")) == 3


async def test_a_slow_job_is_waited_for(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    job = await project(erp, firm)
    await sandbox.control("settings", {"batch_seconds": 1})
    results = await erp.put_many([out(firm.time(job, day)) for day in (1, 2)])
    assert all(isinstance(r, Receipt) for r in results)


async def test_other_objects_go_one_by_one(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    results = await erp.put_many(
        [out(firm.customer()), out(firm.customer(name="No", legal_entity=None))]
    )
    assert isinstance(results[0], Receipt)
    assert isinstance(results[1], Invalid)


class Account:
    """Answers of a batch in a given shape: Oracle documents the job, not the lines of a result."""

    def __init__(self, tasks: list[Any]) -> None:
        self.tasks = tasks
        self.keys: list[str] = []
        self.polls = 0
        job = "/services/rest/async/v1/job/{job}"
        self.app = Starlette(
            routes=[
                Route("/services/rest/auth/oauth2/v1/token", self.token, methods=["POST"]),
                Route("/services/rest/record/v1/timeBill", self.submit, methods=["PUT"]),
                Route(job, self.job),
                Route(job + "/task", self.list),
                Route(job + "/task/{task}/result", self.result),
            ]
        )

    async def token(self, request: Request) -> Response:
        return JSONResponse({"access_token": "fake", "expires_in": "3600"})

    async def submit(self, request: Request) -> Response:
        self.keys.append(request.headers["X-NetSuite-Idempotency-Key"])
        assert request.headers["Prefer"] == "respond-async"
        assert request.headers["X-NetSuite-PropertyNameValidation"] == "Error"
        assert request.headers["X-NetSuite-PropertyValueValidation"] == "Error"
        kind = "application/vnd.oracle.resource+json; type=collection"
        assert request.headers["Content-Type"] == kind
        location = "https://1234567.suitetalk.api.netsuite.com/services/rest/async/v1/job/5"
        return Response(status_code=202, headers={"Location": location})

    async def job(self, request: Request) -> Response:
        self.polls += 1
        return JSONResponse({"completed": self.polls > 1, "id": "5", "progress": "processing"})

    async def list(self, request: Request) -> Response:
        base = "https://1234567.suitetalk.api.netsuite.com/services/rest/async/v1/job/5/task"
        items = [
            {"links": [{"rel": "self", "href": f"{base}/{n + 1}"}]} for n in range(len(self.tasks))
        ]
        return JSONResponse({"items": items[::-1], "totalResults": len(items)})

    async def result(self, request: Request) -> Response:
        body = self.tasks[int(request.path_params["task"]) - 1]
        return JSONResponse(body, body.get("status", 200))


async def outcomes(account: Account, count: int) -> list[ConnectError | None]:
    async with serving(account.app) as url:
        api = NetSuiteClient("erp", NetSuiteConfig.model_validate(config(url)))
        try:
            items = [{"externalId": str(n)} for n in range(count)]
            return await Batches(api, 0.001).run("timeBill", items, "key-1")
        finally:
            await api.close()


BAD = {
    "title": "Bad Request",
    "status": 400,
    "o:errorDetails": [{"detail": "Closed.", "o:errorCode": "TRAN_PRD_CLOSED"}],
}


async def test_a_task_for_each_record() -> None:
    account = Account([{"id": "1"}, BAD, {"id": "3"}])
    found = await outcomes(account, 3)
    assert [type(e) for e in found] == [type(None), PeriodClosed, type(None)]
    assert (account.keys, account.polls) == (["key-1"], 2)


async def test_one_task_with_a_line_for_each_record() -> None:
    lines = {"items": [{"id": "1"}, BAD, {"id": "3"}]}
    found = await outcomes(Account([lines]), 3)
    assert [type(e) for e in found] == [type(None), PeriodClosed, type(None)]


async def test_results_that_do_not_count_up_are_not_trusted() -> None:
    with pytest.raises(Unavailable, match="reports 1 results for 2 timeBill records"):
        await outcomes(Account([{"id": "1"}]), 2)


def test_lines_out_of_order_stand_at_the_records_they_name() -> None:
    items = [{"externalId": key} for key in ("a", "b", "c", "d")]
    refused = {"o:errorDetails": [{"detail": "closed"}]}
    done = [{"status": 204, "externalId": key} for key in ("d", "a", "c")]
    assert in_order([done[0], refused, done[1], done[2]], items) == [
        done[1], refused, done[2], done[0],
    ]  # fmt: skip
    assert in_order([refused, {"status": 204}, refused, refused], items)[1] == {"status": 204}
