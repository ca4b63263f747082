"""SuiteQL: parsed and qualified by sqlglot, run by SQLite over a mirror of the stored records.

The mirror lives in memory and follows the records before each query. Section_157909186990 and
section_158394344595: `Prefer: transient` is mandatory, SELECT only, 1000 rows
a page, 100,000 in all.
"""

import sqlite3
from decimal import Decimal

from sqlglot import exp, parse
from sqlglot.errors import OptimizeError, ParseError
from sqlglot.optimizer.qualify import qualify
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
from isthmus.sandbox.netsuite.tables import AFFINITY, STATUS_NAMES, TABLES, Column, stored_rows
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
SCHEMA: dict[str, object] = {
    table.name.upper(): {column.name.upper(): column.type for column in table.columns}
    for table in TABLES.values()
}
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


def refused(why: str) -> NetSuiteError:
    return NetSuiteError(
        "INVALID_PARAMETER",
        f"Invalid search query. Detailed unprocessed description follows. {why}",
    )


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
        statement = translate(query)
        self._follow()
        try:
            cursor = self.mirror.execute(statement.sql(dialect="sqlite"))
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


INSTANTS = frozenset({"lastmodifieddate", "createddate", "datecreated"})


def translate(query: str) -> exp.Expression:
    """The query for SQLite; refuses anything but one SELECT over known tables and columns."""
    try:
        statements = parse(query, dialect="oracle")
    except ParseError as error:
        raise refused(f"Search error occurred: {error}.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        raise refused("Only SELECT statements are supported.")
    statement: exp.Expression = statements[0]
    if statement.find(exp.Limit) is not None:
        raise refused("Search error occurred: LIMIT is not known; use FETCH FIRST n ROWS ONLY.")
    _check_tables(statement)
    statement = statement.transform(_lift_builtin)
    try:
        statement = qualify(
            statement, dialect="oracle", schema=SCHEMA, validate_qualify_columns=True
        )
    except OptimizeError as error:
        raise refused(f"Search error occurred: Field not found. {error}") from error
    _localise(statement)
    return statement.transform(_rewrite)


def _check_tables(statement: exp.Expression) -> None:
    named = {cte.alias.lower() for cte in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        name = table.name.lower()
        if name not in TABLES and name not in named | {"dual"}:
            raise refused(f"Search error occurred: Record '{table.name}' was not found.")


def _lift_builtin(node: exp.Expression) -> exp.Expression:
    """BUILTIN.DF(x) becomes one function call, whose column can be qualified."""
    if isinstance(node, exp.Dot) and node.this.name.upper() == "BUILTIN":
        call = node.expression
        if isinstance(call, exp.Anonymous) and call.name.upper() == "DF":
            return exp.Anonymous(this="BUILTIN_DF", expressions=call.expressions)
        raise refused(f"Search error occurred: Unknown function BUILTIN.{call.name}.")
    return node


def _column(node: exp.Expr) -> Column | None:
    """The catalogue's column behind a qualified one; nothing for one of a subquery."""
    if not isinstance(node, exp.Column):
        return None
    select = node.parent_select
    while select is not None:
        for source in select.find_all(exp.Table):
            if source.alias_or_name == node.table and source.name.lower() in TABLES:
                return TABLES[source.name.lower()].column(node.name.lower())
        select = select.parent_select
    return None


def _localise(statement: exp.Expression) -> None:
    for node in list(statement.find_all(exp.Column)):
        column = _column(node)
        if column is not None and column.name in INSTANTS:
            node.replace(exp.Anonymous(this="NS_LOCAL", expressions=[node.copy()]))


COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def _rewrite(node: exp.Expression) -> exp.Expression:
    match node:
        case exp.ToChar() if node.args.get("format") is not None:
            return _call("NS_CHAR", node.this, node.args["format"])
        case exp.TimeToStr():
            return _call("NS_CHAR", node.this, node.args["format"])
        case exp.StrToDate() | exp.StrToTime():
            return _call("NS_DATE", node.this, node.args.get("format") or exp.Literal.string("%Y"))
        case exp.CurrentTimestamp() | exp.CurrentDate():
            return _call("NS_NOW")
        case exp.Anonymous() if node.name.upper() == "TRUNC" and len(node.expressions) == 1:
            return _call("NS_TRUNC", node.expressions[0])
        case exp.Anonymous() if node.name.upper() == "BUILTIN_DF":
            return _display_call(node.expressions[0])
        case _:
            _check_date_literal(node)
            return node


def _call(name: str, *arguments: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _display_call(argument: exp.Expression) -> exp.Expression:
    column = _column(argument)
    if column is None or not column.shows:
        return argument
    if column.shows == ("@status",):
        kind = exp.column("TYPE", table=argument.args["table"].copy())
        return _call("NS_STATUS", kind, argument)
    return _call("NS_DISPLAY", exp.Literal.string("|".join(column.shows)), argument)


def _check_date_literal(node: exp.Expression) -> None:
    """A bare text beside a date is read in the user's format, which an ISO date is not."""
    if not isinstance(node, COMPARISONS):
        return
    for one, other in ((node.this, node.expression), (node.expression, node.this)):
        inner = one.expressions[0] if isinstance(one, exp.Anonymous) and one.expressions else one
        column = _column(inner)
        if column is None or column.type != "date":
            continue
        if isinstance(other, exp.Literal) and other.is_string:
            other.replace(exp.Literal.string(_user_literal(other.name)))


def _user_literal(text: str) -> str:
    try:
        return str(parse_date(text, "%m/%d/%Y"))
    except ValueError as error:
        raise refused(f"Search error occurred: '{text}' is not a date M/D/YYYY.") from error
