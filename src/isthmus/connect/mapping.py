"""Declarative mapping between a vendor's record and canonical attributes.

A connector ships one YAML file per vendor object; a landscape may overlay single attributes (a
firm's custom field, its own stage names) without touching code::

    object: Opportunity
    version: 1
    attributes:
      name: Name                                   # short form: the vendor's field
      amount: {field: Amount, currency: CurrencyIsoCode}
      stage:
        field: StageName
        values: {Won: closed_won, Lost: closed_lost}
        otherwise: open

A value that a picklist map does not know is a problem that names object, field and value.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from ruamel.yaml import YAML

from isthmus.canonical import CanonicalObject
from isthmus.connect.errors import FieldProblem
from isthmus.kit.money import Money


class AttributeMap(BaseModel):
    """Where one canonical attribute lives in the vendor's record.

    `field` is a path with dots through related records. `currency` makes the value money: a path
    to its ISO code, or a literal code after `=` ("=EUR"). `values` maps the vendor's picklist to
    canonical values, `otherwise` what is not listed. `direction` limits use to reading (`in`) or
    writing (`out`). `clears` writes null when the canonical value is absent; else it is left out.
    """

    model_config = ConfigDict(extra="forbid")

    field: str
    currency: str | None = None
    values: dict[str, str | bool | None] = Field(default_factory=dict)
    otherwise: str | None = None
    direction: Literal["both", "in", "out"] = "both"
    clears: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"field": value} if isinstance(value, str) else value


class Mapping(BaseModel):
    """One vendor object. Python code in the connector adds what needs more than one field.

    `kind` is the canonical object, where that is not the name of the file.
    """

    model_config = ConfigDict(extra="forbid")

    object: str
    kind: str | None = None
    version: int = 1
    attributes: dict[str, AttributeMap]

    @classmethod
    def load(
        cls, package: str, name: str, overlays: MappingType[str, MappingType[str, Any]]
    ) -> Mapping:
        """Read `<package>/mappings/<name>.yaml` with the landscape's `overlays[name]` laid over."""
        shipped = _shipped(package, name)
        attributes = dict(shipped["attributes"])
        for attribute, changed in overlays.get(name, {}).items():
            base = attributes.get(attribute, {})
            base = {"field": base} if isinstance(base, str) else base
            changed = {"field": changed} if isinstance(changed, str) else dict(changed)
            attributes[attribute] = {**base, **changed}
        return cls.model_validate({**shipped, "attributes": attributes})

    def fields(self) -> list[str]:
        """Every vendor field to ask for, once each, in a stable order."""
        paths: dict[str, None] = {}
        for spec in self.attributes.values():
            if spec.direction != "out":
                paths[spec.field] = None
                if spec.currency and not spec.currency.startswith("="):
                    paths[spec.currency] = None
        return list(paths)


@cache
def _shipped(package: str, name: str) -> dict[str, Any]:
    """As the file says; nobody may change it."""
    text = resources.files(package).joinpath("mappings", f"{name}.yaml").read_text("utf-8")
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


@cache
def _names(package: str) -> tuple[str, ...]:
    folder = resources.files(package).joinpath("mappings")
    if not folder.is_dir():
        return ()
    files = (each.name for each in folder.iterdir())
    return tuple(sorted(f.removesuffix(".yaml") for f in files if f.endswith(".yaml")))


def mappings_of(
    package: str, overlays: MappingType[str, MappingType[str, Any]]
) -> dict[str, list[Mapping]]:
    """All that a connector ships, with a landscape's overlays, by kind of the canonical object."""
    found: dict[str, list[Mapping]] = {}
    for name in _names(package):
        mapping = Mapping.load(package, name, overlays)
        found.setdefault(mapping.kind or name, []).append(mapping)
    return found


@dataclass(frozen=True)
class Translated:
    attributes: dict[str, Any]
    problems: tuple[FieldProblem, ...]


def lookup(record: MappingType[str, Any], path: str) -> Any:
    """Follow a dotted path through related records; None where a link is absent."""
    value: Any = record
    for part in path.split("."):
        if not isinstance(value, MappingType):
            return None
        value = value.get(part)
    return value


def read_record(
    model: type[CanonicalObject], mapping: Mapping, record: MappingType[str, Any]
) -> Translated:
    """Vendor record -> canonical attributes, each validated on its own.

    A null clears an attribute that may be empty; one with a default keeps it; a required one is a
    problem.
    """
    attributes: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, spec in mapping.attributes.items():
        if spec.direction == "out":
            continue
        raw = lookup(record, spec.field)
        try:
            value = _read_value(model, name, spec, raw, record)
            if value is not _ABSENT:
                attributes[name] = value
        except _Unusable as unusable:
            problems.append(
                FieldProblem(mapping.object, spec.field, str(raw), unusable.reason, unusable.remedy)
            )
    return Translated(attributes, tuple(problems))


class _Unusable(Exception):
    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def _read_value(
    model: type[CanonicalObject],
    name: str,
    spec: AttributeMap,
    raw: Any,
    record: MappingType[str, Any],
) -> Any:
    if raw is None or raw == "":
        return _empty(model, name, spec)
    if spec.values:
        raw = _picklist(spec, raw)
    elif spec.currency:
        raw = _money(spec, raw, record)
    return _validated(model, name, raw)


_ABSENT = object()


def _empty(model: type[CanonicalObject], name: str, spec: AttributeMap) -> Any:
    if spec.otherwise is not None:
        return _validated(model, name, spec.otherwise)
    field = model.model_fields[name]
    if field.is_required():
        raise _Unusable(f"empty, and {model.kind}.{name} is required", "Fill it in.")
    return None if field.default is None else _ABSENT


def _picklist(spec: AttributeMap, raw: Any) -> Any:
    key = str(raw).lower() if isinstance(raw, bool) else str(raw)
    if key in spec.values:
        return spec.values[key]
    if spec.otherwise is not None:
        return spec.otherwise
    known = ", ".join(spec.values)
    raise _Unusable(
        f"no mapping for this value (known: {known})",
        "Add it to the values of this attribute under `mappings` in the landscape.",
    )


def _money(spec: AttributeMap, raw: Any, record: MappingType[str, Any]) -> dict[str, Any]:
    source = spec.currency or ""
    code = source[1:] if source.startswith("=") else lookup(record, source)
    if not code:
        raise _Unusable(
            f"an amount without a currency ({source} is empty)",
            "Set the currency on the record.",
        )
    return {"amount": raw if not isinstance(raw, float) else str(raw), "currency": code}


_ADAPTERS: dict[tuple[type[CanonicalObject], str], TypeAdapter[Any]] = {}


def _validated(model: type[CanonicalObject], name: str, raw: Any) -> Any:
    adapter = _ADAPTERS.get((model, name))
    if adapter is None:
        annotation = model.model_fields[name].annotation
        adapter = _ADAPTERS[model, name] = TypeAdapter[Any](annotation)  # type: ignore[arg-type] # never None: fields are annotated
    try:
        return adapter.validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise _Unusable(str(first["msg"]).lower(), "Correct the value in the source.") from error


def write_record(
    mapping: Mapping, obj: CanonicalObject, only: frozenset[str] | None = None
) -> dict[str, Any]:
    """Canonical object -> flat vendor fields; values stay Python (date, Decimal, bool, str).

    Raises ValueError when a canonical value has no vendor value in the picklist map.
    """
    record: dict[str, Any] = {}
    for name, spec in mapping.attributes.items():
        if spec.direction == "in" or (only is not None and name not in only):
            continue
        value = getattr(obj, name)
        if value is None and not spec.clears:
            continue
        record[spec.field] = _write_value(mapping, name, spec, value)
        if isinstance(value, Money) and spec.currency and not spec.currency.startswith("="):
            record[spec.currency] = value.currency
    return record


def _write_value(mapping: Mapping, name: str, spec: AttributeMap, value: Any) -> Any:
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, Enum):
        value = value.value
    if not spec.values:
        return value
    for vendor, canonical in spec.values.items():
        if canonical == value:
            return vendor
    known = ", ".join(str(v) for v in spec.values.values())
    raise ValueError(
        f"{mapping.object}.{spec.field}: {name} = {value!r} has no vendor value (mapped: {known})"
    )
