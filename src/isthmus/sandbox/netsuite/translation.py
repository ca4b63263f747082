"""SuiteQL in SQLite's words: parsed and qualified by sqlglot.

It is worked out once for all queries that differ in their dates and ids alone: a client that polls
asks the same with another instant each time, and parsing takes longer than answering.
"""

import re
from functools import lru_cache

from sqlglot import exp, parse
from sqlglot.errors import OptimizeError, ParseError
from sqlglot.optimizer.qualify import qualify

from isthmus.sandbox.netsuite.dates import parse_date
from isthmus.sandbox.netsuite.tables import TABLES, Column
from isthmus.sandbox.netsuite.wire import NetSuiteError

SCHEMA: dict[str, object] = {
    table.name.upper(): {column.name.upper(): column.type for column in table.columns}
    for table in TABLES.values()
}
TEXT = re.compile(r"'(?:[^']|'')*'")
VALUE = re.compile(r"(?:\D*\d){4}")
"""A date or an id: no format model has so many digits."""
ID = re.compile(r"'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'")
DIGIT = re.compile(r"\d")
HEX = re.compile(r"[0-9a-f]")


def refused(why: str) -> NetSuiteError:
    return NetSuiteError(
        "INVALID_PARAMETER",
        f"Invalid search query. Detailed unprocessed description follows. {why}",
    )


def sqlite_of(query: str) -> str:
    """Raises NetSuiteError, whose text tells of the query as it was asked."""
    texts = dict.fromkeys(TEXT.findall(query))
    values = [text for text in texts if VALUE.search(text)][:10]
    shapes = {text: _shape(text, number) for number, text in enumerate(values)}
    asked = {shape: text for text, shape in shapes.items()}
    if len(asked) == len(shapes) and not asked.keys() & texts.keys():
        try:
            found = _translated(TEXT.sub(lambda m: shapes.get(m[0], m[0]), query))
        except NetSuiteError:
            return _plain(query)
        if asked.keys() <= set(TEXT.findall(found)):
            return TEXT.sub(lambda m: asked.get(m[0], m[0]), found)
    return _plain(query)


def _shape(text: str, number: int) -> str:
    return (HEX if ID.fullmatch(text) else DIGIT).sub(str(number), text)


def _plain(query: str) -> str:
    return translate(query).sql(dialect="sqlite")


_translated = lru_cache(maxsize=512)(_plain)


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
