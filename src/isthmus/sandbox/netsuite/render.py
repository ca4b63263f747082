"""A stored row as the record service shows it: links, reference names, sublists."""

from typing import Any

from isthmus.sandbox.netsuite.books import Books, Row
from isthmus.sandbox.netsuite.fields import SUBRECORDS, Fields, RecordType, targets
from isthmus.sandbox.netsuite.wire import RECORD, link

CHOICE_NAMES = {
    "approvalStatus": {"1": "Pending Approval", "2": "Approved", "3": "Rejected", "11": "Open"},
    "creditHoldOverride": {"AUTO": "Auto", "OFF": "Off", "ON": "On"},
    "entityStatus": {
        "1": "Closed",
        "2": "In Progress",
        "3": "Not Awarded",
        "4": "Pending",
        "5": "Awarded",
    },
    "timeType": {"P": "Planned Time", "A": "Actual Time", "B": "Allocated Time"},
}


class Renderer:
    """`base` is the account's host; `expand` and `simple` are the two query options."""

    def __init__(
        self, books: Books, base: str, *, expand: bool = False, simple: bool = False
    ) -> None:
        self.books = books
        self.base = base
        self.expand = expand
        self.simple = simple

    def href(self, record: str, row_id: str) -> str:
        return f"{self.base}{RECORD}/{record}/{row_id}"

    def record(self, record: RecordType, row: Row, only: frozenset[str] | None = None) -> Row:
        here = self.href(record.name, row["id"])
        shown: Row = {"links": [link("self", here)]}
        for name, value in row.items():
            if name.startswith("_") or (only is not None and name not in only | {"id"}):
                continue
            if name in record.sublists:
                shown[name] = self.sublist(record, name, value["items"], here, expand=self.expand)
            else:
                shown[name] = self.value(record.fields.get(name, "text"), name, value)
        return shown

    def sublist(
        self, record: RecordType, name: str, items: list[Row], here: str, *, expand: bool
    ) -> Row:
        shown: Row = {"links": [link("self", f"{here}/{name}")]}
        if expand:
            fields = record.sublists[name].fields
            shown["items"] = [self.line(fields, item) for item in items]
            shown["totalResults"] = len(items)
        return shown

    def line(self, fields: Fields, item: Row) -> Row:
        shown = {
            name: self.value(fields.get(name, "text"), name, value)
            for name, value in item.items()
            if not name.startswith("_")
        }
        return {"links": []} | shown

    def value(self, kind: str, name: str, value: Any) -> Any:
        base, _, rest = kind.removeprefix("!").partition(":")
        if base == "ref":
            return self._reference(targets(kind), value["id"])
        if base == "choice":
            if self.simple:
                return value["id"]
            names = CHOICE_NAMES.get(name, {})
            return {"id": value["id"], "refName": names.get(value["id"], value["id"])}
        if base == "record":
            return self.line(SUBRECORDS[rest], value)
        return value

    def _reference(self, records: tuple[str, ...], row_id: str) -> Row:
        record = next((name for name in records if self.books.find(name, row_id)), records[0])
        return {
            "links": [link("self", self.href(record, row_id))],
            "id": row_id,
            "refName": self.books.display(records, row_id),
        }
