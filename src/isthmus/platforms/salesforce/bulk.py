"""Bulk API 2.0: a job, a CSV, and a wait. For more rows than REST is meant for."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from isthmus.connect.errors import ConnectError, Refused, Unavailable
from isthmus.platforms.salesforce.errors import error_of_code
from isthmus.platforms.salesforce.transport import SalesforceTransport

NULL = "#N/A"
"""What clears a field in an ingest CSV; an empty cell leaves it alone."""

RESULT_ROWS = 50_000

Row = dict[str, str]


async def ingest(
    transport: SalesforceTransport, sobject: str, key: str, records: Sequence[Mapping[str, Any]]
) -> list[tuple[str, bool] | ConnectError]:
    """Upsert by `key` (update for Id): (id, created) or an error for each record, in order."""
    operation: dict[str, str] = (
        {"operation": "update"}
        if key == "Id"
        else {"operation": "upsert", "externalIdFieldName": key}
    )
    job = await _open(
        transport,
        "jobs/ingest",
        {"object": sobject, "contentType": "CSV", "lineEnding": "LF", **operation},
    )
    place = transport.path(f"jobs/ingest/{job}")
    await transport.call(
        "PUT",
        f"{place}/batches",
        repeatable=True,
        content=to_csv(records),
        headers={"Content-Type": "text/csv"},
    )
    await transport.call("PATCH", place, repeatable=True, body={"state": "UploadComplete"})
    await _finished(transport, place)
    return await _results(transport, place, sobject, key, records)


async def _open(transport: SalesforceTransport, place: str, body: Mapping[str, Any]) -> str:
    response = await transport.call("POST", transport.path(place), body=body)
    return str(transport.json(response)["id"])


async def _finished(transport: SalesforceTransport, place: str) -> None:
    deadline = time.monotonic() + transport.settings.bulk_timeout
    pause = 0.2
    while True:
        job = transport.json(await transport.call("GET", place, repeatable=True))
        if job["state"] == "JobComplete":
            return
        if job["state"] in ("Failed", "Aborted"):
            said = job.get("errorMessage") or "no reason given"
            raise Refused(transport.name, f"bulk job {job['id']} {job['state']}: {said}")
        if time.monotonic() > deadline:
            raise Unavailable(
                transport.name,
                f"bulk job {job['id']} is still {job['state']}",
                outcome_unknown=True,
            )
        await asyncio.sleep(pause)
        pause = min(pause * 2, 5.0)


async def _results(
    transport: SalesforceTransport,
    place: str,
    sobject: str,
    key: str,
    records: Sequence[Mapping[str, Any]],
) -> list[tuple[str, bool] | ConnectError]:
    """Results come in three files and in no order, so each is found again by its key."""
    column = "sf__Id" if key == "Id" else key
    good = await _file(transport, f"{place}/successfulResults")
    bad = await _file(transport, f"{place}/failedResults")
    saved = {row[column]: (row["sf__Id"], row["sf__Created"] == "true") for row in good}
    failed = {row[key]: row["sf__Error"] for row in bad}
    return [_result(transport, sobject, key, record, saved, failed) for record in records]


def _result(
    transport: SalesforceTransport,
    sobject: str,
    key: str,
    record: Mapping[str, Any],
    saved: Mapping[str, tuple[str, bool]],
    failed: Mapping[str, str],
) -> tuple[str, bool] | ConnectError:
    value = str(record[key])
    if value in saved:
        return saved[value]
    if value in failed:
        code, message, fields = read_error(failed[value])
        return error_of_code(transport.name, code, message, fields, sobject, record)
    return Unavailable(transport.name, f"{sobject} {value} was left unprocessed by the bulk job")


def read_error(text: str) -> tuple[str, str, tuple[str, ...]]:
    """`CODE:message:FIELD_A FIELD_B --`, the last part `--` alone when no field is to blame."""
    code, _, rest = text.partition(":")
    message, _, blamed = rest.rpartition(":")
    fields = tuple(f for f in blamed.removesuffix("--").split() if f)
    return code, message or rest, fields


async def _file(transport: SalesforceTransport, path: str) -> list[Row]:
    response = await transport.call("GET", path, repeatable=True, headers={"Accept": "text/csv"})
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def to_csv(records: Sequence[Mapping[str, Any]]) -> bytes:
    flat = [dict(_flat(record)) for record in records]
    columns = list(dict.fromkeys(column for row in flat for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue().encode()


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for field, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{field}.")
        else:
            yield prefix + field, _cell(value)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return str(value).lower()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


async def bulk_query(
    transport: SalesforceTransport, sobject: str, soql: str, *, deleted: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """Rows as REST would give them: nested relations, typed by the org's own description."""
    job = await _open(
        transport,
        "jobs/query",
        {"operation": "queryAll" if deleted else "query", "query": soql},
    )
    place = transport.path(f"jobs/query/{job}")
    await _finished(transport, place)
    locator = ""
    while locator != "null":
        params: dict[str, str | int] = {"maxRecords": RESULT_ROWS}
        if locator:
            params["locator"] = locator
        response = await transport.call("GET", f"{place}/results", repeatable=True, params=params)
        reader = csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline=""))
        columns = next(reader, [])
        kinds = [await _kind(transport, sobject, column) for column in columns]
        for cells in reader:
            yield _nested(columns, kinds, cells)
        locator = response.headers.get("Sforce-Locator", "null")


async def _kind(transport: SalesforceTransport, sobject: str, column: str) -> str:
    """The type of a column, through relations where its name has dots."""
    *relations, field = column.split(".")
    for relation in relations:
        described = (await transport.describe(sobject))["fields"]
        [target] = [f["referenceTo"][0] for f in described if f.get("relationshipName") == relation]
        sobject = target
    described = (await transport.describe(sobject))["fields"]
    return next((str(f["type"]) for f in described if f["name"] == field), "string")


def _nested(columns: Sequence[str], kinds: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column, kind, cell in zip(columns, kinds, cells, strict=True):
        *relations, field = column.split(".")
        place = row
        for relation in relations:
            place = place.setdefault(relation, {})
        place[field] = _typed(kind, cell)
    return {field: _linked(value) for field, value in row.items()}


def _linked(value: Any) -> Any:
    """REST gives null for a relation that leads nowhere; CSV only shows its cells empty."""
    if not isinstance(value, dict):
        return value
    inner = {field: _linked(v) for field, v in value.items()}
    return inner if any(v is not None for v in inner.values()) else None


def _typed(kind: str, cell: str) -> Any:
    if cell == "":
        return None
    if kind == "boolean":
        return cell == "true"
    if kind == "int":
        return int(cell)
    return Decimal(cell) if kind in ("double", "currency", "percent") else cell
