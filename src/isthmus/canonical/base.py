"""What every canonical object declares: owners, identifiers, lifecycle, references.

Ownership is per attribute (CRM owns a customer's name, ERP its payment terms). The declarations
here are the default table; a landscape may override single rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo


class Role(StrEnum):
    """The part a system plays. `ISTHMUS` owns what only the integration layer knows."""

    CRM = "crm"
    PSA = "psa"
    ERP = "erp"
    HCM = "hcm"
    ISTHMUS = "isthmus"


@dataclass(frozen=True)
class Transition:
    source: str
    target: str
    by: Role


@dataclass(frozen=True)
class Lifecycle:
    """Allowed states of `attribute` and who moves an object from one to the next."""

    attribute: str
    initial: tuple[str, ...]
    transitions: tuple[Transition, ...]

    @property
    def states(self) -> tuple[str, ...]:
        moves = [s for t in self.transitions for s in (t.source, t.target)]
        return tuple(dict.fromkeys([*self.initial, *moves]))

    def allows(self, source: str, target: str) -> bool:
        return source == target or any(
            t.source == source and t.target == target for t in self.transitions
        )


def about(
    description: str,
    owner: Role,
    *,
    unit: str | None = None,
    ref: str | None = None,
    seeded_by: Role | None = None,
    pii: bool = False,
) -> FieldInfo:
    """Metadata of an attribute, for use inside `Annotated`.

    `ref` names the kind that the attribute points at. `seeded_by` is a role whose value is taken
    while the owner has not set one: a new customer's tax number is typed in the CRM first, though
    the ERP owns it ever after.
    """
    extra: dict[str, Any] = {"owner": owner.value}
    for key, value in (("unit", unit), ("ref", ref)):
        if value is not None:
            extra[key] = value
    if seeded_by is not None:
        extra["seeded_by"] = seeded_by.value
    if pii:
        extra["pii"] = True
    return FieldInfo(description=description, json_schema_extra=extra)


class Value(BaseModel):
    """A part of an object with no identity of its own: an address, an invoice line."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class CanonicalObject(BaseModel):
    """The base of every canonical object; `id` is the one canonical id (UUIDv7 text)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: ClassVar[str]
    schema_version: ClassVar[str] = "1.0"
    system_of_record: ClassVar[Role]
    identifiers: ClassVar[tuple[str, ...]] = ()
    """Attributes that must be present for the object to be usable by a flow."""
    natural_key: ClassVar[tuple[str, ...]] = ()
    """Attributes by which two systems' records are known to be the same object."""
    lifecycle: ClassVar[Lifecycle | None] = None

    id: str = Field(description="Canonical id, the same in every system's cross-reference.")

    def with_values(self, values: Mapping[str, object]) -> Self:
        """A copy with other values, which are known to fit: nothing is checked. As `model_copy`,
        in a fifth of its time.
        """
        made = object.__new__(type(self))
        for name, value in (
            ("__dict__", {**self.__dict__, **values}),
            ("__pydantic_fields_set__", self.__pydantic_fields_set__ | values.keys()),
            ("__pydantic_extra__", None),
            ("__pydantic_private__", None),
        ):
            object.__setattr__(made, name, value)
        return made

    def changed(self, **attributes: object) -> Any:
        """A validated copy with other values; the original is frozen."""
        return type(self).model_validate({**self.model_dump(), **attributes})


def _extra(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    return extra if isinstance(extra, dict) else {}


def owner_of(model: type[CanonicalObject], attribute: str) -> Role:
    return Role(_extra(model.model_fields[attribute])["owner"])


def seeded_by(model: type[CanonicalObject], attribute: str) -> Role | None:
    value = _extra(model.model_fields[attribute]).get("seeded_by")
    return Role(value) if value else None


def unit_of(model: type[BaseModel], attribute: str) -> str | None:
    return _extra(model.model_fields[attribute]).get("unit")


def is_pii(model: type[BaseModel], attribute: str) -> bool:
    return bool(_extra(model.model_fields[attribute]).get("pii"))


def personal_texts(model: type[CanonicalObject], values: Mapping[str, Any]) -> Iterator[str]:
    """Texts of an object's JSON values that tell who a person is, or how to reach them."""
    for name in model.model_fields:
        if is_pii(model, name):
            yield from _texts(values.get(name))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, Mapping) and "currency" not in value:
        for name, each in value.items():
            if name not in IMPERSONAL:
                yield from _texts(each)


IMPERSONAL = frozenset({"title"})
"""Of a part of an object: what many people have in common."""


@cache
def references(model: type[BaseModel]) -> Mapping[str, str]:
    """Attribute -> kind it points at, for the attributes of one model (not nested ones)."""
    found = ((name, _extra(f).get("ref")) for name, f in model.model_fields.items())
    return MappingProxyType({name: ref for name, ref in found if ref})


def attributes(model: type[CanonicalObject]) -> Iterator[str]:
    """Every attribute that has an owner: all but the canonical id."""
    return (name for name in model.model_fields if name != "id")
