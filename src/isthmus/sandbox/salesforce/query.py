"""SOQL over the org's rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.conditions import comparable, predicate, sort_key
from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.rendering import Renderer, over, plain_reader, row_renderer
from isthmus.sandbox.salesforce.schema import Field, SObject
from isthmus.sandbox.salesforce.soql import (
    AllFields,
    Comparison,
    Condition,
    Logic,
    Membership,
    Path,
    Query,
    Value,
    at_column,
    malformed,
    parse,
)

MAX_OFFSET = 2000
MOST_WITH_ALL_FIELDS = 200


@dataclass(frozen=True)
class Column:
    """A field reached over zero or more parents."""

    field: Field
    read: Callable[[Row], Any]


@dataclass(frozen=True)
class Found:
    """Rows in order, and how one of them is shown. `render` is None for `COUNT()`."""

    rows: list[Row]
    render: Renderer | None


def run(org: Org, text: str, base: str, *, with_deleted: bool = False) -> Found:
    """`base` is the versioned path that record URLs start with."""
    query = parse(text)
    sobject = org.schema.find(query.source)
    if sobject is None:
        raise SalesforceError(
            "INVALID_TYPE",
            at_column(
                text,
                query.column,
                f"sObject type '{query.source}' is not supported. If you are attempting to use a"
                " custom object, be sure to append the '__c' after the entity name. Please"
                " reference your WSDL or the describe call for the appropriate names.",
            ),
        )
    if query.offset > MAX_OFFSET:
        raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
    scope = Scope(org, sobject, text, base, with_deleted)
    return scope.select(query)


class Scope:
    """One object that a query (or subquery) reads from."""

    def __init__(
        self, org: Org, sobject: SObject, text: str, base: str, with_deleted: bool
    ) -> None:
        self.org = org
        self.sobject = sobject
        self.text = text
        self.base = base
        self.with_deleted = with_deleted
        self.today: date = org.clock().astimezone(UTC).date()

    def select(self, query: Query, among: Iterable[Row] | None = None) -> Found:
        _check_unbounded(query)
        render = None if query.items is None else self._renderer(query.items)
        test = None if query.where is None else predicate(self, query.where)
        sorts = [(self.column(sort.path), sort) for sort in query.order]
        rows = [
            row
            for row in (self._candidates(query.where) if among is None else among)
            if (self.with_deleted or not row["IsDeleted"]) and (test is None or test(row))
        ]
        for column, sort in reversed(sorts):
            rows = _sorted(rows, column, descending=sort.descending, nulls_last=sort.nulls_last)
        end = None if query.limit is None else query.offset + query.limit
        return Found(rows[query.offset : end], render)

    def column(self, path: Path) -> Column:
        links, holder = self._walk(path)
        known = holder.find(path.names[-1])
        if known is None:
            raise self._no_column(path, holder)
        read = plain_reader(self.org, holder, known)
        for link in reversed(links):
            read = over(self.org, link, read)
        return Column(known, read)

    def semi_join(self, query: Query) -> list[Any]:
        if query.items is None or len(query.items) != 1 or not isinstance(query.items[0], Path):
            raise malformed("a semi join sub-select must select exactly one field")
        inner = self._scope(self.org.schema.get(query.source))
        read = inner.column(query.items[0]).read
        return [read(row) for row in inner.select(query).rows]

    def _scope(self, sobject: SObject) -> "Scope":
        return Scope(self.org, sobject, self.text, self.base, self.with_deleted)

    def _walk(self, path: Path) -> tuple[list[Field], SObject]:
        links: list[Field] = []
        holder = self.sobject
        names = path.names
        if len(names) > 1 and names[0].casefold() == holder.name.casefold():
            names = names[1:]
        for name in names[:-1]:
            link = holder.find_relationship(name)
            if link is None:
                raise self._no_relationship(path, name)
            links.append(link)
            holder = self.org.schema.get(link.reference_to)
        return links, holder

    def _candidates(self, where: Condition | None) -> Iterable[Row]:
        """Rows that can match at all: by index where the condition pins an id or a key."""
        terms = where.terms if isinstance(where, Logic) and where.operator == "and" else (where,)
        for term in terms:
            if (rows := self._pinned(term)) is not None:
                return rows
        return self.org.store.all(self.sobject.name)

    def _pinned(self, term: Condition | None) -> list[Row] | None:
        values: Sequence[Value]
        match term:
            case Comparison(path, "=", Value() as value):
                values = (value,)
            case Membership(path, tuple() as values, False):
                pass
            case _:
                return None
        known = self.sobject.find(path.names[0]) if len(path.names) == 1 else None
        if known is None or any(value.kind not in ("string", "number") for value in values):
            return None
        wanted = {comparable(known, value) for value in values}
        if None in wanted:
            return None
        if known.name == "Id":
            store = self.org.store
            rows = [store.get(self.sobject.name, record_id) for record_id in sorted(wanted)]
            return [row for row in rows if row is not None]
        if not self.org.store.is_indexed(self.sobject.name, known.name):
            return None
        return [
            row
            for value in sorted(wanted)
            for row in self.org.store.find(self.sobject.name, known.name, value)
        ]

    def _renderer(self, items: "tuple[Path | AllFields | Query, ...]") -> Renderer:
        shown: dict[str, Any] = {}
        children: list[tuple[str, Callable[[Row], Any]]] = []
        for item in items:
            match item:
                case Path():
                    self._show(shown, item)
                case AllFields():
                    self._show_all(shown, item)
                case Query():
                    children.append(self._child(item))
        render = row_renderer(self.org, self.sobject, shown, self.base)
        if not children:
            return render
        return lambda row: {**render(row), **{name: show(row) for name, show in children}}

    def _show(self, shown: dict[str, Any], path: Path) -> None:
        """Collect paths in a tree: `Account.Name` and `Account.Id` share one nested object."""
        links, holder = self._walk(path)
        known = holder.find(path.names[-1])
        if known is None:
            raise self._no_column(path, holder)
        level = shown
        for link in links:
            level = level.setdefault(link.relationship_name, {})
        level[known.name] = known

    def _show_all(self, shown: dict[str, Any], item: AllFields) -> None:
        if item.group not in ("ALL", "STANDARD", "CUSTOM"):
            raise malformed(f"unexpected token: '{item.group}'")
        for known in self.sobject.fields.values():
            is_custom = known.name.endswith("__c")
            if item.group == "ALL" or is_custom == (item.group == "CUSTOM"):
                shown[known.name] = known

    def _child(self, query: Query) -> tuple[str, Callable[[Row], Any]]:
        found = self.org.schema.child(self.sobject, query.source)
        if found is None:
            raise SalesforceError(
                "INVALID_TYPE",
                at_column(
                    self.text,
                    query.column,
                    f"Didn't understand relationship '{query.source}' in FROM part of query call."
                    " If you are attempting to use a custom relationship, be sure to append the"
                    " '__r' after the custom relationship name. Please reference your WSDL or the"
                    " describe call for the appropriate names.",
                ),
            )
        child, link = found
        inner = self._scope(child)
        inner.select(query, ())

        def show(row: Row) -> Any:
            rows = self.org.linked(child, link, row["Id"])
            selected = inner.select(query, rows)
            if not selected.rows or selected.render is None:
                return None
            records = [selected.render(one) for one in selected.rows]
            return {"totalSize": len(records), "done": True, "records": records}

        return link.child_relationship_name, show

    def _no_column(self, path: Path, holder: SObject) -> SalesforceError:
        return SalesforceError(
            "INVALID_FIELD",
            at_column(
                self.text,
                path.column,
                f"No such column '{path.names[-1]}' on entity '{holder.name}'. If you are"
                " attempting to use a custom field, be sure to append the '__c' after the custom"
                " field name. Please reference your WSDL or the describe call for the appropriate"
                " names.",
            ),
        )

    def _no_relationship(self, path: Path, name: str) -> SalesforceError:
        return SalesforceError(
            "INVALID_FIELD",
            at_column(
                self.text,
                path.column,
                f"Didn't understand relationship '{name}' in field path. If you are attempting to"
                " use a custom relationship, be sure to append the '__r' after the custom"
                " relationship name. Please reference your WSDL or the describe call for the"
                " appropriate names.",
            ),
        )


def _check_unbounded(query: Query) -> None:
    """`FIELDS(ALL)` and `FIELDS(CUSTOM)` are for a look, not for a load."""
    groups = {item.group for item in query.items or () if isinstance(item, AllFields)}
    if groups & {"ALL", "CUSTOM"} and (query.limit is None or query.limit > MOST_WITH_ALL_FIELDS):
        raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")


def _sorted(rows: list[Row], column: Column, *, descending: bool, nulls_last: bool) -> list[Row]:
    key = sort_key(column.field)
    valued: list[tuple[Any, Row]] = []
    nulls: list[Row] = []
    for row in rows:
        value = column.read(row)
        if value is None:
            nulls.append(row)
        else:
            valued.append((key(value), row))
    valued.sort(key=lambda pair: pair[0], reverse=descending)
    ordered = [row for _, row in valued]
    return ordered + nulls if nulls_last else nulls + ordered
