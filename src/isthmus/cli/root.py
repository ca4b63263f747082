"""The root command: options that every command takes, and errors as people read them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from isthmus.cli import (
    access,
    alert,
    audit,
    bill,
    connection,
    contract,
    credit,
    db,
    demo,
    destination,
    docs,
    doctor,
    event,
    explain,
    hold,
    intercompany,
    journey,
    kpi,
    landscape,
    model,
    person,
    reconcile,
    rerate,
    revenue,
    run_,
    sandbox,
    scenario,
    schema,
    serve,
    status,
)
from isthmus.cli.problem import FINDING, expected, tell_defect, tell_trace, told
from isthmus.cli.session import Session
from isthmus.kit.masking import SECRETS


class Root(TyperGroup):
    """In the order of a day's work, not of the alphabet."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except expected() as error:
            found = ctx.find_object(Session)
            if found is not None and found.debug:
                raise
            typer.echo(SECRETS.scrub(told(error)), err=True)
            raise typer.Exit(FINDING) from error


cli = typer.Typer(
    cls=Root,
    help="The integration layer of a professional-services firm: won deals become projects, "
    "approved hours become posted invoices, every amount can be explained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for room in (
    serve,
    sandbox,
    demo,
    status,
    kpi,
    alert,
    doctor,
    explain,
    journey,
    bill,
    credit,
    rerate,
    intercompany,
    revenue,
    model,
):
    for name, command in room.COMMANDS.items():
        cli.command(name)(command)
for group in (
    scenario,
    contract,
    landscape,
    connection,
    run_,
    hold,
    reconcile,
    schema,
    event,
    destination,
    access,
    person,
    audit,
    db,
    docs,
):
    cli.add_typer(group.cli)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"isthmus {version('isthmus')}")
        raise typer.Exit


@cli.callback()
def options(
    context: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Folder of the installation, instead of ISTHMUS_HOME.")
    ] = None,
    landscape: Annotated[
        Path | None, typer.Option(help="Landscape file, instead of ISTHMUS_LANDSCAPE.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the stack trace of errors.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    context.obj = Session(home, landscape, debug)


def run() -> None:
    sys.excepthook = tell_trace if "--debug" in sys.argv else tell_defect
    get_command(cli)(prog_name="isthmus")
