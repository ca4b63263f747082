"""`alerts`: promises of flows that are being broken, and who was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.output import Json, say, show_json
from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from isthmus.settings import Settings
    from isthmus.store.alerts import AlertRow


def alerts(
    context: typer.Context,
    all_: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    json: Json = False,
) -> None:
    """What is late against what was promised: for whom, how much, by when, what to do."""
    found = act(_read(session(context).installed, open_only=not all_))
    if json:
        show_json(found)
        return
    for alert in found:
        told = f"told {alert.told_at:%Y-%m-%d %H:%M} UTC" if alert.told_at else "nobody was told"
        over = f", over {alert.resolved_at:%Y-%m-%d %H:%M} UTC" if alert.resolved_at else ""
        error = f" ({alert.error})" if alert.error else ""
        say(f"{alert.label} {alert.title}\n{alert.body}\n{told}{error}{over}\n")
    if not found:
        say("no promise is being broken")


COMMANDS = {"alerts": alerts}


async def _read(settings: Settings, *, open_only: bool) -> list[AlertRow]:
    async with database(settings) as opened, opened.begin() as tx:
        return await tx.alerts.list(open_only=open_only)
