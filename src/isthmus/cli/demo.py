"""`demo`: a firm's quarter on simulated systems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from isthmus.cli.session import DEMO, act, session

Erp = Literal["netsuite", "tryton"]


def demo(
    context: typer.Context,
    erp: Annotated[Erp, typer.Option(help="Ledger of the firm.")] = "netsuite",
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last demo first.")] = False,
    home: Annotated[
        Path | None, typer.Option(help="Folder of the demo; else `demo` under the home.")
    ] = None,
) -> None:
    """Play a firm's quarter, from 30 won deals to invoices that tie out to the cent.

    One that was interrupted goes on where it stopped.
    """
    from isthmus.demo import run_demo

    chosen = session(context)
    folder = home or chosen.home or chosen.settings.home / DEMO
    raise typer.Exit(act(run_demo(folder, erp=erp, fresh=fresh)))


COMMANDS = {"demo": demo}
