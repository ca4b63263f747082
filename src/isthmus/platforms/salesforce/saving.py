"""Writing records: one alone, 200 in a collection, or more than REST is meant for in bulk.

Every road is an upsert by external id or an update by Id, so repeating it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from isthmus.connect.errors import OF_THE_CONNECTION, Conflict, ConnectError, Unavailable
from isthmus.platforms.salesforce.bulk import ingest
from isthmus.platforms.salesforce.errors import LOCK, error_of_code
from isthmus.platforms.salesforce.soql import quoted, wire_record
from isthmus.platforms.salesforce.transport import CURRENCY, TRIES, SalesforceTransport

COLLECTION = 200

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Saved:
    id: str
    created: bool


Result = Saved | ConnectError


async def save(
    transport: SalesforceTransport, sobject: str, key: str, records: Sequence[Record]
) -> list[Result]:
    """Upsert by `key`, or update when it is `Id`; results in order, a bad one alone in its error.

    Raises only what stops every call: Unavailable, Throttled, Unauthorized.
    """
    single = transport.settings.single_currency is not None
    sent = [
        {f: v for f, v in wire_record(record).items() if not (single and f == CURRENCY)}
        for record in records
    ]
    if len(sent) > transport.settings.bulk_over:
        return [_result(row) for row in await ingest(transport, sobject, key, sent)]
    if len(sent) == 1:
        return [await _alone(transport, sobject, key, sent[0])]
    results: list[Result] = []
    for chunk in chunks(sent, key):
        results += await _collection(transport, sobject, key, chunk)
    return results


def _result(row: tuple[str, bool] | ConnectError) -> Result:
    return row if isinstance(row, ConnectError) else Saved(*row)


async def _alone(
    transport: SalesforceTransport, sobject: str, key: str, record: dict[str, Any]
) -> Result:
    try:
        return await upsert(transport, sobject, key, record)
    except OF_THE_CONNECTION:
        raise
    except ConnectError as error:
        return error


async def upsert(
    transport: SalesforceTransport, sobject: str, key: str, record: Mapping[str, Any]
) -> Saved:
    """One record by its external id; the key stays out of the body, as the vendor demands."""
    value = str(record[key])
    body = {field: content for field, content in record.items() if field != key}
    place = value if key == "Id" else f"{key}/{quote(value, safe='')}"
    path = transport.path(f"sobjects/{sobject}/{place}")
    response = await transport.call(
        "PATCH", path, sobject=sobject, sent=record, repeatable=True, body=body
    )
    if response.status_code != 204:
        answer = transport.json(response)
        return Saved(answer["id"], answer["created"])
    if key == "Id":
        return Saved(value, created=False)
    [row] = await transport.rows(f"SELECT Id FROM {sobject} WHERE {key} = {quoted(value)}")
    return Saved(row["Id"], created=False)


def chunks(records: Sequence[dict[str, Any]], key: str) -> Iterator[list[dict[str, Any]]]:
    """Up to 200, and never one key twice: a collection refuses that for both of its records."""
    chunk: list[dict[str, Any]] = []
    keys: set[str] = set()
    for record in records:
        if len(chunk) == COLLECTION or record[key] in keys:
            yield chunk
            chunk, keys = [], set()
        chunk.append(record)
        keys.add(record[key])
    if chunk:
        yield chunk


async def _collection(
    transport: SalesforceTransport, sobject: str, key: str, records: Sequence[dict[str, Any]]
) -> list[Result]:
    """Records that only met a lock are sent again, the others keep their first answer."""
    results: list[Result] = await _send(transport, sobject, key, records)
    for attempt in range(1, TRIES):
        locked = [i for i, r in enumerate(results) if isinstance(r, Conflict) and r.code == LOCK]
        if not locked:
            break
        await transport.pause(attempt)
        again = await _send(transport, sobject, key, [records[i] for i in locked])
        for place, result in zip(locked, again, strict=True):
            results[place] = result
    return results


async def _send(
    transport: SalesforceTransport, sobject: str, key: str, records: Sequence[dict[str, Any]]
) -> list[Result]:
    place = "composite/sobjects" if key == "Id" else f"composite/sobjects/{sobject}/{key}"
    body = {
        "allOrNone": False,
        "records": [{"attributes": {"type": sobject}, **_named(r, key)} for r in records],
    }
    response = await transport.call(
        "PATCH", transport.path(place), sobject=sobject, repeatable=True, body=body
    )
    answers = transport.json(response)
    if len(answers) != len(records):
        raise Unavailable(
            transport.name,
            f"{len(records)} {sobject} records sent, {len(answers)} results came back",
            outcome_unknown=True,
        )
    return [
        _answer(transport, sobject, record, answer)
        for record, answer in zip(records, answers, strict=True)
    ]


def _named(record: dict[str, Any], key: str) -> dict[str, Any]:
    """A collection update names the record by `id` in lower case."""
    if key != "Id":
        return record
    return {"id": record["Id"], **{f: v for f, v in record.items() if f != "Id"}}


def _answer(
    transport: SalesforceTransport, sobject: str, record: Record, answer: Mapping[str, Any]
) -> Result:
    if answer["success"]:
        return Saved(answer["id"], bool(answer.get("created", False)))
    first = answer["errors"][0]
    return error_of_code(
        transport.name,
        first["statusCode"],
        first["message"],
        first.get("fields") or (),
        sobject,
        record,
    )
