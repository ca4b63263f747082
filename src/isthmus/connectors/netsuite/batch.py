"""Asynchronous batches: one request, a job, its tasks, their results.

Each line succeeds or fails alone, so the result is read line by line. Ids come from asking for
our keys afterwards: the records are the proof, not the job's word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from isthmus.connect.errors import ConnectError, Unavailable
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.client import RECORDS, STRICT, NetSuiteClient
from isthmus.connectors.netsuite.refusals import details, from_body, with_values
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import derived_id

LIMIT = timedelta(minutes=15)
"""NetSuite stops a request after this time (subsect_1559222360)."""
SLOWEST = 10.0
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
DUPLICATE_JOB = "IDEMPOTENCY_ERROR"


@dataclass(frozen=True)
class Job:
    path: str
    earlier: bool
    """The same batch was sent before; this is the job that it started then."""


class Batches:
    def __init__(self, client: NetSuiteClient, poll_seconds: float) -> None:
        self._client, self._poll = client, poll_seconds

    async def run(
        self, kind: str, items: Sequence[Mapping[str, Any]], key: str
    ) -> list[ConnectError | None]:
        """One outcome per item, None for a success. `key` is a UUID for exactly this batch.

        A batch that was sent before is not sent again: its job is followed. Lines that failed
        in that job may succeed now (a period opened), so they go in a batch of their own.
        """
        job = await self._start(kind, items, key)
        outcomes = await self._outcomes(kind, job, items)
        failed = [n for n, error in enumerate(outcomes) if error is not None]
        if job.earlier and failed:
            again = await self.run(kind, [items[n] for n in failed], derived_id(key, job.path))
            for n, error in zip(failed, again, strict=True):
                outcomes[n] = error
        return outcomes

    async def _start(self, kind: str, items: Sequence[Mapping[str, Any]], key: str) -> Job:
        try:
            return await self._submit(kind, items, key)
        except Unavailable as lost:
            if not lost.outcome_unknown:
                raise
        return await self._submit(kind, items, key)

    async def _submit(self, kind: str, items: Sequence[Mapping[str, Any]], key: str) -> Job:
        """A second sending of one key answers 400 with the job of the first."""
        response = await self._client.send(
            "PUT",
            f"{RECORDS}/{kind}",
            headers={
                **STRICT,
                "Prefer": "respond-async",
                "Content-Type": COLLECTION,
                "X-NetSuite-Idempotency-Key": key,
            },
            body={"items": list(items)},
            wrote=True,
            accept=(400, 409),
        )
        location = response.headers.get("Location")
        if not response.is_success:
            body = self._client.json(response)
            earlier = any(d.code == DUPLICATE_JOB for d in details(body))
            if not (earlier and location):
                raise from_body(self._client.system, response.status_code, body, kind)
            return Job(self._client.path_of(location), earlier=True)
        if response.status_code != 202 or not location:
            raise Unavailable(
                self._client.system,
                f"took a batch of {kind} with {response.status_code} and named no job",
                outcome_unknown=True,
            )
        return Job(self._client.path_of(location), earlier=False)

    async def _outcomes(
        self, kind: str, job: Job, items: Sequence[Mapping[str, Any]]
    ) -> list[ConnectError | None]:
        await self._finished(kind, job.path)
        lines = await self._result_lines(job.path)
        if len(lines) != len(items):
            raise Unavailable(
                self._client.system,
                f"{job.path} reports {len(lines)} results for {len(items)} {kind} records",
                outcome_unknown=True,
            )
        errors = [line_error(self._client.system, kind, line) for line in in_order(lines, items)]
        return [e and with_values(e, item) for e, item in zip(errors, items, strict=True)]

    async def _finished(self, kind: str, path: str) -> None:
        until, pause = utc_now() + LIMIT, self._poll
        while True:
            job = self._client.json(await self._client.send("GET", path))
            if job.get("completed") is True:
                return
            if utc_now() > until:
                raise Unavailable(
                    self._client.system,
                    f"{path} ({kind}) is still {job.get('progress')} after {LIMIT}",
                    outcome_unknown=True,
                )
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, SLOWEST)

    async def _result_lines(self, path: str) -> list[dict[str, Any]]:
        tasks = self._client.json(await self._client.send("GET", f"{path}/task"))
        found = tasks.get("items") or [tasks]
        lines: list[dict[str, Any]] = []
        for task in sorted(found, key=_task_order):
            lines += await self._task_lines(path, task)
        return lines

    async def _task_lines(self, path: str, task: Mapping[str, Any]) -> list[dict[str, Any]]:
        """A task's result is a collection with a line per record, or one record's own answer."""
        response = await self._client.send(
            "GET", self._result_path(path, task), accept=(400, 403, 404, 409)
        )
        body = self._client.json(response) if response.content else {}
        lines: list[dict[str, Any]] = body["items"] if isinstance(body.get("items"), list) else []
        if lines:
            return lines
        return [{"status": response.status_code, **body}]

    def _result_path(self, path: str, task: Mapping[str, Any]) -> str:
        for link in task.get("links") or ():
            if link.get("rel") == "related":
                return self._client.path_of(link["href"])
        for link in task.get("links") or ():
            if link.get("rel") == "self":
                return f"{self._client.path_of(link['href']).rstrip('/')}/result"
        return f"{path}/task/{task.get('id', '1')}/result"


def in_order(
    lines: Sequence[Mapping[str, Any]], items: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The line of each item. A batch is carried out in parallel (article_0127092747), so a line
    that names its record belongs to that one; lines that name none take the places left, in order.
    """
    places = {str(item.get("externalId")): n for n, item in enumerate(items)}
    found: dict[int, Mapping[str, Any]] = {}
    unnamed: list[Mapping[str, Any]] = []
    for line in lines:
        place = places.get(str(line.get("externalId")))
        if place is None or place in found:
            unnamed.append(line)
        else:
            found[place] = line
    left = iter(unnamed)
    return [found[n] if n in found else next(left) for n in range(len(items))]


def _task_order(task: Mapping[str, Any]) -> int:
    text = str(task.get("id") or wire.id_at(_self_link(task)) or "0")
    return int(text) if text.isdigit() else 0


def _self_link(task: Mapping[str, Any]) -> str | None:
    return next((x["href"] for x in task.get("links") or () if x.get("rel") == "self"), None)


def line_error(system: str, kind: str, line: Mapping[str, Any]) -> ConnectError | None:
    """A line's error, wherever the line carries it: on itself, or under `error` or `body`."""
    status = _status(line)
    for holder in (line, line.get("error"), line.get("body")):
        if isinstance(holder, Mapping) and holder.get("o:errorDetails"):
            return from_body(system, _status(holder) or status or 400, holder, kind)
    if status is not None and status >= 400:
        return from_body(system, status, line, kind)
    return None


def _status(line: Mapping[str, Any]) -> int | None:
    for name in ("status", "statusCode", "httpStatus"):
        if str(line.get(name) or "").isdigit():
            return int(str(line[name]))
    return None
