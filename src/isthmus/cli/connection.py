"""`connection list|test|quota`: the systems, whether they answer, what they allow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.problem import FINDING, Problem
from isthmus.cli.session import Session, act, database, session

if TYPE_CHECKING:
    from isthmus.landscape import Landscape
    from isthmus.observe.status import ConnectionUse
    from isthmus.settings import Settings

cli = typer.Typer(name="connection", help="The connected systems.", no_args_is_help=True)


def landscape_of(chosen: Session) -> Landscape:
    """The file that is named, that of the current folder, or the installation's own."""
    from isthmus.installed import load_landscape

    settings = chosen.settings
    if chosen.landscape is None and not settings.landscape.exists():
        settings = chosen.installed
    return load_landscape(settings.landscape)


@cli.command("list")
def list_(context: typer.Context, json: Json = False) -> None:
    """Connections with their roles and what is read from and written to them."""
    rows = _rows(landscape_of(session(context)))
    if json:
        show_json(rows)
        return
    show_table(
        ("connection", "vendor", "roles", "reads", "writes"),
        [(r["connection"], r["vendor"], ", ".join(r["roles"]), ", ".join(r["reads"]),
          ", ".join(r["writes"])) for r in rows],
    )  # fmt: skip


@cli.command("test")
def ask(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="CONNECTION", help="Connections; else all.")
    ] = None,
    json: Json = False,
) -> None:
    """Log in to each system with one cheap call."""
    landscape = landscape_of(session(context))
    if unknown := sorted(set(names or ()) - set(landscape.connections)):
        raise Problem(
            f"The landscape has no connection {unknown[0]}.",
            f"It has {', '.join(landscape.connections)}.",
            "Name one of them.",
        )
    rows = act(health(landscape, names))
    if json:
        show_json(rows)
    else:
        show_table(
            ("connection", "vendor", "answers", "detail"),
            [(r["connection"], r["vendor"], r["ok"], r["detail"]) for r in rows],
        )
    if not all(r["ok"] for r in rows):
        raise typer.Exit(FINDING)


@cli.command()
def quota(context: typer.Context, json: Json = False) -> None:
    """What each connection allows, what is used of it, and which systems are away."""
    from isthmus.cli.status import show_uses

    found = act(_uses(session(context).installed))
    if json:
        show_json(found)
    elif found:
        show_uses(found)
        say("\ncalls of the last 24 hours, by urgency")
        show_table(
            ("connection", "urgency", "calls"),
            [(u.connection, urgency, calls) for u in found for urgency, calls in u.day.items()],
            right=("calls",),
        )
    else:
        say("no system has been called yet")


async def _uses(settings: Settings) -> tuple[ConnectionUse, ...]:
    from isthmus.observe.status import connections_of

    async with database(settings) as opened, opened.begin() as tx:
        return await connections_of(tx)


def _rows(landscape: Landscape) -> list[dict[str, Any]]:
    from isthmus.app import open_systems

    rows = []
    for name, connected in open_systems(landscape).items():
        abilities = connected.system.capabilities.items()
        rows.append({
            "connection": name,
            "vendor": landscape.connections[name].vendor,
            "roles": sorted(connected.roles),
            "reads": sorted(m.kind for m, c in abilities if c.reads),
            "writes": sorted(m.kind for m, c in abilities if c.writes),
        })  # fmt: skip
    return rows


async def health(landscape: Landscape, names: list[str] | None = None) -> list[dict[str, Any]]:
    """Whether each connection answers, all asked at once."""
    from isthmus.app import open_systems

    opened = open_systems(landscape)
    asked = [name for name in opened if not names or name in names]
    try:
        answers = await asyncio.gather(*(_health(opened[name].system) for name in asked))
    finally:
        for connected in opened.values():
            await connected.system.close()
    return [
        {"connection": name, "vendor": landscape.connections[name].vendor, "ok": ok,
         "detail": detail}
        for name, (ok, detail) in zip(asked, answers, strict=True)
    ]  # fmt: skip


async def _health(system: Any) -> tuple[bool, str]:
    from isthmus.connect import ConnectError

    try:
        found = await system.health()
    except ConnectError as error:
        return False, f"{error}. {error.remedy}"
    return found.ok, found.detail
