"""`run list|show|replay`: what flows did, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.output import Json, heading, say, show_json, show_table, shown
from isthmus.cli.problem import FINDING, Problem
from isthmus.cli.session import act, application, database, person, session

if TYPE_CHECKING:
    from isthmus.engine import Replayed
    from isthmus.settings import Settings
    from isthmus.store.database import Database
    from isthmus.store.runs import RunRow

cli = typer.Typer(name="run", help="Runs of flows.", no_args_is_help=True)
Label = Annotated[str, typer.Argument(metavar="RUN", help="R-0031, or the run's id.")]


@cli.command("list")
def list_(
    context: typer.Context,
    flow: Annotated[str | None, typer.Option(help="Runs of this flow only.")] = None,
    state: Annotated[
        str | None, typer.Option(help="queued, running, succeeded, held, dead, ...")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    json: Json = False,
) -> None:
    """Runs, newest first."""
    runs = act(_list(session(context).installed, flow, state, limit))
    if json:
        show_json(runs)
        return
    show_table(
        ("run", "flow", "state", "subject", "attempts", "created", "finished"),
        [(r.label, r.flow, r.state, r.subject, r.attempts, r.created_at, r.finished_at)
         for r in runs],
        right=("attempts",),
    )  # fmt: skip


@cli.command()
def show(context: typer.Context, run: Label, json: Json = False) -> None:
    """One run: its event, its steps with results and errors, its hold."""
    found = act(_show(session(context).installed, run))
    if json:
        show_json(found)
    else:
        _print(found)


@cli.command()
def replay(context: typer.Context, run: Label, json: Json = False) -> None:
    """Go on at the step that failed; steps that succeeded are not repeated."""
    replayed = act(_replay(session(context).installed, run))
    if json:
        show_json(replayed)
    else:
        say(replayed.message)
    if not replayed.resumed:
        raise typer.Exit(FINDING)


async def _list(
    settings: Settings, flow: str | None, state: str | None, limit: int
) -> list[RunRow]:
    async with database(settings) as opened, opened.begin() as tx:
        return await tx.runs.list(flow=flow, state=state, limit=limit)


async def _named(opened: Database, label: str) -> RunRow:
    async with opened.begin() as tx:
        run = await tx.runs.find(label)
    if run is None:
        raise Problem(
            f"There is no run {label}.",
            "Runs are named R-0001, R-0002 and so on, or by their id.",
            "`isthmus run list` lists them.",
        )
    return run


async def _show(settings: Settings, label: str) -> dict[str, Any]:
    from isthmus.engine import History, steps_of

    async with database(settings) as opened:
        run = await _named(opened, label)
        history = History(opened.url)
        try:
            steps = await steps_of(history, run.id)
        finally:
            await history.close()
        async with opened.begin() as tx:
            events = await tx.events.of(correlation_id=run.correlation_id)
            holds = await tx.holds.list(open_only=False, run_id=run.id)
    event = next((e for e in events if e.id == run.event_id), None)
    return {"run": {"label": run.label, **vars(run)}, "event": event, "steps": steps,
            "holds": [{"label": h.label, **vars(h)} for h in holds]}  # fmt: skip


def _print(found: dict[str, Any]) -> None:
    run, event = found["run"], found["event"]
    heading(f"{run['label']}  {run['flow']}  {run['state']}")
    say(f"id          {run['id']}")
    say(f"correlation {run['correlation_id']}")
    if event is not None:
        say(f"event       {event.type} from {event.source} at {shown(event.occurred_at)}")
    say(f"created     {shown(run['created_at'])}, attempts {run['attempts']}")
    if run["emptied_at"] is not None:
        say(f"emptied     {shown(run['emptied_at'])}: its steps were removed, being old")
    say()
    show_table(
        ("step", "name", "result"),
        [(s.number, s.name, f"failed: {s.error}" if s.error else shown(s.output))
         for s in found["steps"]],
        right=("step",),
    )  # fmt: skip
    for hold in found["holds"]:
        say(f"\n{hold['label']} {hold['state']}, owner {hold['owner']}: {hold['reason']}")
        say(f"  fix: {hold['fix']}" if hold["state"] != "resolved" else f"  {hold['resolution']}")


async def _replay(settings: Settings, label: str) -> Replayed:
    from isthmus.holds.acts import replay_run

    async with application(settings) as app:
        return await replay_run(app.engine, await _named(app.database, label), person())
