"""`docs build`: the reference pages, from the code that they describe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.output import say
from isthmus.cli.problem import FINDING, Problem

cli = typer.Typer(name="docs", help="The generated pages of the documentation.",
                  no_args_is_help=True)  # fmt: skip


@cli.command()
def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the pages are.")] = Path(
        "docs/reference"
    ),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 and name pages that are stale.")
    ] = False,
) -> None:
    """Write the pages of docs/reference and the files of deploy/ that are made from code."""
    if not folder.is_dir():
        raise Problem(
            f"{folder} is not a folder.", "The pages are written where the documentation is.",
            "Run this in the checkout of isthmus, or name the folder.",
        )  # fmt: skip
    made = _made(folder)
    stale = [file for file, text in made.items() if _text(file) != text]
    for file in stale:
        if not check:
            file.write_text(made[file], "utf-8")
        say(f"{'stale' if check else 'written'}: {file}")
    if check and stale:
        raise typer.Exit(FINDING)
    if not stale:
        say("every page is fresh")


def _made(folder: Path) -> dict[Path, str]:
    """The pages, and the files of deploy/ where the folder is in a checkout."""
    from isthmus.cli.reference import DEPLOYED, pages

    made = {folder / name: text for name, text in pages().items()}
    deploy = folder.parent.parent / "deploy"
    if deploy.is_dir():
        made |= {deploy / name: text() for name, text in DEPLOYED.items()}
    return made


def _text(file: Path) -> str | None:
    return file.read_text("utf-8") if file.exists() else None
