"""`bill`: invoice what is posted and unbilled."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.output import Json, say, show_json
from isthmus.cli.session import act, application, session

if TYPE_CHECKING:
    from datetime import date

    from isthmus.settings import Settings


def bill(
    context: typer.Context,
    up_to: Annotated[
        datetime,
        typer.Option("--up-to", formats=["%Y-%m-%d"], help="Last day of work to bill."),
    ],
    json: Json = False,
) -> None:
    """Start one invoice run per contract that has unbilled work up to a day."""
    contracts = act(_bill(session(context).installed, up_to.date()))
    if json:
        show_json({"up_to": up_to.date(), "contracts": contracts})
    elif contracts:
        say(f"{contracts} contracts are billed up to {up_to.date()}; see `isthmus run list`")
    else:
        say(f"nothing is unbilled up to {up_to.date()}")


COMMANDS = {"bill": bill}


async def _bill(settings: Settings, up_to: date) -> int:
    from isthmus.flows.contract_to_invoice import request_billing

    async with application(settings) as app:
        return await request_billing(app.engine, up_to)
