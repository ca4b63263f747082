"""Bulk API 2.0: CSV in and out through jobs.

Rows are processed when the upload is closed; the job still reads InProgress once, so a client
that does not poll finds out.
"""

import csv
import io
from typing import Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.api import Call, Reply, Routes
from isthmus.sandbox.salesforce.change import MultipleMatches
from isthmus.sandbox.salesforce.errors import SalesforceError, not_found
from isthmus.sandbox.salesforce.ids import new_id
from isthmus.sandbox.salesforce.query import run
from isthmus.sandbox.salesforce.schema import SObject
from isthmus.sandbox.salesforce.sobjects import external_key
from isthmus.sandbox.salesforce.soql import parse

JOBS = "_bulk_job"
MOST_RESULTS = 50000
_DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "TAB": "\t", "PIPE": "|", "CARET": "^"}
_HIDDEN = ("csv", "successful", "failed", "seen")


def add_routes(routes: Routes) -> None:
    routes.add("POST", "/jobs/ingest", create_ingest)
    routes.add("GET", "/jobs/ingest/{job}", show_job)
    routes.add("PUT", "/jobs/ingest/{job}/batches", upload)
    routes.add("PATCH", "/jobs/ingest/{job}", change_state)
    routes.add("DELETE", "/jobs/ingest/{job}", delete_job)
    routes.add("GET", "/jobs/ingest/{job}/successfulResults", successful)
    routes.add("GET", "/jobs/ingest/{job}/failedResults", failed)
    routes.add("GET", "/jobs/ingest/{job}/unprocessedrecords", unprocessed)
    routes.add("POST", "/jobs/query", create_query)
    routes.add("GET", "/jobs/query/{job}", show_job)
    routes.add("GET", "/jobs/query/{job}/results", query_results)


def create_ingest(call: Call) -> Reply:
    body = call.json_object()
    sobject = call.org.schema.get(str(body.get("object")))
    operation = body.get("operation")
    if operation not in ("insert", "update", "upsert", "delete"):
        raise _invalid(f"Invalid operation {operation}")
    if operation == "upsert":
        external_key(sobject, str(body.get("externalIdFieldName")))
    job = {
        "operation": operation,
        "object": sobject.name,
        "externalIdFieldName": body.get("externalIdFieldName"),
        "contentType": "CSV",
        "lineEnding": body.get("lineEnding", "LF"),
        "columnDelimiter": body.get("columnDelimiter", "COMMA"),
        "state": "Open",
    }
    if job["columnDelimiter"] not in _DELIMITERS:
        raise _invalid(f"Invalid columnDelimiter {job['columnDelimiter']}")
    made = _new_job(call, job)
    return Reply(
        {**_shown(made), "contentUrl": f"{call.base[1:]}/jobs/ingest/{made['id']}/batches"}
    )


def show_job(call: Call) -> Reply:
    job = _job(call)
    if job["state"] == "InProgress":
        if job["seen"]:
            job = _store(call, {**job, "state": "JobComplete"})
        else:
            _store(call, {**job, "seen": True})
    return Reply(_shown(job))


def upload(call: Call) -> Reply:
    job = _job(call)
    if job["state"] != "Open":
        raise _invalid(f"Job is in state {job['state']}; data is accepted in state Open only")
    _store(call, {**job, "csv": call.body.decode("utf-8-sig")})
    return Reply(status=201)


def change_state(call: Call) -> Reply:
    job, state = _job(call), call.json_object().get("state")
    if state == "Aborted":
        return Reply(_shown(_store(call, {**job, "state": "Aborted"})))
    if state != "UploadComplete" or job["state"] != "Open":
        raise _invalid(f"Cannot change from state {job['state']} to {state}")
    done = _processed(call, job)
    _store(call, {**done, "state": "InProgress"})
    return Reply({**_shown(job), "state": "UploadComplete"})


def delete_job(call: Call) -> Reply:
    call.org.store.delete(JOBS, _job(call)["id"])
    return Reply(status=204)


def successful(call: Call) -> Reply:
    return _results_csv(_job(call), "successful", ["sf__Id", "sf__Created"])


def failed(call: Call) -> Reply:
    return _results_csv(_job(call), "failed", ["sf__Id", "sf__Error"])


def unprocessed(call: Call) -> Reply:
    return _results_csv(_job(call), "unprocessed", [])


def create_query(call: Call) -> Reply:
    body = call.json_object()
    found = run(
        call.org,
        str(body.get("query")),
        call.base,
        with_deleted=body.get("operation") == "queryAll",
    )
    if found.render is None:
        raise _invalid("Aggregate queries are not supported in Bulk API 2.0")
    shown = [_flat(found.render(row)) for row in found.rows]
    job = {
        "operation": body.get("operation", "query"),
        "object": parse(str(body.get("query"))).source,
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
        "state": "InProgress",
        "numberRecordsProcessed": len(shown),
        "successful": shown,
    }
    return Reply(_shown(_new_job(call, job)))


def query_results(call: Call) -> Reply:
    job = _job(call)
    if job["state"] != "JobComplete":
        raise _invalid("Results are available when the job is JobComplete")
    start = int(call.query.get("locator") or 0)
    size = min(int(call.query.get("maxRecords") or MOST_RESULTS), MOST_RESULTS)
    rows = job["successful"]
    page = rows[start : start + size]
    more = start + size < len(rows)
    headers = {
        "Sforce-Locator": str(start + size) if more else "null",
        "Sforce-NumberOfRecords": str(len(page)),
    }
    columns = list(rows[0]) if rows else []
    return Reply(_csv(columns, page), headers=headers, media_type="text/csv")


def _new_job(call: Call, job: Row) -> Row:
    number = call.org.store.next("id:750")
    made = {
        "id": new_id("750", number),
        **job,
        "createdById": call.writer.user_id,
        "createdDate": call.org.now(),
        "systemModstamp": call.org.now(),
        "concurrencyMode": "Parallel",
        "apiVersion": float(call.base.rpartition("v")[2]),
        "seen": False,
    }
    return _store(call, made)


def _store(call: Call, job: Row) -> Row:
    call.org.store.put(JOBS, job["id"], job)
    return job


def _job(call: Call) -> Row:
    job = call.org.store.get(JOBS, call.parts["job"])
    if job is None:
        raise not_found()
    return job


def _shown(job: Row) -> Row:
    return {name: value for name, value in job.items() if name not in (*_HIDDEN, "unprocessed")}


def _invalid(message: str) -> SalesforceError:
    return SalesforceError("INVALIDJOBSTATE" if "state" in message else "INVALIDJOB", message)


def _processed(call: Call, job: Row) -> Row:
    delimiter = _DELIMITERS[job["columnDelimiter"]]
    given = list(csv.DictReader(io.StringIO(job.get("csv") or "", newline=""), delimiter=delimiter))
    sobject = call.org.schema.get(job["object"])
    successes: list[Row] = []
    failures: list[Row] = []
    for line in given:
        try:
            with call.org.all_or_nothing():
                made, created = _write(call, job, sobject, line)
            successes.append({"sf__Id": made, "sf__Created": str(created).lower(), **line})
        except SalesforceError as error:
            fields = ",".join(error.fields or ()) or "--"
            text = f"{error.code}:{error.message}:{fields}"
            failures.append({"sf__Id": line.get("Id", ""), "sf__Error": text, **line})
    return {
        **job,
        "csv": None,
        "successful": successes,
        "failed": failures,
        "numberRecordsProcessed": len(given),
        "numberRecordsFailed": len(failures),
    }


def _write(call: Call, job: Row, sobject: SObject, line: Row) -> tuple[str, bool]:
    values = _values(sobject, line)
    org, writer = call.org, call.writer
    match job["operation"]:
        case "insert":
            return org.insert(sobject, values, writer), True
        case "upsert":
            return _upsert(call, job, sobject, values)
        case "delete":
            org.delete(sobject, str(values["Id"]), writer)
        case _:
            org.update(sobject, str(values.pop("Id", "")), values, writer)
    return str(line["Id"]), False


def _upsert(call: Call, job: Row, sobject: SObject, values: Row) -> tuple[str, bool]:
    key = external_key(sobject, job["externalIdFieldName"])
    value = values.pop(key.name, None)
    if value is None:
        raise SalesforceError("MISSING_ARGUMENT", f"{key.name} not specified", [])
    try:
        return call.org.upsert(sobject, key, value, values, call.writer)
    except MultipleMatches as several:
        raise SalesforceError(
            "DUPLICATE_EXTERNAL_ID",
            f"{key.name}: more than one record found for external id field: {several.ids}",
            [key.name],
        ) from None


def _values(sobject: SObject, line: Row) -> Row:
    """An empty cell says nothing, `#N/A` says null, `Parent.Key__c` is a lookup by external id."""
    values: Row = {}
    for name, cell in line.items():
        if name is None:
            raise SalesforceError("InvalidBatch", "The row has more cells than the header", [])
        if cell in ("", None):
            continue
        value = None if cell == "#N/A" else cell
        relationship, dot, key = name.partition(".")
        if dot:
            values[relationship] = {key: value}
        else:
            values[sobject.get(name).name] = value
    return values


def _flat(shown: Row, prefix: str = "") -> Row:
    flat: Row = {}
    for name, value in shown.items():
        if name == "attributes":
            continue
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = _cell(value)
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _results_csv(job: Row, name: str, first: list[str]) -> Reply:
    rows = job.get(name) or []
    columns = list(rows[0]) if rows else first
    return Reply(_csv(columns, rows), media_type="text/csv")


def _csv(columns: list[str], rows: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, quoting=csv.QUOTE_ALL, lineterminator="\n", restval="")
    if columns:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
