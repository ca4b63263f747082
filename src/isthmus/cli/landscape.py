"""`landscape check|show|schema`: the firm's file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.problem import FINDING
from isthmus.cli.session import session

cli = typer.Typer(name="landscape", help="The firm's landscape file.", no_args_is_help=True)
File = Annotated[Path | None, typer.Argument(metavar="FILE", help="The file; else --landscape.")]


@cli.command()
def check(context: typer.Context, file: File = None, json: Json = False) -> None:
    """Explain every mistake in the file by line, and say where personal data goes."""
    from isthmus.installed import check_landscape
    from isthmus.landscape import report
    from isthmus.landscape.places import places_of

    path = file or session(context).settings.landscape
    reading = check_landscape(path)
    places = [] if reading.landscape is None else places_of(reading.landscape)
    if json:
        show_json({"file": str(path), "mistakes": reading.mistakes, "personal_data": places})
    elif reading.mistakes:
        typer.echo(report(path, reading.mistakes))
    if reading.landscape is None:
        raise typer.Exit(FINDING)
    if not json:
        found = reading.landscape
        show_table(
            ("personal data goes to", "region", "of people of", "masked"),
            [(p.place, p.region, ", ".join(p.gets) or "nobody", ", ".join(p.kept_from))
             for p in places],
        )  # fmt: skip
        say(f"{path}: {len(found.connections)} connections, "
            f"{len(found.firm.legal_entities)} legal entities; it can be used")  # fmt: skip


@cli.command()
def show(context: typer.Context, file: File = None, json: Json = False) -> None:
    """Print the landscape with every default filled in; secrets are not shown."""
    from isthmus.installed import load_landscape

    landscape = load_landscape(file or session(context).settings.landscape)
    if json:
        show_json(landscape.show())
        return
    import sys

    from ruamel.yaml import YAML

    YAML(typ="safe", pure=True).dump(landscape.show(), sys.stdout)


@cli.command()
def schema(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Write isthmus.schema.json there; else print it."),
    ] = None,
) -> None:
    """JSON Schema of the file, for editors that complete keys."""
    from isthmus.installed import connector_configs
    from isthmus.landscape.schema import schema_text, write_schema

    if folder is None:
        typer.echo(schema_text(connector_configs()), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    say(f"written: {write_schema(folder, connector_configs())}")
