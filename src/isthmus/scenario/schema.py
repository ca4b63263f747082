"""JSON Schema of scenarios and terms files, for editors that complete keys and mark mistakes."""

from __future__ import annotations

import json
from typing import Any

from isthmus.scenario.file import ScenarioFile
from isthmus.scenario.read import NAMED
from isthmus.scenario.terms_file import TermsFile

FILE_NAME = "scenario.schema.json"
TERMS_FILE_NAME = "terms.schema.json"


def scenario_schema() -> dict[str, Any]:
    schema = ScenarioFile.model_json_schema(mode="validation", by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Isthmus scenario"
    for name in NAMED:
        section = schema["properties"][name]
        section["additionalProperties"] = {
            "anyOf": [section["additionalProperties"], {"type": "null"}]
        }
    for name in schema["properties"].keys() - set(schema["required"]):
        schema["properties"][name] = _or_nothing(schema["properties"][name])
    _close(schema)
    return schema


def terms_schema() -> dict[str, Any]:
    """Of a terms file: the sections of a scenario's contract, each of which may be empty."""
    schema = TermsFile.model_json_schema(mode="validation", by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Isthmus terms of a contract"
    schema["properties"]["caps"] = _or_nothing(schema["properties"]["caps"])
    return schema


def _close(part: Any) -> None:
    """A key that is no month is no key."""
    if isinstance(part, dict) and "patternProperties" in part:
        part["additionalProperties"] = False
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            _close(inner)


def _or_nothing(section: dict[str, Any]) -> dict[str, Any]:
    """A section of which every line is a comment is a section that is not there."""
    about = [key for key in ("title", "description", "default") if key in section]
    form = {key: value for key, value in section.items() if key not in about}
    return {**{key: section[key] for key in about}, "anyOf": [form, {"type": "null"}]}


def schema_text() -> str:
    return _text(scenario_schema())


def terms_schema_text() -> str:
    return _text(terms_schema())


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False, default=str) + "\n"
