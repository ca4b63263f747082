"""`intercompany`: charge work between the firm's companies."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.output import Json, say, show_json
from isthmus.cli.session import act, application, session

if TYPE_CHECKING:
    from datetime import date

    from isthmus.settings import Settings


def intercompany(
    context: typer.Context,
    up_to: Annotated[
        datetime,
        typer.Option("--up-to", formats=["%Y-%m-%d"], help="Last day of work to charge."),
    ],
    json: Json = False,
) -> None:
    """Start one run per pair of companies and month in which one worked for the other."""
    pairs = act(_charge(session(context).installed, up_to.date()))
    if json:
        show_json({"up_to": up_to.date(), "pairs": pairs})
    elif pairs:
        say(f"{pairs} pairs of companies and months are charged; see `isthmus run list`")
    else:
        say(f"nothing is to be charged between companies up to {up_to.date()}")


COMMANDS = {"intercompany": intercompany}


async def _charge(settings: Settings, up_to: date) -> int:
    from isthmus.flows.intercompany import request_intercompany

    async with application(settings) as app:
        return await request_intercompany(app.engine, up_to)
