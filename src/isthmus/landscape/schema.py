"""JSON Schema of the landscape, for editors that complete keys and underline mistakes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from isthmus.canonical import BY_KIND, OBJECTS
from isthmus.canonical.base import attributes
from isthmus.landscape.checks.systems import NAME
from isthmus.landscape.model import LandscapeFile

FILE_NAME = "isthmus.schema.json"
_REFERENCE = {"type": "string", "pattern": "^(env|file):.+$"}


def landscape_schema(connectors: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """The shape of the whole file, with the keys of each vendor that has a connector here."""
    schema = LandscapeFile.model_json_schema(mode="validation", by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Isthmus landscape"
    definitions: dict[str, Any] = schema["$defs"]
    shared = definitions.pop("Connection")["properties"]
    _name_kinds(schema, definitions, shared)
    for vendor, model in sorted(connectors.items()):
        definitions.update(_vendor(vendor, model, shared))
    for part in ("Destination", "Provider"):
        definitions[part] = _with_references(definitions[part])
    schema["properties"]["destinations"]["propertyNames"] = {"pattern": NAME}
    schema["properties"]["connections"] |= {
        "propertyNames": {"pattern": NAME},
        "additionalProperties": {
            "type": "object",
            "required": ["vendor"],
            "properties": {"vendor": shared["vendor"] | {"enum": sorted(connectors)}},
            "allOf": [_when(vendor) for vendor in sorted(connectors)],
        },
    }
    return schema


def schema_text(connectors: Mapping[str, type[BaseModel]]) -> str:
    return json.dumps(landscape_schema(connectors), indent=2, ensure_ascii=False) + "\n"


def write_schema(folder: Path, connectors: Mapping[str, type[BaseModel]]) -> Path:
    """Writes `isthmus.schema.json` beside the landscape, where its first line looks for it."""
    file = folder / FILE_NAME
    file.write_text(schema_text(connectors), "utf-8")
    return file


def _name_kinds(
    schema: dict[str, Any], definitions: dict[str, Any], shared: dict[str, Any]
) -> None:
    """Keys that are names of objects and attributes."""
    kinds = sorted(BY_KIND)
    owned = [f"{model.kind}.{name}" for model in OBJECTS for name in attributes(model)]
    schema["properties"]["ownership"]["propertyNames"] = {"enum": sorted(owned)}
    schema["properties"]["mappings"]["propertyNames"] = {
        "pattern": f"{NAME[:-1]}\\.[A-Za-z][A-Za-z0-9_]*$"
    }
    shared["changes"]["propertyNames"] = {"enum": kinds}
    definitions["PollDefaults"]["properties"]["objects"]["propertyNames"] = {"enum": kinds}
    for name, scalar in (("PollDefaults", "default"), ("AttributeOverlay", "field")):
        short = definitions[name]["properties"][scalar]
        definitions[name] = {"anyOf": [_written(short), definitions[name]]}


def _written(optional: dict[str, Any]) -> dict[str, Any]:
    """The form that an optional value has where it is written."""
    (form,) = [part for part in optional["anyOf"] if part.get("type") != "null"]
    return dict(form)


def _when(vendor: str) -> dict[str, Any]:
    return {
        "if": {"properties": {"vendor": {"const": vendor}}, "required": ["vendor"]},
        "then": {"$ref": f"#/$defs/{vendor}"},
    }


def _vendor(
    vendor: str, model: type[BaseModel], shared: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The connector's own schema beside the shared keys, its definitions named after the vendor."""
    own = model.model_json_schema(ref_template=f"#/$defs/{vendor}.{{model}}")
    inner = own.pop("$defs", {})
    own["properties"] = {**shared, **own.get("properties", {})}
    own["required"] = sorted({"vendor", *own.get("required", [])})
    own["additionalProperties"] = False
    found = {vendor: own, **{f"{vendor}.{name}": part for name, part in inner.items()}}
    return {name: _with_references(part) for name, part in found.items()}


def _with_references(part: Any) -> Any:
    """Any text may be a reference, also one that has a pattern or is one of some choices."""
    if isinstance(part, list):
        return [_with_references(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") == "string" and ({"enum", "pattern", "format"} & part.keys()):
        about = {key: part[key] for key in ("title", "description", "default") if key in part}
        form = {key: value for key, value in part.items() if key not in about}
        if form.get("format") == "password":
            return {**about, "type": "string"}
        return {**about, "anyOf": [form, _REFERENCE]}
    return {key: _with_references(inner) for key, inner in part.items()}
