"""Rows as replies show them, and how a value is read over parents."""

from collections.abc import Callable, Sequence
from typing import Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.schema import Field, SObject
from isthmus.sandbox.salesforce.values import wire

Renderer = Callable[[Row], dict[str, Any]]


def plain_reader(org: Org, sobject: SObject, known: Field) -> Callable[[Row], Any]:
    if known.formula:
        return lambda row: org.value(sobject, row, known)
    return lambda row: row.get(known.name)


def over(org: Org, link: Field, read: Callable[[Row], Any]) -> Callable[[Row], Any]:
    parent_name, name = link.reference_to, link.name

    def through(row: Row) -> Any:
        parent = org.store.get(parent_name, row.get(name) or "")
        return None if parent is None else read(parent)

    return through


def row_renderer(org: Org, sobject: SObject, shown: dict[str, Any], base: str) -> Renderer:
    """`shown`: field name to Field, relationship name to the same for the parent."""
    readers: list[tuple[str, Callable[[Row], Any]]] = []
    for name, item in shown.items():
        if isinstance(item, Field):
            readers.append((name, _field_reader(org, sobject, item)))
        else:
            readers.append((name, _parent_reader(org, sobject, name, item, base)))
    url = f"{base}/sobjects/{sobject.name}/"
    kind = sobject.name

    def render(row: Row) -> dict[str, Any]:
        attributes = {"type": kind, "url": url + row["Id"]}
        return {"attributes": attributes, **{name: read(row) for name, read in readers}}

    return render


def _field_reader(org: Org, sobject: SObject, known: Field) -> Callable[[Row], Any]:
    return lambda row: wire(known, org.value(sobject, row, known))


def _parent_reader(
    org: Org, sobject: SObject, name: str, shown: dict[str, Any], base: str
) -> Callable[[Row], Any]:
    link = sobject.find_relationship(name)
    if link is None:
        raise KeyError(name)
    parent = org.schema.get(link.reference_to)
    return over(org, link, row_renderer(org, parent, shown, base))


def record(org: Org, sobject: SObject, row: Row, base: str, names: Sequence[str] = ()) -> Row:
    """One row as a GET shows it: every field, or those named."""
    fields = [sobject.get(name) for name in names] or list(sobject.fields.values())
    return row_renderer(org, sobject, {known.name: known for known in fields}, base)(row)
