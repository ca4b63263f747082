"""SOQL text to a tree of what was asked; nothing here knows the schema."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any, Literal, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.values import instant, parse_instant

Kind = Literal["string", "number", "boolean", "null", "date", "datetime", "literal"]


@dataclass(frozen=True)
class Path:
    """`column` is where it starts in the text, counted from 1, for the error's caret."""

    names: tuple[str, ...]
    column: int

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True)
class AllFields:
    group: str


@dataclass(frozen=True)
class Value:
    kind: Kind
    value: Any


@dataclass(frozen=True)
class Comparison:
    """`operator` is one of = != < <= > >= LIKE; `<>` was read as `!=`."""

    path: Path
    operator: str
    value: Value


@dataclass(frozen=True)
class Membership:
    path: Path
    values: "tuple[Value, ...] | Query"
    negated: bool


@dataclass(frozen=True)
class Logic:
    operator: Literal["and", "or", "not"]
    terms: "tuple[Condition, ...]"


Condition = Comparison | Membership | Logic


@dataclass(frozen=True)
class Sort:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """`items` is None for `SELECT COUNT()`."""

    items: "tuple[Path | AllFields | Query, ...] | None"
    source: str
    column: int
    where: Condition | None = None
    order: tuple[Sort, ...] = ()
    limit: int | None = None
    offset: int = 0


def parse(text: str) -> Query:
    try:
        return _parsed(text)
    except UnexpectedInput as error:
        raise _malformed(text, error) from None
    except VisitError as error:
        raise malformed(f"invalid literal in {text!r}: {error.orig_exc}") from None


def malformed(message: str) -> SalesforceError:
    return SalesforceError("MALFORMED_QUERY", message)


def at_column(text: str, column: int, message: str) -> str:
    """The platform's form: the query, a caret under the place, the place, the complaint."""
    line = text.replace("\n", " ")
    return f"\n{line}\n{' ' * (column - 1)}^\nERROR at Row:1:Column:{column}\n{message}"


@lru_cache(maxsize=256)
def _parsed(text: str) -> Query:
    tree = _grammar().parse(text)
    query: Query = _ToQuery().transform(tree)
    return query


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    text = (resources.files("isthmus.sandbox.salesforce") / "soql.lark").read_text()
    return Lark(text, parser="lalr", maybe_placeholders=True)


def _malformed(text: str, error: UnexpectedInput) -> SalesforceError:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return malformed("unexpected token: '<EOF>'")
    position = cast("int | None", error.pos_in_stream) or 0
    word = re.match(r"\w+|.", text[position:], re.DOTALL)
    token = word.group() if word else "<EOF>"
    if isinstance(error, UnexpectedCharacters) and token == "'":
        token = text[position:]
    return malformed(at_column(text, position + 1, f"unexpected token: '{token}'"))


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "N": "\n", "R": "\r", "T": "\t"}


def _unquoted(token: str, *, keep_wildcards: bool = False) -> str:
    def escape(match: re.Match[str]) -> str:
        letter = match.group(1)
        if letter.startswith("u"):
            return chr(int(letter[1:], 16))
        if keep_wildcards and letter in "%_\\":
            return f"\\{letter}"
        return _ESCAPES.get(letter, letter)

    return re.sub(r"\\(u[0-9A-Fa-f]{4}|.)", escape, token[1:-1], flags=re.DOTALL)


@v_args(inline=True)
class _ToQuery(Transformer[Token, Any]):
    def start(self, query: Query) -> Query:
        return query

    def query(self, items: Any, source: Token, *clauses: Any) -> Query:
        where, order, limit, offset = clauses[:4]
        return Query(
            items=items,
            source=str(source),
            column=source.column or 1,
            where=where,
            order=order or (),
            limit=limit,
            offset=offset or 0,
        )

    subquery = query

    def count(self, _count: Token) -> None:
        return None

    def items(self, *items: Any) -> tuple[Any, ...]:
        return items

    def all_fields(self, _fields: Token, group: Token) -> AllFields:
        return AllFields(str(group).upper())

    def path(self, *names: Token) -> Path:
        return Path(tuple(str(name) for name in names), names[0].column or 1)

    def where(self, condition: Condition) -> Condition:
        return condition

    def conjunction(self, *terms: Condition) -> Logic:
        return Logic("and", terms)

    def disjunction(self, *terms: Condition) -> Logic:
        return Logic("or", terms)

    def negation(self, term: Condition) -> Logic:
        return Logic("not", (term,))

    def compare(self, path: Path, operator: Token, value: Value) -> Comparison:
        return Comparison(path, "!=" if operator == "<>" else str(operator), value)

    def like(self, path: Path, _like: Token, pattern: Token) -> Comparison:
        value = Value("string", _unquoted(str(pattern), keep_wildcards=True))
        return Comparison(path, "LIKE", value)

    def is_in(self, path: Path, _in: Token, values: Any) -> Membership:
        return Membership(path, values, negated=False)

    def is_not_in(self, path: Path, _in: Token, values: Any) -> Membership:
        return Membership(path, values, negated=True)

    def value_list(self, *values: Value) -> tuple[Value, ...]:
        return values

    def semi_join(self, query: Query) -> Query:
        return query

    def text(self, token: Token) -> Value:
        return Value("string", _unquoted(str(token)))

    def datetime(self, token: Token) -> Value:
        return Value("datetime", instant(parse_instant(str(token))))

    def date(self, token: Token) -> Value:
        return Value("date", date.fromisoformat(str(token)).isoformat())

    def number(self, token: Token) -> Value:
        return Value("number", Decimal(str(token)))

    def true(self) -> Value:
        return Value("boolean", True)

    def false(self) -> Value:
        return Value("boolean", False)

    def null(self) -> Value:
        return Value("null", None)

    def date_literal(self, name: Token, count: Token | None) -> Value:
        return Value("literal", (str(name).upper(), None if count is None else int(str(count))))

    def order(self, *sorts: Sort) -> tuple[Sort, ...]:
        return sorts

    def sort(self, path: Path, direction: Token | None, nulls: Token | None) -> Sort:
        descending = direction is not None and direction.type == "DESC"
        return Sort(path, descending, nulls is not None and nulls.type == "LAST")

    def limit(self, count: Token) -> int:
        return int(str(count))

    def offset(self, count: Token) -> int:
        return int(str(count))
