"""`audit list|verify|export|checkpoint`: who did what, and whether that is what was written."""

from __future__ import annotations

import json as json_
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.problem import FINDING, Problem
from isthmus.cli.session import act, database, person, session

if TYPE_CHECKING:
    from isthmus.access.audit_check import Checkpoint, Verified
    from isthmus.settings import Settings
    from isthmus.store.audit import AuditRow

cli = typer.Typer(name="audit", help="Who did what, when and why.", no_args_is_help=True)


@cli.command("list")
def list_(
    context: typer.Context,
    by: Annotated[str | None, typer.Option(help="Only of this person or machine.")] = None,
    action: Annotated[str | None, typer.Option(help="Only of this kind: hold.fixed.")] = None,
    object: Annotated[str | None, typer.Option(help="Only of this object: H-17.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The youngest so many.")] = 50,
    json: Json = False,
) -> None:
    """The youngest acts first."""
    wanted = {"principal": by, "action": action, "object_id": object, "limit": limit}
    rows = act(_list(session(context).installed, wanted))
    if json:
        show_json([{**row.written(), "hash": row.hash.hex()} for row in rows])
        return
    show_table(
        ("row", "when", "who", "did", "to", "why", "after"),
        [(r.number, r.at, r.principal, r.action, r.object_id, r.reason,
          ", ".join(f"{k} {v}" for k, v in r.after.items())) for r in rows],
        right=("row",),
    )  # fmt: skip


@cli.command()
def verify(
    context: typer.Context,
    checkpoint: Annotated[
        Path | None, typer.Option(help="File of an earlier `audit checkpoint`, kept elsewhere.")
    ] = None,
    json: Json = False,
) -> None:
    """Find rows that were edited, removed, put in or reordered; by a checkpoint also a cut end."""
    known = None if checkpoint is None else _read(checkpoint)
    found = act(_verify(session(context).installed, known))
    if json:
        show_json(found)
    else:
        for finding in found.findings:
            say(finding)
        verdict = "something was done to the audit" if found.findings else "the audit is whole"
        say(f"{verdict}: {found.rows} rows, the last hash is {found.head.hash}")
        if known is None:
            say("that no row was cut off its end is only known with --checkpoint")
    if found.findings:
        raise typer.Exit(FINDING)


@cli.command()
def checkpoint(context: typer.Context) -> None:
    """Print the head, to be kept where nobody who can write to the database can."""
    found = act(_verify(session(context).installed, None))
    if found.findings:
        raise Problem("No checkpoint was made.", found.findings[0], "See `isthmus audit verify`.")
    typer.echo(json_.dumps(asdict(found.head)))


@cli.command()
def export(
    context: typer.Context,
    to: Annotated[Path, typer.Option(help="File of the rows, one JSON object in each line.")],
) -> None:
    """Write all rows, and beside them a manifest with their number, head and checksum."""
    manifest = act(_export(session(context).installed, to))
    beside = to.with_suffix(to.suffix + ".manifest.json")
    beside.write_text(json_.dumps(manifest, indent=2) + "\n", "utf-8")
    say(f"{manifest['rows']} rows are in {to}, their manifest in {beside}")


def _read(file: Path) -> Checkpoint:
    from isthmus.access.audit_check import Checkpoint

    try:
        return Checkpoint(**json_.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise Problem(
            f"{file} is no checkpoint.", str(error),
            "Name a file with what `isthmus audit checkpoint` printed.",
        ) from error  # fmt: skip


async def _list(settings: Settings, wanted: dict[str, Any]) -> list[AuditRow]:
    async with database(settings) as opened, opened.begin() as tx:
        return await tx.audit.list(**wanted)


async def _verify(settings: Settings, known: Checkpoint | None) -> Verified:
    from isthmus.access.audit_check import verify as look

    async with database(settings) as opened:
        return await look(opened, known)


async def _export(settings: Settings, to: Path) -> dict[str, Any]:
    from isthmus.access.audit_check import export as write

    async with database(settings) as opened:
        with to.open("w", encoding="utf-8") as file:
            return await write(opened, person(), file.write)
