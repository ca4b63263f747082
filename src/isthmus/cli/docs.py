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
    """Write the pages of docs/reference that are made from code."""
    from isthmus.cli.reference import pages

    if not folder.is_dir():
        raise Problem(
            f"{folder} is not a folder.", "The pages are written where the documentation is.",
            "Run this in the checkout of isthmus, or name the folder.",
        )  # fmt: skip
    stale = [name for name, text in pages().items() if _text(folder / name) != text]
    for name in stale:
        if not check:
            (folder / name).write_text(pages()[name], "utf-8")
        say(f"{'stale' if check else 'written'}: {folder / name}")
    if check and stale:
        raise typer.Exit(FINDING)
    if not stale:
        say("every page is fresh")


def _text(file: Path) -> str | None:
    return file.read_text("utf-8") if file.exists() else None
