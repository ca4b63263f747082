"""SuiteQL: parsed and qualified by sqlglot, run by SQLite over a mirror of the stored records.

The mirror lives in memory and follows the records before each query. Section_157909186990 and
section_158394344595: `Prefer: transient` is mandatory, SELECT only, 1000 rows
a page, 100,000 in all.
"""

import sqlite3
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isthmus.sandbox.netsuite.books import Books
from isthmus.sandbox.netsuite.dates import (
    format_date,
    in_zone,
    is_date,
    parse_date,
    start_of_day,
    stored_date,
    user_date,
)
from isthmus.sandbox.netsuite.tables import AFFINITY, TABLES, stored_rows
from isthmus.sandbox.netsuite.transaction_rows import STATUS_NAMES
from isthmus.sandbox.netsuite.translation import refused, sqlite_of
from isthmus.sandbox.netsuite.wire import (
    COLLECTION,
    SUITEQL,
    Body,
    NetSuiteError,
    answer,
    decode_object,
    origin,
    page,
    paging,
)

REACHABLE = 100_000
BY_RECORD = {
    record: [table for table in TABLES.values() if record in table.records]
    for table in TABLES.values()
    for record in table.records
}
KEY = {
    "transactionline": "transaction",
    "nexttransactionlinelink": "nextdoc",
    "revrecscheduleline": "schedule",
}


class SuiteQL:
    def __init__(self, books: Books) -> None:
        self.books = books
        self.mirror = sqlite3.connect(":memory:")
        for table in TABLES.values():
            columns = ", ".join(f'"{at.name}" {AFFINITY[at.type]}' for at in table.columns)
            key = KEY.get(table.name, "id")
            self.mirror.execute(f'CREATE TABLE "{table.name}" ({columns})')
            self.mirror.execute(f'CREATE INDEX "{table.name}_key" ON "{table.name}" ("{key}")')
        self.mirror.execute("CREATE TABLE dual (dummy TEXT)")
        self.mirror.execute("INSERT INTO dual VALUES ('X')")
        self._add_functions()

    def routes(self) -> list[Route]:
        return [Route(SUITEQL, self.post, methods=["POST"])]

    async def post(self, request: Request) -> Response:
        if "transient" not in request.headers.get("Prefer", ""):
            raise NetSuiteError(
                "INVALID_HEADER",
                "The required request header 'Prefer' is missing or is not 'transient'.",
            )
        limit, offset = paging(request)
        query = decode_object(await request.body()).get("q")
        if not isinstance(query, str) or not query.strip():
            raise NetSuiteError("INVALID_CONTENT", "The query is missing.", path="q")
        rows = self.run(query)
        items: list[Body] = [{"links": []} | row for row in rows[offset : offset + limit]]
        base = f"{origin(request)}{SUITEQL}"
        return answer(page(base, items, offset, limit, len(rows)), COLLECTION)

    def run(self, query: str) -> list[Body]:
        statement = sqlite_of(query)
        self._follow()
        try:
            cursor = self.mirror.execute(statement)
            names = [column[0].lower() for column in cursor.description]
            rows = cursor.fetchmany(REACHABLE)
        except sqlite3.Error as error:
            raise refused(f"Search error occurred: {error}.") from error
        return [
            {
                name: _text(value)
                for name, value in zip(names, row, strict=True)
                if value is not None
            }
            for row in rows
        ]

    def _follow(self) -> None:
        """Bring the mirror in line with the records changed since the last query."""
        fresh, self.books.fresh = self.books.fresh, set()
        for record, row_id in sorted(fresh):
            row = self.books.find(record, row_id)
            for table in BY_RECORD.get(record, ()):
                key = KEY.get(table.name, "id")
                self.mirror.execute(f'DELETE FROM "{table.name}" WHERE "{key}" = ?', (row_id,))
                if row is not None:
                    marks = ", ".join("?" * len(table.columns))
                    rows = stored_rows(table, self.books, record, row)
                    self.mirror.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', rows)

    def _add_functions(self) -> None:
        add = self.mirror.create_function
        add("ns_local", 1, self._local)
        add("ns_display", 2, self._display)
        add("ns_status", 2, lambda kind, letter: STATUS_NAMES.get(f"{kind}:{letter}", letter))
        add("ns_date", 2, parse_date)
        add("ns_char", 2, format_date)
        add("ns_now", 0, lambda: self._local(stored_date(self.books.stamp())))
        add("ns_trunc", 1, start_of_day)

    def _local(self, stored: str | None) -> str | None:
        return in_zone(stored, self.books.settings.timezone)

    def _display(self, records: str, row_id: int | None) -> str | None:
        if row_id is None:
            return None
        return self.books.display(tuple(records.split("|")), str(row_id))


def _text(value: str | int | float) -> str:
    """Every value is text: a number without trailing zeros, a date in the user's format."""
    if is_date(value):
        return user_date(str(value))
    if isinstance(value, float):
        return format(Decimal(repr(round(value, 8))).normalize(), "f")
    return str(value)
