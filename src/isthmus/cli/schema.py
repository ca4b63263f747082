"""`schema export|asyncapi|openapi|check`: what goes in and out, for those who build on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.output import say
from isthmus.cli.problem import FINDING, Problem

cli = typer.Typer(name="schema", help="JSON Schema of what goes in and out.", no_args_is_help=True)


@cli.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made if it is not there.")],
) -> None:
    """Write a file per canonical object and event, and one each for the API and for all events."""
    from isthmus.canonical import OBJECTS
    from isthmus.events.asyncapi import asyncapi_document
    from isthmus.events.catalogue import CATALOGUE
    from isthmus.events.reference import envelope_schema, event_schema
    from isthmus.web.representations import NEWER, schema_of

    for model in OBJECTS:
        _write(folder / "objects" / f"{model.kind}.json", schema_of(model, 1))
        if newer := NEWER.get(model.kind):
            file = folder / "objects" / f"{model.kind}.v{newer.major}.json"
            _write(file, schema_of(model, newer.major))
    for event in CATALOGUE.values():
        _write(folder / "events" / f"{event.name}.json", event_schema(event))
    _write(folder / "envelope.json", envelope_schema())
    _write(folder / "openapi.json", openapi_of_release())
    _write(folder / "asyncapi.json", asyncapi_document())
    say(f"{len(OBJECTS)} objects and {len(CATALOGUE)} events written to {folder}")


@cli.command()
def asyncapi() -> None:
    """Print the AsyncAPI 3.0 document of every event that is sent, as JSON."""
    from isthmus.events.asyncapi import asyncapi_document

    typer.echo(json.dumps(asyncapi_document(), indent=2, ensure_ascii=False))


@cli.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the API, as JSON."""
    typer.echo(json.dumps(openapi_of_release(), indent=2, ensure_ascii=False))


@cli.command()
def check(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="File, or folder of `export`.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same of the next version.")],
) -> None:
    """Exit 1 and say why, if those who build on BASE cannot go on with NEW.

    JSON Schema, OpenAPI and AsyncAPI. A new major version may break what it likes.
    """
    found = list(_broken(base, new))
    for problem in found:
        say(problem)
    if found:
        raise typer.Exit(FINDING)
    say("compatible")


def _broken(base: Path, new: Path) -> Iterator[str]:
    from isthmus.kit.schema_changes import breaking_changes

    if not base.is_dir():
        yield from breaking_changes(_read(base), _read(new))
        return
    for file in sorted(base.rglob("*.json")):
        name = file.relative_to(base)
        if not (new / name).is_file():
            yield f"{name}: it is gone"
            continue
        yield from (f"{name}: {p}" for p in breaking_changes(_read(file), _read(new / name)))


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Problem(
            f"{file} cannot be compared.", f"{error}.",
            "Name two files or folders that `isthmus schema export` wrote.",
        ) from error  # fmt: skip
    if not isinstance(found, dict):
        raise Problem(f"{file} is no schema.", "It is no JSON object.", "Name another file.")
    return found


def openapi_of_release() -> dict[str, Any]:
    from isthmus.api.server import described

    return described().openapi()


def _write(file: Path, schema: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", "utf-8")
