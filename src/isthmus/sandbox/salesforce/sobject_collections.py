"""sObject Collections: up to 200 rows in one call, a result for each, in order."""

from collections.abc import Callable
from typing import Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.api import Call, Reply, Routes
from isthmus.sandbox.salesforce.change import MultipleMatches
from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.rendering import record
from isthmus.sandbox.salesforce.schema import SObject
from isthmus.sandbox.salesforce.sobjects import external_key, saved

MOST_RECORDS = 200
MOST_READ = 2000
MOST_CHUNKS = 10
_ROLLED_BACK = SalesforceError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone"
    " header",
    [],
)
Save = Callable[[Row], dict[str, Any]]


class RollBack(Exception):
    """Leaves the transaction so that it undoes itself."""


def add_routes(routes: Routes) -> None:
    routes.add("POST", "/composite/sobjects", create_all)
    routes.add("PATCH", "/composite/sobjects", update_all)
    routes.add("DELETE", "/composite/sobjects", delete_all)
    routes.add("GET", "/composite/sobjects/{object}", read_all)
    routes.add("POST", "/composite/sobjects/{object}", read_all)
    routes.add("PATCH", "/composite/sobjects/{object}/{field}", upsert_all)


def create_all(call: Call) -> Reply:
    def save(given: Row) -> dict[str, Any]:
        return saved(call.org.insert(_typed(call, given), given, call.writer))

    return _each(call, save)


def update_all(call: Call) -> Reply:
    def save(given: Row) -> dict[str, Any]:
        sobject, values = _typed(call, given), dict(given)
        record_id = values.pop("id", None) or values.pop("Id", None)
        if not isinstance(record_id, str):
            raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call", [])
        call.org.update(sobject, record_id, values, call.writer)
        return saved(record_id)

    return _each(call, save)


def upsert_all(call: Call) -> Reply:
    sobject = call.org.schema.get(call.parts["object"], status=404)
    key = external_key(sobject, call.parts["field"])
    seen: set[str] = set()

    def save(given: Row) -> dict[str, Any]:
        if _typed(call, given) is not sobject:
            raise SalesforceError(
                "INVALID_TYPE", f"Record type does not match the upsert's {sobject.name}", []
            )
        values = dict(given)
        value = next((values.pop(n) for n in given if n.casefold() == key.name.casefold()), None)
        if value in (None, ""):
            raise SalesforceError("MISSING_ARGUMENT", f"{key.name} not specified", [])
        if str(value) in seen:
            raise SalesforceError(
                "DUPLICATE_VALUE", f"Duplicate external id specified: {value}", [key.name]
            )
        seen.add(str(value))
        try:
            made, created = call.org.upsert(sobject, key, value, values, call.writer)
        except MultipleMatches as several:
            raise SalesforceError(
                "DUPLICATE_EXTERNAL_ID",
                f"{key.name}: more than one record found for external id field:"
                f" [{', '.join(several.ids)}]",
                [key.name],
            ) from None
        return saved(made, created=created)

    return _each(call, save)


def delete_all(call: Call) -> Reply:
    ids = [text for text in call.query.get("ids", "").split(",") if text]
    _limit(len(ids))

    def save(given: Row) -> dict[str, Any]:
        sobject = call.org.schema.by_prefix(given["id"][:3])
        if sobject is None:
            raise SalesforceError("MALFORMED_ID", f"malformed id {given['id']}", [])
        call.org.delete(sobject, given["id"], call.writer)
        return saved(given["id"])

    all_or_none = call.query.get("allOrNone", "false") == "true"
    return Reply(_results(call, [{"id": text} for text in ids], save, all_or_none=all_or_none))


def read_all(call: Call) -> Reply:
    """In the order of the ids; null for a row that is not there."""
    sobject = call.org.schema.get(call.parts["object"], status=404)
    if call.method == "POST":
        body = call.json_object()
        ids, names = body.get("ids", []), body.get("fields", [])
    else:
        ids = call.query.get("ids", "").split(",")
        names = [name for name in call.query.get("fields", "").split(",") if name]
    if len(ids) > MOST_READ:
        raise _too_many(MOST_READ)
    if not names:
        raise SalesforceError("MISSING_ARGUMENT", "fields must be specified")
    rows = [call.org.find(sobject.name, record_id) for record_id in ids]
    return Reply([row and record(call.org, sobject, row, call.base, names) for row in rows])


def _typed(call: Call, given: Row) -> SObject:
    attributes = given.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise SalesforceError("INVALID_INPUT", "Each record needs attributes.type")
    return call.org.schema.get(name)


def _each(call: Call, save: Save) -> Reply:
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise SalesforceError("JSON_PARSER_ERROR", "records must be a list of objects")
    _limit(len(records))
    _limit_chunks(call, records)
    return Reply(_results(call, records, save, all_or_none=body.get("allOrNone") is True))


def _limit(count: int) -> None:
    if count > MOST_RECORDS:
        raise _too_many(MOST_RECORDS)


def _too_many(most: int) -> SalesforceError:
    return SalesforceError(
        "EXCEEDED_ID_LIMIT",
        f"record limit reached. cannot submit more than {most} records into this call",
    )


def _limit_chunks(call: Call, records: list[Row]) -> None:
    """Runs of one type are chunks, and ten are the limit."""
    kinds = [_typed(call, given).name for given in records]
    chunks = sum(1 for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] != kind)
    if chunks > MOST_CHUNKS:
        raise SalesforceError(
            "INVALID_FIELD", f"Operation exceeds {MOST_CHUNKS} chunks of one record type"
        )


def _results(
    call: Call, records: list[Row], save: Save, *, all_or_none: bool
) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    try:
        with call.org.all_or_nothing():
            results.extend(_result(call, given, save) for given in records)
            require(not all_or_none or all(result["success"] for result in results))
    except RollBack:
        undone = _ROLLED_BACK.as_save_result()
        return [undone if result["success"] else result for result in results]
    return results


def require(condition: bool) -> None:
    if not condition:
        raise RollBack


def _result(call: Call, given: Row, save: Save) -> dict[str, Any]:
    try:
        with call.org.all_or_nothing():
            return save(given)
    except SalesforceError as error:
        return error.as_save_result()
