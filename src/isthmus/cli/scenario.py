"""`scenario run|new|schema`: what the rules make of a firm's agreements, and what it expects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.output import Json, say, show_json
from isthmus.cli.problem import FINDING, Problem

if TYPE_CHECKING:
    from isthmus.scenario import Comparison, Outcome, Reading

cli = typer.Typer(
    name="scenario",
    help="Agreements, work and what is expected of them, in a file that the real rules are run on.",
    no_args_is_help=True,
)


@cli.command()
def run(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Scenario files.")],
    explain: Annotated[
        bool, typer.Option("--explain", help="Show how every amount came about.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show only what is not as expected.")
    ] = False,
    json: Json = False,
) -> None:
    """Run scenarios through the rules; exit 1 where a figure is not as expected.

    No database and no network: a run reads the files and nothing else.
    """
    from isthmus.cli import scenario_view as view

    played = [_played(file) for file in files]
    if json:
        show_json([_as_json(file, *found) for file, found in zip(files, played, strict=True)])
    else:
        for file, (reading, outcome, comparison) in zip(files, played, strict=True):
            view.show(file, reading, outcome, comparison, explain=explain, quiet=quiet)
    failed = [comparison for _, _, comparison in played if not _is_fine(comparison)]
    if len(files) > 1 and not json:
        say(f"{len(files)} scenarios, {len(failed) or 'none'} not as expected")
    if failed:
        raise typer.Exit(FINDING)


@cli.command()
def new(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Write it there; else print it.")
    ] = None,
) -> None:
    """A commented example to start from, which passes as it is."""
    from importlib.resources import files

    text = files("isthmus.scenario").joinpath("example.yaml").read_text("utf-8")
    if file is None:
        typer.echo(text, nl=False)
        return
    if file.exists():
        raise Problem(
            f"{file} exists.", "It may hold work of yours, and would be overwritten.",
            "Name another file.",
        )  # fmt: skip
    file.write_text(text, "utf-8")
    say(f"written: {file}; run it with `isthmus scenario run {file}`")


@cli.command()
def schema(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Write scenario.schema.json there; else print it."),
    ] = None,
) -> None:
    """JSON Schema of scenario files, for editors that complete keys."""
    from isthmus.scenario.schema import FILE_NAME, schema_text

    if folder is None:
        typer.echo(schema_text(), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(schema_text(), "utf-8")
    say(f"written: {folder / FILE_NAME}")


_Played = tuple["Reading", "Outcome | None", "Comparison | None"]


def _played(file: Path) -> _Played:
    from isthmus.scenario import World, compare, play, read

    reading = read(file)
    if reading.scenario is None:
        return reading, None, None
    outcome = play(World(reading.scenario))
    return reading, outcome, compare(reading.scenario.expect, outcome, reading.document)


def _is_fine(comparison: Comparison | None) -> bool:
    return comparison is not None and not comparison.differences


def _as_json(
    file: Path, reading: Reading, outcome: Outcome | None, comparison: Comparison | None
) -> dict[str, Any]:
    from isthmus.scenario.outcome import as_plain

    return {
        "file": str(file),
        "scenario": reading.scenario.scenario if reading.scenario else None,
        "as_expected": _is_fine(comparison),
        "figures": comparison.figures if comparison else 0,
        "mistakes": reading.mistakes,
        "differences": comparison.differences if comparison else (),
        "outcome": as_plain(outcome) if outcome else None,
    }
