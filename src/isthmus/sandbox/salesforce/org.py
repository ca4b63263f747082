"""The org itself: rows under a schema, changed one record at a time through every rule.

Everything that writes (REST, Bulk, control, the package's own triggers) comes through `save` and
`delete`, so no way in skips a rule.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from isthmus.sandbox.rows import Row, RowStore
from isthmus.sandbox.salesforce.change import Behaviour, Change, MultipleMatches, Writer
from isthmus.sandbox.salesforce.errors import SalesforceError, not_found
from isthmus.sandbox.salesforce.ids import new_id, to_18
from isthmus.sandbox.salesforce.references import resolve_references, resolve_relationships
from isthmus.sandbox.salesforce.schema import NUMBERS, Field, Schema, SObject
from isthmus.sandbox.salesforce.values import instant, stored

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Org:
    def __init__(self, store: RowStore, behaviour: Behaviour, clock: Clock = wall_clock) -> None:
        self.store = store
        self.clock = clock
        self.behaviour = behaviour
        self.schema = Schema()
        self.index_schema()
        self.currency = "USD"
        self.org_id = to_18("00D5e0000000001")
        self.user_id = to_18("0055e0000000001")
        self.listeners: list[Callable[[Change], None]] = []

    def index_schema(self) -> None:
        for sobject in self.schema:
            for known in sobject.fields.values():
                if known.is_key or known.child_relationship_name:
                    self.index(sobject, known)

    def index(self, sobject: SObject, known: Field) -> None:
        if not self.store.is_indexed(sobject.name, known.name):
            self.store.index(sobject.name, known.name, _fold(known))

    def now(self) -> str:
        return instant(self.clock())

    def live(self, object_name: str) -> Iterator[Row]:
        return (row for row in self.store.all(object_name) if not row["IsDeleted"])

    def find(self, object_name: str, record_id: str | None) -> Row | None:
        """A row that is not in the recycle bin."""
        row = self.store.get(object_name, to_18(record_id)) if record_id else None
        return None if row is None or row["IsDeleted"] else row

    def matches(self, sobject: SObject, key: Field, value: Any) -> list[Row]:
        """Live rows that carry this external id or unique value."""
        if key.name == "Id":
            row = self.find(sobject.name, str(value))
            return [] if row is None else [row]
        found = self.store.find(sobject.name, key.name, _key_value(key, value))
        return [row for row in found if not row["IsDeleted"]]

    def value(self, sobject: SObject, row: Row, known: Field) -> Any:
        if known.formula:
            formula = self.behaviour.formulas.get((sobject.name, known.name))
            return None if formula is None else formula(self, row)
        return row.get(known.name)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        with self.store.transaction():
            yield

    def insert(self, sobject: SObject, body: Row, writer: Writer) -> str:
        return self.save(sobject, body, None, writer)

    def update(self, sobject: SObject, record_id: str, body: Row, writer: Writer) -> None:
        self.save(sobject, body, record_id, writer)

    def upsert(
        self, sobject: SObject, key: Field, value: Any, body: Row, writer: Writer
    ) -> tuple[str, bool]:
        """The id, and whether the row is new."""
        found = self.matches(sobject, key, value)
        if len(found) > 1:
            raise MultipleMatches([row["Id"] for row in found])
        if found:
            return self.save(sobject, body, found[0]["Id"], writer), False
        if key.name == "Id":
            raise not_found()
        return self.save(sobject, {**body, key.name: value}, None, writer), True

    def save(self, sobject: SObject, body: Row, record_id: str | None, writer: Writer) -> str:
        with self.store.transaction():
            change = self._change(sobject, body, record_id, writer)
            resolve_references(self, change)
            for trigger in self.behaviour.before.get(sobject.name, []):
                trigger(self, change)
            self._check(change)
            self.store.put(sobject.name, change.record_id, change.new)
            for trigger in self.behaviour.after.get(sobject.name, []):
                trigger(self, change)
            for listener in self.listeners:
                listener(change)
            return change.record_id

    def delete(self, sobject: SObject, record_id: str, writer: Writer) -> None:
        row = self.find(sobject.name, record_id)
        if row is None:
            raise self.gone(sobject, record_id)
        if sobject.read_only and not writer.is_system:
            raise _no_access()
        with self.store.transaction():
            self._release_children(sobject, row["Id"], writer)
            now = self.now()
            gone = {**row, "IsDeleted": True, "LastModifiedDate": now, "SystemModstamp": now}
            self.store.put(sobject.name, row["Id"], gone)
            change = Change(sobject, row["Id"], row, gone, frozenset(), writer)
            for trigger in self.behaviour.after_delete.get(sobject.name, []):
                trigger(self, change)

    def write_as_package(self, object_name: str, record_id: str, **values: Any) -> None:
        """A trigger's own update of another record."""
        sobject = self.schema.get(object_name)
        self.save(sobject, values, record_id, Writer(self.user_id, "package"))

    def _change(self, sobject: SObject, body: Row, record_id: str | None, writer: Writer) -> Change:
        if sobject.read_only and not writer.is_system:
            raise _no_access()
        values = self._values(sobject, body, writer, is_new=record_id is None)
        if record_id is None:
            number = self.store.next(f"id:{sobject.prefix}", start=101)
            made = str(values.get("Id") or new_id(sobject.prefix, number))
            new = {**self._defaults(sobject, made, writer), **values, "Id": made}
            return Change(sobject, made, None, new, frozenset(values), writer)
        old = self.find(sobject.name, record_id)
        if old is None:
            raise self.gone(sobject, record_id)
        now = self.now()
        stamps = {
            "LastModifiedDate": now,
            "SystemModstamp": now,
            "LastModifiedById": writer.user_id,
        }
        return Change(
            sobject, old["Id"], old, {**old, **stamps, **values}, frozenset(values), writer
        )

    def _values(self, sobject: SObject, body: Row, writer: Writer, *, is_new: bool) -> Row:
        plain = resolve_relationships(self, sobject, body)
        if not writer.is_system:
            _refuse_read_only(sobject, plain, is_new=is_new)
        return {
            name: stored(sobject.fields[name], _whole_currency(value))
            for name, value in plain.items()
        }

    def _defaults(self, sobject: SObject, record_id: str, writer: Writer) -> Row:
        now = self.now()
        row: Row = {
            known.name: _default(known) for known in sobject.fields.values() if not known.formula
        }
        for known in sobject.fields.values():
            if known.auto_number:
                row[known.name] = self._auto_number(sobject, known)
            elif known.owner:
                row[known.name] = writer.user_id
        if "CurrencyIsoCode" in sobject.fields:
            row["CurrencyIsoCode"] = self.currency
        if sobject.is_custom and row.get("Name") is None:
            row["Name"] = record_id
        for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
            row[name] = now
        return {**row, "CreatedById": writer.user_id, "LastModifiedById": writer.user_id}

    def _auto_number(self, sobject: SObject, known: Field) -> str:
        number = self.store.next(f"number:{sobject.name}.{known.name}")
        return _numbered(known.auto_number, number, self.clock().astimezone(UTC))

    def _check(self, change: Change) -> None:
        _check_required(change)
        for name in change.given if change.old else change.sobject.fields:
            known = change.sobject.fields[name]
            if known.unique and change.new.get(name) is not None:
                self._check_unique(change, known)

    def _check_unique(self, change: Change, known: Field) -> None:
        for row in self.matches(change.sobject, known, change.new[known.name]):
            if row["Id"] != change.record_id:
                raise SalesforceError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {known.name} duplicates value on record with id:"
                    f" {row['Id']}",
                    [],
                )

    def _release_children(self, parent: SObject, record_id: str, writer: Writer) -> None:
        for child, link in self.schema.children(parent):
            for row in self.linked(child, link, record_id):
                if link.cascade:
                    self.delete(child, row["Id"], writer)
                elif link.required:
                    raise SalesforceError(
                        "DELETE_FAILED",
                        f"Your attempt to delete the record could not be completed because it is"
                        f" associated with the following {child.plural}: {row['Id']}",
                        [],
                    )
                else:
                    self.store.put(child.name, row["Id"], {**row, link.name: None})

    def linked(self, child: SObject, link: Field, record_id: str) -> list[Row]:
        if self.store.is_indexed(child.name, link.name):
            rows = self.store.find(child.name, link.name, record_id)
        else:
            rows = [row for row in self.store.all(child.name) if row.get(link.name) == record_id]
        return [row for row in rows if not row["IsDeleted"]]

    def gone(self, sobject: SObject, record_id: str) -> SalesforceError:
        row = self.store.get(sobject.name, to_18(record_id))
        if row is not None and row["IsDeleted"]:
            return SalesforceError("ENTITY_IS_DELETED", "entity is deleted", [], status=404)
        return not_found()


def _fold(known: Field) -> Callable[[Any], Hashable]:
    if known.type in NUMBERS or known.type == "reference" or known.case_sensitive:
        return lambda value: value if isinstance(value, Hashable) else str(value)
    return lambda value: str(value).casefold()


def _key_value(key: Field, value: Any) -> Any:
    return stored(key, value)


def _default(known: Field) -> Any:
    if known.type == "boolean":
        return bool(known.default)
    if known.default is None:
        return None
    return Decimal(known.default) if known.type in NUMBERS else known.default


def _whole_currency(value: Any) -> Any:
    """A seed written in Python may carry floats; their shortest text is what was meant."""
    return Decimal(str(value)) if isinstance(value, float) else value


def _numbered(display_format: str, number: int, today: datetime) -> str:
    text = display_format.replace("{YYYYMMDD}", f"{today:%Y%m%d}")
    for token, form in (("{YYYY}", "%Y"), ("{MM}", "%m"), ("{DD}", "%d")):
        text = text.replace(token, today.strftime(form))
    opening, closing = text.rindex("{"), text.rindex("}")
    width = closing - opening - 1
    return f"{text[:opening]}{number:0{width}d}{text[closing + 1 :]}"


def _refuse_read_only(sobject: SObject, values: Row, *, is_new: bool) -> None:
    refused = [
        name
        for name in values
        if not sobject.fields[name].is_writable or (sobject.fields[name].create_only and not is_new)
    ]
    if refused:
        verb = "create" if is_new else "update"
        raise SalesforceError(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to {verb} fields: {', '.join(refused)}. Please check the security settings"
            " of this field and verify that it is read/write for your profile or permission set.",
            refused,
        )


def _check_required(change: Change) -> None:
    names = [
        known.name
        for known in change.sobject.fields.values()
        if known.required and change.new.get(known.name) is None
    ]
    if names:
        raise SalesforceError(
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{', '.join(names)}]",
            names,
        )


def _no_access() -> SalesforceError:
    return SalesforceError(
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "entity type cannot be inserted, updated or deleted through the API",
        [],
    )
