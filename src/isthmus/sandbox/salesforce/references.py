"""Lookups in a write body: by id, or by the parent's own external id."""

from typing import TYPE_CHECKING, Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.schema import Field, SObject

if TYPE_CHECKING:
    from isthmus.sandbox.salesforce.change import Change
    from isthmus.sandbox.salesforce.org import Org


def resolve_relationships(org: "Org", sobject: SObject, body: Row) -> Row:
    """The body with exact field names, and relationships replaced by the parent's id."""
    plain: Row = {}
    for name, value in body.items():
        if name == "attributes":
            continue
        link = sobject.find_relationship(name)
        if link is not None and isinstance(value, dict):
            plain[link.name] = _parent_id(org, link, value)
        else:
            plain[sobject.get(name).name] = value
    return plain


def _parent_id(org: "Org", link: Field, keys: Row) -> str:
    parent = org.schema.get(link.reference_to)
    given = {name: value for name, value in keys.items() if name != "attributes"}
    if len(given) != 1:
        raise SalesforceError(
            "INVALID_FIELD",
            f"Relationship {link.relationship_name} needs exactly one external id field",
        )
    name, value = next(iter(given.items()))
    key = parent.get(name)
    if not (key.external_id or key.name == "Id"):
        raise SalesforceError(
            "INVALID_FIELD", f"{key.name} is not an External ID on sobject of type {parent.name}"
        )
    return _only_match(org, parent, key, value)


def _only_match(org: "Org", parent: SObject, key: Field, value: Any) -> str:
    found = org.matches(parent, key, value)
    if not found:
        raise SalesforceError(
            "INVALID_FIELD",
            f"Foreign key external ID: {value} not found for field {key.name}"
            f" in entity {parent.name}",
            [],
        )
    if len(found) > 1:
        raise SalesforceError(
            "INVALID_FIELD",
            f"More than one record found for external id field {key.name} in entity {parent.name}",
            [],
        )
    return str(found[0]["Id"])


def resolve_references(org: "Org", change: "Change") -> None:
    """Every lookup that this write set must point to a live row of the right object."""
    for name in change.given if change.old else change.sobject.fields:
        link = change.sobject.fields[name]
        target = change.new.get(name)
        if link.type == "reference" and target not in (None, change.record_id):
            _check_target(org, link, target)


def _check_target(org: "Org", link: Field, target: str) -> None:
    if org.find(link.reference_to, target) is not None:
        return
    expected = org.schema.get(link.reference_to)
    if org.schema.by_prefix(target[:3]) not in (None, expected):
        raise SalesforceError(
            "FIELD_INTEGRITY_EXCEPTION",
            f"{link.label}: id value of incorrect type: {target}",
            [link.name],
        )
    raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
