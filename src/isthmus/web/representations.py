"""Objects as the API shows them, in each major version of their schema that is served.

The canonical model is what is stored; a newer or older major version is made from it and taken back
to it here. Kinds that are not named have had one major version only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.canonical import CanonicalObject, Project

Values = dict[str, Any]


@dataclass(frozen=True)
class Companies:
    """The firm's companies, both ways."""

    ids: Mapping[str, str]
    """Code -> canonical id."""
    codes: Mapping[str, str]
    """Canonical id -> code."""


@dataclass(frozen=True)
class Representation:
    """`shown` and `stored` are inverse; `renamed` says where an attribute went."""

    major: int
    renamed: Mapping[str, str]
    schema: Callable[[Values], Values]
    shown: Callable[[Values, Companies], Values]
    stored: Callable[[Values, Companies], Values]


def _project_schema(first: Values) -> Values:
    properties = dict(first["properties"])
    properties["legal_entity_code"] = properties["legal_entity"]
    properties["legal_entity"] = {
        **properties["legal_entity"],
        "description": "Our contracting company, by its canonical id", "ref": "legal_entity",
    }  # fmt: skip
    return {**first, "properties": properties, "x-schema-version": "2.0"}


def _project_shown(values: Values, companies: Companies) -> Values:
    code = values.get("legal_entity")
    return {
        **values, "legal_entity": companies.ids.get(code) if code else None,
        "legal_entity_code": code,
    }  # fmt: skip


def _project_stored(values: Values, companies: Companies) -> Values:
    rest = {k: v for k, v in values.items() if k not in ("legal_entity", "legal_entity_code")}
    if "legal_entity_code" in values:
        return {**rest, "legal_entity": values["legal_entity_code"]}
    if "legal_entity" in values:
        id = values["legal_entity"]
        return {**rest, "legal_entity": companies.codes.get(str(id)) if id else None}
    return rest


NEWER: Mapping[str, Representation] = {
    Project.kind: Representation(
        2, {"legal_entity_code": "legal_entity"}, _project_schema, _project_shown, _project_stored
    )
}
"""By kind: the newest major version, where it is above the first."""


def representation_of(kind: str, version: int) -> Representation | None:
    """None where the path's version shows the kind as it is stored."""
    found = NEWER.get(kind)
    return found if found is not None and found.major <= version else None


def schema_of(model: type[CanonicalObject], version: int) -> Values:
    """JSON Schema 2020-12 of the attributes."""
    first = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(mode="serialization"),
        "x-schema-version": model.schema_version,
    }
    newer = representation_of(model.kind, version)
    return newer.schema(first) if newer else first


def schema_version(model: type[CanonicalObject], version: int) -> str:
    newer = representation_of(model.kind, version)
    return f"{newer.major}.0" if newer else model.schema_version
