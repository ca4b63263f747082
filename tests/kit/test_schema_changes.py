"""A6: what breaks those who build on a schema, and what does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from isthmus.cli.root import cli
from isthmus.events.asyncapi import asyncapi_document
from isthmus.kit.schema_changes import breaking_changes

OBJECT: dict[str, Any] = {
    "x-schema-version": "1.2",
    "type": "object",
    "required": ["id", "hours"],
    "properties": {
        "id": {"type": "string"},
        "hours": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "state": {"enum": ["open", "closed"], "type": "string"},
    },
    "$defs": {"Line": {"type": "object", "properties": {"amount": {"type": "string"}}}},
}
SHARED: dict[str, Any] = {
    "openapi": "3.1.0",
    "$defs": OBJECT["$defs"],
    "info": {"version": "1.0.0"},
    "paths": {
        "/a": {
            "post": {
                "parameters": [
                    {"in": "query", "name": "q", "schema": {"type": "string", "maxLength": 9}}
                ],
                "requestBody": {"content": {"application/json": {"schema": OBJECT}}},
                "responses": {"200": {"content": {"application/json": {"schema": OBJECT}}}},
            }
        }
    },
}
API: dict[str, Any] = json.loads(json.dumps(SHARED))
"""What is asked and what is answered are two copies."""
POST = ("paths", "/a", "post")
BODY = (*POST, "requestBody", "content", "application/json", "schema")
ANSWER = (*POST, "responses", "200", "content", "application/json", "schema")


def at(document: Any, *path: Any) -> Any:
    for part in path:
        document = document[part]
    return document


def changed(document: dict[str, Any], change: Callable[[Any], Any]) -> list[str]:
    new = copy.deepcopy(document)
    change(new)
    return breaking_changes(document, new)


SENT: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "a new property": (lambda d: d["properties"].update(more={"type": "string"}), []),
    "a new value": (lambda d: d["properties"]["state"]["enum"].append("late"), []),
    "never null any more": (lambda d: d["properties"].update(hours={"type": "number"}), []),
    "gone": (lambda d: d["properties"].pop("id"), ["id is gone"]),
    "gone below": (
        lambda d: d["$defs"]["Line"]["properties"].clear(), ["lines[].amount is gone"],
    ),
    "another type": (
        lambda d: d["properties"].update(id={"type": "integer"}), ["id may now be integer"],
    ),
    "optional": (lambda d: d["required"].remove("id"), ["id may be missing now"]),
    "a major version": (
        lambda d: (d["properties"].clear(), d.update({"x-schema-version": "2.0"})), [],
    ),
}  # fmt: skip
ASKED: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "gone": (lambda d: d["paths"].clear(), ["POST /a is gone"]),
    "more answers": (lambda d: at(d, *POST)["responses"].update({"202": {}}), []),
    "no answer": (lambda d: at(d, *POST)["responses"].clear(), ["POST /a 200 is gone"]),
    "shorter": (
        lambda d: at(d, *POST)["parameters"][0]["schema"].update(maxLength=5),
        ["POST /a query.q has a lower maxLength"],
    ),
    "a new parameter": (
        lambda d: at(d, *POST)["parameters"].append({"in": "query", "name": "r", "schema": {}}), [],
    ),
    "one that must be": (
        lambda d: at(d, *POST)["parameters"].append(
            {"in": "query", "name": "r", "required": True, "schema": {}}
        ),
        ["POST /a query.r is new and required"],
    ),
    "more in the body": (
        lambda d: at(d, *BODY)["required"].append("state"),
        ["POST /a body.state is required now"],
    ),
    "less in the body": (lambda d: at(d, *BODY)["required"].clear(), []),
    "fewer values": (
        lambda d: at(d, *BODY)["properties"]["state"]["enum"].remove("open"),
        ["POST /a body.state no longer takes 'open'"],
    ),
    "less in the answer": (
        lambda d: at(d, *ANSWER)["properties"].pop("hours"),
        ["POST /a 200.hours is gone"],
    ),
    "a major version": (lambda d: (d["paths"].clear(), d["info"].update(version="2.0.0")), []),
}  # fmt: skip


@pytest.mark.parametrize("name", SENT)
def test_what_is_sent(name: str) -> None:
    change, told = SENT[name]
    assert changed(OBJECT, change) == told


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked(name: str) -> None:
    change, told = ASKED[name]
    assert changed(copy.deepcopy(API), change) == told


def test_events() -> None:
    document = asyncapi_document()
    assert breaking_changes(document, document) == []
    gone = changed(document, lambda d: d["channels"].pop("invoice.posted"))
    assert gone == ["channel invoice.posted is gone"]
    data = changed(
        document,
        lambda d: d["components"]["messages"]["invoice.posted"]["payload"]["properties"].pop("id"),
    )
    assert data == ["invoice.posted.id is gone"]


def test_the_command_exits_1_and_says_why(tmp_path: Path) -> None:
    base, new = tmp_path / "base", tmp_path / "new"
    for folder in (base, new):
        (folder / "objects").mkdir(parents=True)
        (folder / "objects" / "a.json").write_text(json.dumps(OBJECT))
    runner = CliRunner()
    assert runner.invoke(cli, ["schema", "check", str(base), str(new)]).exit_code == 0
    (new / "objects" / "a.json").write_text(json.dumps({**OBJECT, "properties": {}}))
    found = runner.invoke(cli, ["schema", "check", str(base), str(new)])
    assert found.exit_code == 1
    assert "objects/a.json: hours is gone" in found.output
    (new / "objects" / "a.json").unlink()
    found = runner.invoke(cli, ["schema", "check", str(base), str(new)])
    assert "objects/a.json: it is gone" in found.output
