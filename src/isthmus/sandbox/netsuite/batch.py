"""Asynchronous batches: accepted at once, carried out later, each record alone.

Envelopes of job and task from article_0127092747 and subsect_161278579295. The form of a batch's
result is not published where we could read it; ours carries one entry per record, in request order.
"""

from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isthmus.sandbox.netsuite.body import Checks
from isthmus.sandbox.netsuite.books import Books, Row, user_error
from isthmus.sandbox.netsuite.fields import RecordType
from isthmus.sandbox.netsuite.records import Write, create, update, upsert
from isthmus.sandbox.netsuite.schema import RECORDS
from isthmus.sandbox.netsuite.wire import (
    ASYNC_JOB,
    COLLECTION,
    RECORD,
    NetSuiteError,
    answer,
    link,
    origin,
    page,
)

JOBS = "_job"
LARGEST = 100


class Batches:
    def __init__(self, books: Books) -> None:
        self.books = books
        books.store.index(JOBS, "key")

    def routes(self) -> list[Route]:
        return [
            Route(f"{ASYNC_JOB}/{{job}}", self.job, methods=["GET"]),
            Route(f"{ASYNC_JOB}/{{job}}/task", self.tasks, methods=["GET"]),
            Route(f"{ASYNC_JOB}/{{job}}/task/{{task}}", self.task, methods=["GET"]),
            Route(f"{ASYNC_JOB}/{{job}}/task/{{task}}/result", self.result, methods=["GET"]),
        ]

    def accept(self, request: Request, record: RecordType, body: Row, write: Write) -> Response:
        items = _items(request, body)
        key = request.headers.get("X-NetSuite-Idempotency-Key")
        if key is not None:
            self._refuse_duplicate(request, key)
        with self.books.transaction():
            job_id = str(self.books.store.next("job"))
            job = {
                "id": job_id,
                "key": key,
                "record": record.name,
                "method": request.method,
                "items": items,
                "write": [write.checks.names, write.checks.values, sorted(write.replace)],
                "due": self._due(),
                "started": self.books.stamp(),
                "ended": None,
                "results": None,
            }
            self.books.store.put(JOBS, job_id, job)
        headers = {
            "Preference-Applied": "respond-async",
            "Location": f"{origin(request)}{ASYNC_JOB}/{job_id}",
        }
        return Response(status_code=202, headers=headers)

    def _refuse_duplicate(self, request: Request, key: str) -> None:
        for earlier in self.books.store.find(JOBS, "key", key):
            raise NetSuiteError(
                "IDEMPOTENCY_ERROR",
                f"A request with the idempotency key {key} has already been submitted.",
                title="Conflict",
                headers={"Location": f"{origin(request)}{ASYNC_JOB}/{earlier['id']}"},
            )

    def _due(self) -> str:
        delay = timedelta(seconds=float(self.books.settings.batch_seconds))
        return (self.books.now() + delay).isoformat()

    def run_due(self) -> None:
        """Carry out what is due. Called before every request, so nothing depends on being polled
        and a restarted account goes on where it stopped.
        """
        for job in self.books.all(JOBS):
            if job["ended"] is None and datetime.fromisoformat(job["due"]) <= self.books.now():
                with self.books.transaction():
                    results = [self._one(job, item) for item in job["items"]]
                    done = {"results": results, "ended": self.books.stamp()}
                    self.books.store.put(JOBS, job["id"], job | done)

    def _one(self, job: Row, item: Any) -> Row:
        names, values, replace = job["write"]
        write = Write(Checks(names, values), frozenset(replace))
        try:
            row = self._apply(job, RECORDS[job["record"]], item, write)
        except NetSuiteError as error:
            return error.body()
        return {"status": 204, "id": row["id"], "externalId": row.get("externalId")}

    def _apply(self, job: Row, record: RecordType, item: Any, write: Write) -> Row:
        if not isinstance(item, dict):
            raise NetSuiteError("INVALID_CONTENT", "An item of a batch must be an object.")
        if job["method"] == "POST":
            return create(self.books, record, item, write)
        external_id = item.get("externalId")
        if job["method"] == "PATCH" and "id" in item:
            return update(self.books, record, str(item["id"]), item, write)
        if not isinstance(external_id, str):
            raise user_error("Each item of this batch needs an externalId.", "externalId")
        if job["method"] == "PATCH":
            return update(self.books, record, f"eid:{external_id}", item, write)
        return upsert(self.books, record, external_id, item, write)

    async def job(self, request: Request) -> Response:
        job = self._find(request)
        here = f"{origin(request)}{ASYNC_JOB}/{job['id']}"
        return answer(
            {
                "links": [link("self", here)],
                "completed": job["ended"] is not None,
                "id": job["id"],
                "progress": _progress(job),
                "task": {"links": [link("self", f"{here}/task")]},
            }
        )

    async def tasks(self, request: Request) -> Response:
        job = self._find(request)
        here = f"{origin(request)}{ASYNC_JOB}/{job['id']}/task"
        return answer(page(here, [_task(job, f"{here}/1")], 0, LARGEST, 1), COLLECTION)

    async def task(self, request: Request) -> Response:
        job = self._find(request)
        return answer(_task(job, f"{origin(request)}{ASYNC_JOB}/{job['id']}/task/1"))

    async def result(self, request: Request) -> Response:
        job = self._find(request)
        if job["results"] is None:
            raise NetSuiteError(
                "NONEXISTENT_ID", f"The task of job {job['id']} has not completed.", status=404
            )
        base = origin(request)
        shown = [_linked(base, job["record"], result) for result in job["results"]]
        here = f"{base}{ASYNC_JOB}/{job['id']}/task/1/result"
        return answer(page(here, shown, 0, LARGEST, len(shown)), COLLECTION)

    def _find(self, request: Request) -> Row:
        job = self.books.find(JOBS, request.path_params["job"])
        if job is None or request.path_params.get("task", "1") != "1":
            raise NetSuiteError("NONEXISTENT_ID", "The job or task does not exist.", status=404)
        return job


def _items(request: Request, body: Row) -> list[Any]:
    if "type=collection" not in request.headers.get("Content-Type", "").replace(" ", ""):
        if request.method == "POST":
            return [body]
        raise NetSuiteError(
            "UNSUPPORTED_MEDIA_TYPE", f"A batch has the content type {COLLECTION}.", status=415
        )
    items = body.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= LARGEST:
        raise NetSuiteError(
            "INVALID_CONTENT", f"A batch has between 1 and {LARGEST} items.", path="items"
        )
    return items


def _progress(job: Row) -> str:
    return "pending" if job["ended"] is None else "succeeded"


def _task(job: Row, here: str) -> Row:
    shown: Row = {
        "links": [link("self", here)],
        "completed": job["ended"] is not None,
        "id": "1",
        "progress": _progress(job),
        "startTime": job["started"],
    }
    if job["ended"] is not None:
        shown["links"].insert(0, link("related", f"{here}/result"))
        shown["endTime"] = job["ended"]
    return shown


def _linked(base: str, record: str, result: Row) -> Row:
    if "id" not in result:
        return result
    place = f"{base}{RECORD}/{record}/{result['id']}"
    shown = {key: value for key, value in result.items() if value is not None}
    return {"links": [link("self", place)], "location": place} | shown
