"""`schema export|asyncapi`: what goes in and out, for those who build on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.output import say

cli = typer.Typer(name="schema", help="JSON Schema of what goes in and out.", no_args_is_help=True)


@cli.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made if it is not there.")],
) -> None:
    """Write one file per canonical object and per event, and one for the envelope."""
    from isthmus.canonical import OBJECTS
    from isthmus.events.catalogue import CATALOGUE
    from isthmus.events.reference import envelope_schema, event_schema

    for model in OBJECTS:
        schema = model.model_json_schema(mode="serialization")
        _write(folder / "objects" / f"{model.kind}.json", {
            "$schema": "https://json-schema.org/draft/2020-12/schema", **schema,
            "x-schema-version": model.schema_version,
        })  # fmt: skip
    for event in CATALOGUE.values():
        _write(folder / "events" / f"{event.name}.json", event_schema(event))
    _write(folder / "envelope.json", envelope_schema())
    say(f"{len(OBJECTS)} objects and {len(CATALOGUE)} events written to {folder}")


@cli.command()
def asyncapi() -> None:
    """Print the AsyncAPI 3.0 document of every event that is sent, as JSON."""
    from isthmus.events.asyncapi import asyncapi_document

    typer.echo(json.dumps(asyncapi_document(), indent=2, ensure_ascii=False))


def _write(file: Path, schema: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", "utf-8")
