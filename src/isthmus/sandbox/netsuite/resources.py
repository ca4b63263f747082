"""The record service: `/services/rest/record/v1`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isthmus.sandbox.netsuite.batch import Batches
from isthmus.sandbox.netsuite.body import Checks
from isthmus.sandbox.netsuite.books import Books, Row, lines
from isthmus.sandbox.netsuite.fields import RecordType
from isthmus.sandbox.netsuite.filters import matches
from isthmus.sandbox.netsuite.records import (
    Write,
    create,
    delete,
    find_by_key,
    record_type,
    update,
    upsert,
)
from isthmus.sandbox.netsuite.render import Renderer
from isthmus.sandbox.netsuite.schema import RECORDS
from isthmus.sandbox.netsuite.wire import (
    COLLECTION,
    RECORD,
    NetSuiteError,
    answer,
    decode_object,
    link,
    origin,
    page,
    paging,
)


class Resources:
    def __init__(self, books: Books, batches: Batches) -> None:
        self.books = books
        self.batches = batches

    def routes(self) -> list[Route]:
        return [
            Route(f"{RECORD}/metadata-catalog", self.catalog, methods=["GET"]),
            Route(f"{RECORD}/metadata-catalog/{{record}}", self.metadata, methods=["GET"]),
            Route(f"{RECORD}/{{record}}", self.list, methods=["GET"]),
            Route(f"{RECORD}/{{record}}", self.collect, methods=["POST", "PUT", "PATCH"]),
            Route(f"{RECORD}/{{record}}/{{key}}", self.get, methods=["GET"]),
            Route(f"{RECORD}/{{record}}/{{key}}", self.patch, methods=["PATCH"]),
            Route(f"{RECORD}/{{record}}/{{key}}", self.put, methods=["PUT"]),
            Route(f"{RECORD}/{{record}}/{{key}}", self.delete, methods=["DELETE"]),
            Route(f"{RECORD}/{{record}}/{{key}}/{{sublist}}", self.sublist, methods=["GET"]),
        ]

    async def catalog(self, request: Request) -> Response:
        base = f"{origin(request)}{RECORD}/metadata-catalog"
        items = [{"name": name, "links": [link("canonical", f"{base}/{name}")]} for name in RECORDS]
        return answer({"links": [link("self", base)], "items": items}, COLLECTION)

    async def metadata(self, request: Request) -> Response:
        record = record_type(request.path_params["record"])
        properties: Row = {name: {"type": _json_type(kind)} for name, kind in record.fields.items()}
        for name, sublist in record.sublists.items():
            properties[name] = {"type": "object", "x-ns-sublist": sorted(sublist.fields)}
        return answer({"type": "object", "properties": properties}, "application/schema+json")

    async def list(self, request: Request) -> Response:
        """Ids and links only; `q` filters (section_1545222128)."""
        record = record_type(request.path_params["record"])
        limit, offset = paging(request)
        query = request.query_params.get("q")
        rows = [
            row
            for row in self.books.all(record.name)
            if query is None or matches(record, row, query)
        ]
        rows.sort(key=lambda row: int(row["id"]))
        base = f"{origin(request)}{RECORD}/{record.name}"
        items = [
            {"links": [link("self", f"{base}/{row['id']}")], "id": row["id"]}
            for row in rows[offset : offset + limit]
        ]
        return answer(page(base, items, offset, limit, len(rows)), COLLECTION)

    async def collect(self, request: Request) -> Response:
        """POST of one record, or a batch when the caller prefers an asynchronous answer."""
        record = record_type(request.path_params["record"])
        body = decode_object(await request.body())
        if "respond-async" in request.headers.get("Prefer", ""):
            return self.batches.accept(request, record, body, _write(request))
        if request.method != "POST":
            raise NetSuiteError(
                "INVALID_METHOD",
                f"{request.method} on a collection needs the header Prefer: respond-async.",
                status=405,
            )
        row = create(self.books, record, body, _write(request))
        return self._located(request, record, row)

    async def get(self, request: Request) -> Response:
        record, key = _target(request)
        row = find_by_key(self.books, record, key)
        fields = request.query_params.get("fields")
        only = None if fields is None else frozenset(fields.split(","))
        return answer(_renderer(self.books, request).record(record, row, only))

    async def patch(self, request: Request) -> Response:
        record, key = _target(request)
        body = decode_object(await request.body())
        row = update(self.books, record, key, body, _write(request))
        return self._located(request, record, row)

    async def put(self, request: Request) -> Response:
        record, key = _target(request)
        body = decode_object(await request.body())
        if not key.startswith("eid:"):
            raise NetSuiteError(
                "INVALID_METHOD", "PUT is an upsert: address the record by eid:.", status=405
            )
        row = upsert(self.books, record, key.removeprefix("eid:"), body, _write(request))
        return self._located(request, record, row)

    async def delete(self, request: Request) -> Response:
        record, key = _target(request)
        delete(self.books, record, key)
        return Response(status_code=204)

    async def sublist(self, request: Request) -> Response:
        record, key = _target(request)
        row = find_by_key(self.books, record, key)
        name = request.path_params["sublist"]
        if name not in record.sublists:
            raise NetSuiteError("NONEXISTENT_ID", f"{record.name} has no {name}.", status=404)
        renderer = _renderer(self.books, request)
        here = renderer.href(record.name, row["id"])
        shown = renderer.sublist(record, name, lines(row, name), here, expand=True)
        return answer(shown, COLLECTION)

    def _located(self, request: Request, record: RecordType, row: Row) -> Response:
        place = f"{origin(request)}{RECORD}/{record.name}/{row['id']}"
        return Response(status_code=204, headers={"Location": place})


def _target(request: Request) -> tuple[RecordType, str]:
    return record_type(request.path_params["record"]), request.path_params["key"]


def _write(request: Request) -> Write:
    named = request.query_params.get("replace", "")
    return Write(Checks.of(request), frozenset(filter(None, named.split(","))))


def _renderer(books: Books, request: Request) -> Renderer:
    def is_on(name: str) -> bool:
        return request.query_params.get(name, "false").lower() == "true"

    return Renderer(
        books,
        origin(request),
        expand=is_on("expandSubResources"),
        simple=is_on("simpleEnumFormat"),
    )


def _json_type(kind: str) -> str:
    base = kind.removeprefix("!").partition(":")[0]
    known = {"bool": "boolean", "int": "integer", "number": "number", "money": "number"}
    return known.get(base, "object" if base in ("ref", "choice", "record") else "string")
