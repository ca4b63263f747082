"""`hold list|show|fix|replay|skip|assign`: what waits for a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.output import Json, amount, heading, say, show_json, show_table, shown
from isthmus.cli.problem import FINDING
from isthmus.cli.session import act, application, database, hold_named, person, session

if TYPE_CHECKING:
    from isthmus.app import App
    from isthmus.engine.hold_actions import Acted
    from isthmus.settings import Settings
    from isthmus.store.holds import HoldRow

cli = typer.Typer(name="hold", help="What cannot go on without a person.", no_args_is_help=True)
Label = Annotated[str, typer.Argument(metavar="HOLD", help="H-17, or 17.")]
NOBODY_WORKS = "no worker runs now: it goes on as soon as `isthmus up` or `isthmus worker` does"


@cli.command("list")
def list_(
    context: typer.Context,
    owner: Annotated[str | None, typer.Option(help="finance, pmo or integration.")] = None,
    state: Annotated[
        str | None, typer.Option(help="held, waiting_system, waiting_period, dead, replaying.")
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    json: Json = False,
) -> None:
    """Open holds, with what they block and who owns them."""
    holds = act(_list(session(context).installed, owner, state, all))
    if json:
        show_json([{"label": h.label, **vars(h)} for h in holds])
        return
    show_table(
        ("hold", "state", "owner", "blocked", "customer", "reason"),
        [(h.label, h.state, _owner(h), amount(h.amount, h.currency), h.customer, h.reason)
         for h in holds],
        right=("blocked",),
    )  # fmt: skip


def _owner(hold: HoldRow) -> str:
    assigned = hold.detail.get("assigned_to")
    return f"{hold.owner} ({assigned})" if assigned else hold.owner


@cli.command()
def show(context: typer.Context, hold: Label, json: Json = False) -> None:
    """One hold: why, what it blocks, who mends it and how; corrections made so far."""
    found = act(_show(session(context).installed, hold))
    if json:
        show_json(found)
    else:
        _print(found)


@cli.command()
def fix(
    context: typer.Context,
    hold: Label,
    values: Annotated[
        list[str], typer.Argument(metavar="ATTRIBUTE=VALUE", help="What is right; one or more.")
    ],
    json: Json = False,
) -> None:
    """Correct what is held; the original is kept beside the correction."""
    from isthmus.engine.hold_actions import fix as correct

    given = dict(_pair(value) for value in values)
    _tell(context, hold, lambda app, row: correct(app.engine, row, given, person()), json)


@cli.command()
def replay(context: typer.Context, hold: Label, json: Json = False) -> None:
    """Try again from where it stopped."""
    from isthmus.engine.hold_actions import replay_hold

    acted, workers = _tell(
        context, hold, lambda app, row: replay_hold(app.engine, row, person()), json
    )
    if acted.done and not workers and not json:
        say(NOBODY_WORKS)
    if acted.still_held:
        raise typer.Exit(FINDING)


@cli.command()
def skip(
    context: typer.Context,
    hold: Label,
    reason: Annotated[str, typer.Option(help="Why; it is kept.", prompt="reason")],
    json: Json = False,
) -> None:
    """Give up on what is held, for good."""
    from isthmus.engine.hold_actions import skip as give_up

    _tell(context, hold, lambda app, row: give_up(app.engine, row, reason, person()), json)


@cli.command()
def assign(
    context: typer.Context,
    hold: Label,
    who: Annotated[str, typer.Argument(metavar="PERSON", help="Name or e-mail.")],
    json: Json = False,
) -> None:
    """Hand a hold to a person."""
    from isthmus.engine.hold_actions import assign as hand_over

    _tell(context, hold, lambda app, row: hand_over(app.engine, row, who, person()), json)


def _pair(text: str) -> tuple[str, str]:
    attribute, equals, value = text.partition("=")
    if not equals or not attribute:
        raise typer.BadParameter(f"{text!r} is not attribute=value", param_hint="VALUES")
    return attribute.strip(), value.strip()


def _tell(
    context: typer.Context,
    label: str,
    do: Callable[[App, HoldRow], Awaitable[Acted]],
    json: bool,
) -> tuple[Acted, int]:
    """What was done, and the number of workers that are alive to go on with it."""
    acted, workers = act(_act(session(context).installed, label, do))
    if json:
        show_json(acted)
    else:
        say(acted.message)
    return acted, workers


async def _act(
    settings: Settings, label: str, do: Callable[[App, HoldRow], Awaitable[Acted]]
) -> tuple[Acted, int]:
    from isthmus.observe.status import ALIVE_SECONDS

    async with application(settings) as app:
        acted = await do(app, await hold_named(app.database, label))
        async with app.database.begin() as tx:
            return acted, await tx.executors.alive(ALIVE_SECONDS)


async def _list(
    settings: Settings, owner: str | None, state: str | None, all: bool
) -> list[HoldRow]:
    async with database(settings) as opened, opened.begin() as tx:
        return await tx.holds.list(open_only=not all, owner=owner, state=state)


async def _show(settings: Settings, label: str) -> dict[str, Any]:
    async with database(settings) as opened:
        hold = await hold_named(opened, label)
        async with opened.begin() as tx:
            edits = await tx.edits.of_hold(hold.number)
            run = await tx.runs.get(hold.run_id) if hold.run_id else None
            acts = await tx.events.of(subject=hold.label)
    return {"hold": {"label": hold.label, **vars(hold)}, "run": run.label if run else None,
            "corrections": edits, "acts": acts}  # fmt: skip


def _print(found: dict[str, Any]) -> None:
    hold = found["hold"]
    heading(f"{hold['label']}  {hold['state']}  {hold['code']}")
    say(hold["reason"])
    say(f"  fix      {hold['fix']}")
    say(f"  owner    {hold['owner']}", hold["detail"].get("assigned_to") or "")
    if blocked := amount(hold["amount"], hold["currency"]):
        say(f"  blocks   {blocked}  {hold['customer'] or ''}")
    say(f"  about    {hold['object_kind'] or 'object'} {hold['object_id']}")
    say(f"  flow     {hold['flow']} {found['run'] or hold['detail'].get('run', '')}")
    say(f"  opened   {shown(hold['opened_at'])}")
    if hold["resolution"]:
        say(f"  over     {shown(hold['resolved_at'])} {hold['resolution']} "
            f"by {hold['resolved_by']}")  # fmt: skip
    for edit in found["corrections"]:
        say(f"  corrected {edit.attribute}: {edit.original} -> {edit.value} by {edit.edited_by}")
    if hold["state"] != "resolved":
        label = hold["label"]
        say(f"next: isthmus hold fix {label} attribute=value · isthmus hold replay {label}")
