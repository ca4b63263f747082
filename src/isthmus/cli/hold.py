"""`hold list|show|fix|replay|skip|assign|comment|resolve|codes|untold`: what waits for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli import hold_bulk
from isthmus.cli import hold_filter as filters
from isthmus.cli.hold_view import print_hold, show_holds
from isthmus.cli.output import Json, say, show_json, show_table
from isthmus.cli.problem import FINDING
from isthmus.cli.session import act, application, database, hold_named, person, session
from isthmus.kit.clock import utc_now

if TYPE_CHECKING:
    from isthmus.app import App
    from isthmus.engine.held_work import Acted
    from isthmus.settings import Settings
    from isthmus.store.holds import HoldRow
    from isthmus.store.notices import NoticeRow
    from isthmus.store.queues import HoldFilter

cli = typer.Typer(name="hold", help="What cannot go on without a person.", no_args_is_help=True)
cli.add_typer(hold_bulk.cli)
cli.command("all")(hold_bulk.all_)
Label = Annotated[str, typer.Argument(metavar="HOLD", help="H-17, or 17.")]
EVERYWHERE = None
"""Whoever reaches the database has the whole firm: the command line knows no roles."""
NOBODY_WORKS = "no worker runs now: it goes on as soon as `isthmus up` or `isthmus worker` does"


@cli.command("list")
def list_(
    context: typer.Context,
    queue: filters.Queue = None,
    severity: filters.Press = None,
    assignee: filters.Assignee = None,
    code: filters.Code = None,
    client: filters.Client = None,
    state: filters.State = None,
    flow: filters.FlowName = None,
    overdue: filters.Overdue = False,
    all: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    json: Json = False,
) -> None:
    """Open holds, the most pressing first: what they block, who owns them, when they are due."""
    wanted = filters.chosen(queue, severity, assignee, code, client, state, flow, overdue)
    holds = act(_list(session(context).installed, wanted, all))
    if json:
        show_json([{"label": h.label, **vars(h)} for h in holds])
        return
    show_holds(holds)


@cli.command()
def show(context: typer.Context, hold: Label, json: Json = False) -> None:
    """One hold: why, what it blocks, who mends it and how; corrections made so far."""
    found = act(_show(session(context).installed, hold))
    if json:
        show_json(found)
    else:
        print_hold(found)


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
    _tell(
        context, hold,
        lambda app, row: correct(app.engine, row, given, person(), within=EVERYWHERE), json,
    )  # fmt: skip


@cli.command()
def replay(context: typer.Context, hold: Label, json: Json = False) -> None:
    """Try again from where it stopped."""
    from isthmus.engine.hold_actions import replay_hold

    acted, workers = _tell(
        context, hold, lambda app, row: replay_hold(app.engine, row, person()), json
    )
    _leave(acted, workers, json)


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


@cli.command()
def comment(
    context: typer.Context,
    hold: Label,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be known of it.")],
    json: Json = False,
) -> None:
    """Say something about a hold; it stays with it."""
    from isthmus.holds.acts import comment as say_of

    _tell(context, hold, lambda app, row: say_of(app.engine, row, text, person()), json)


@cli.command()
def resolve(
    context: typer.Context,
    hold: Label,
    code: Annotated[str, typer.Option(help="Resolution code; `isthmus hold codes` lists them.")],
    note: Annotated[str, typer.Option(help="What else is to be known; it is kept.")] = "",
    json: Json = False,
) -> None:
    """End a hold with a code: its work goes on, or is given up, as the code says."""
    from isthmus.holds.acts import resolve as end

    acted, workers = _tell(
        context, hold, lambda app, row: end(app.engine, row, code, note, person()), json
    )
    _leave(acted, workers, json)


@cli.command()
def codes(context: typer.Context, json: Json = False) -> None:
    """Resolution codes, and what each lets happen."""
    from isthmus.installed import load_landscape

    known = load_landscape(session(context).installed.landscape).exceptions.codes.values()
    if json:
        show_json(list(known))
    else:
        show_table(("code", "then", "meaning"), [(r.code, r.then, r.meaning) for r in known])


@cli.command()
def untold(context: typer.Context, json: Json = False) -> None:
    """What service desks have not been told yet, and why not."""
    waiting = act(_untold(session(context).installed))
    if json:
        show_json(waiting)
        return
    show_table(
        ("desk", "hold", "kind", "attempts", "next", "error"),
        [(n.desk, f"H-{n.hold}", n.kind, n.attempts, n.next_at, n.error) for n in waiting],
        right=("attempts",),
    )


def _leave(acted: Acted, workers: int, json: bool) -> None:
    """What is left to say of an act that sets something going."""
    if acted.done and not workers and not json:
        say(NOBODY_WORKS)
    if acted.still_held:
        raise typer.Exit(FINDING)


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


async def _list(settings: Settings, wanted: HoldFilter, all: bool) -> list[HoldRow]:
    async with database(settings) as opened, opened.begin() as tx:
        return await tx.queues.list(wanted, utc_now(), open_only=not all)


async def _untold(settings: Settings) -> list[NoticeRow]:
    async with database(settings) as opened, opened.begin() as tx:
        return await tx.notices.waiting()


async def _show(settings: Settings, label: str) -> dict[str, Any]:
    async with database(settings) as opened:
        hold = await hold_named(opened, label)
        async with opened.begin() as tx:
            edits = await tx.edits.of_hold(hold.number)
            comments = await tx.queues.comments(hold.number)
            bulks = await tx.bulks.of_hold(hold.number)
            notices = await tx.notices.of_hold(hold.number)
            run = await tx.runs.get(hold.run_id) if hold.run_id else None
            acts = await tx.events.of(subject=hold.label)
    return {"hold": {"label": hold.label, **vars(hold)}, "run": run.label if run else None,
            "corrections": edits, "comments": comments, "bulks": bulks, "notices": notices,
            "acts": acts}  # fmt: skip
