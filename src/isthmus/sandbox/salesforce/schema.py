"""Objects and fields of the org: what ships with it and what a deployment adds."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from isthmus.sandbox.salesforce.errors import SalesforceError, no_such_object

NUMBERS = frozenset({"double", "currency", "percent", "int"})
SHIPPED = ("standard.json", "certinia_psa.json")


@dataclass(frozen=True)
class Field:
    """Named as in a describe result where the vendor has a name for it.

    `create_only`: set once, as a master-detail parent. `cascade`: deleting the parent deletes the
    row. `formula`: computed when read. `read_only`: kept by the org.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    required: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    read_only: bool = False
    create_only: bool = False
    cascade: bool = False
    formula: bool = False
    restricted: bool = False
    owner: bool = False
    values: tuple[str, ...] = ()
    values_from: str = ""
    reference_to: str = ""
    relationship_name: str = ""
    child_relationship_name: str = ""
    auto_number: str = ""
    default: Any = None

    @property
    def is_writable(self) -> bool:
        return not (self.read_only or self.formula or self.auto_number)

    @property
    def is_key(self) -> bool:
        return self.external_id or self.unique


@dataclass
class SObject:
    name: str
    label: str
    plural: str
    prefix: str
    read_only: bool = False
    fields: dict[str, Field] = field(default_factory=dict)
    _by_folded: dict[str, Field] = field(default_factory=dict)
    _by_relationship: dict[str, Field] = field(default_factory=dict)

    @property
    def is_custom(self) -> bool:
        return self.name.endswith("__c")

    def add(self, added: Field) -> None:
        self.fields[added.name] = added
        self._by_folded[added.name.casefold()] = added
        if added.relationship_name:
            self._by_relationship[added.relationship_name.casefold()] = added

    def find(self, name: str) -> Field | None:
        return self._by_folded.get(name.casefold())

    def find_relationship(self, name: str) -> Field | None:
        return self._by_relationship.get(name.casefold())

    def get(self, name: str) -> Field:
        if (found := self.find(name)) is None:
            raise SalesforceError(
                "INVALID_FIELD", f"No such column '{name}' on sobject of type {self.name}"
            )
        return found


class Schema:
    def __init__(self) -> None:
        self._objects: dict[str, SObject] = {}
        for name in SHIPPED:
            self._add_shipped(name)

    def __iter__(self) -> Iterator[SObject]:
        return iter(self._objects.values())

    def find(self, name: str) -> SObject | None:
        return self._objects.get(name.casefold())

    def get(self, name: str, status: int = 400) -> SObject:
        if (found := self.find(name)) is None:
            raise no_such_object(name, status)
        return found

    def add(self, sobject: SObject) -> None:
        """A new object gets the fields every row has; a known one keeps its rows and fields."""
        self._objects[sobject.name.casefold()] = sobject

    def by_prefix(self, prefix: str) -> SObject | None:
        return next((known for known in self if known.prefix == prefix), None)

    def children(self, parent: SObject) -> list[tuple[SObject, Field]]:
        return [
            (child, link)
            for child in self
            for link in child.fields.values()
            if link.reference_to == parent.name
        ]

    def child(self, parent: SObject, relationship: str) -> tuple[SObject, Field] | None:
        wanted = relationship.casefold()
        return next(
            (
                (child, link)
                for child, link in self.children(parent)
                if link.child_relationship_name.casefold() == wanted
            ),
            None,
        )

    def next_prefix(self) -> str:
        """Key prefixes of deployed objects follow those of the package."""
        taken = {known.prefix for known in self}
        letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        return next(
            prefix
            for series in "1234"
            for letter in letters
            if (prefix := f"a{series}{letter}") not in taken
        )

    def _add_shipped(self, file_name: str) -> None:
        folder = resources.files("isthmus.sandbox.salesforce") / "schema"
        for name, spec in json.loads((folder / file_name).read_text()).items():
            sobject = self.find(name) or new_object(
                name,
                spec["label"],
                spec["plural"],
                spec["prefix"],
                has_currency="noCurrency" not in spec,
            )
            sobject.read_only = sobject.read_only or spec.get("readOnly", False)
            for field_name, field_spec in spec["fields"].items():
                sobject.add(_shipped_field(field_name, field_spec))
            self.add(sobject)


_RENAMED = {
    "externalId": "external_id",
    "readOnly": "read_only",
    "createOnly": "create_only",
    "valuesFrom": "values_from",
    "referenceTo": "reference_to",
    "relationshipName": "relationship_name",
    "childRelationshipName": "child_relationship_name",
    "autoNumber": "auto_number",
}


def _shipped_field(name: str, spec: dict[str, Any]) -> Field:
    renamed = {_RENAMED.get(key, key): value for key, value in spec.items()}
    made = Field(name=name, **renamed)
    return replace(made, values=tuple(made.values))


def new_object(name: str, label: str, plural: str, prefix: str, *, has_currency: bool) -> SObject:
    """An object with the fields that every row of the org has."""
    sobject = SObject(name, label, plural, prefix)
    for standing in _STANDING:
        sobject.add(standing)
    if has_currency:
        sobject.add(_CURRENCY)
    return sobject


def _kept(name: str, label: str, kind: str, **more: Any) -> Field:
    return Field(name, label, kind, read_only=True, **more)


def _user(name: str, label: str) -> Field:
    return _kept(name, label, "reference", reference_to="User", relationship_name=name[:-2])


_STANDING = (
    _kept("Id", "Record ID", "id", length=18),
    _kept("IsDeleted", "Deleted", "boolean", default=False),
    _kept("CreatedDate", "Created Date", "datetime"),
    _user("CreatedById", "Created By ID"),
    _kept("LastModifiedDate", "Last Modified Date", "datetime"),
    _user("LastModifiedById", "Last Modified By ID"),
    _kept("SystemModstamp", "System Modstamp", "datetime"),
)
_CURRENCY = Field(
    "CurrencyIsoCode",
    "Currency ISO Code",
    "picklist",
    restricted=True,
    values=(
        *("USD", "EUR", "GBP", "CHF", "CAD", "AUD", "NZD", "JPY", "SGD", "INR"),
        *("SEK", "NOK", "DKK", "PLN", "CZK", "ZAR", "BRL", "MXN"),
    ),
)
