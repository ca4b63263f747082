"""`reconcile run|list|show|repair|accept|sign`: do two systems agree, and who says so."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from isthmus.cli import reconcile_view as view
from isthmus.cli.output import Json, say, show_json
from isthmus.cli.problem import FINDING, Problem
from isthmus.cli.session import act, application, database, person, session

if TYPE_CHECKING:
    from isthmus.reconcile.report import Report
    from isthmus.settings import Settings
    from isthmus.store.reconciliations import ReconciliationRow

cli = typer.Typer(name="reconcile", help="Whether two systems agree, and who answers for it.",
                  no_args_is_help=True)  # fmt: skip
Run = Annotated[str, typer.Argument(metavar="RUN", help="RC-7, or a name for its latest run.")]
Break = Annotated[str, typer.Argument(metavar="BREAK", help="BR-12, or 12.")]


@cli.command()
def run(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Reconciliations or promises; all when left out."),
    ] = None,
    month: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m"], help="Compare this month, not the latest ones."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the end, and show what was found.")
    ] = True,
    json: Json = False,
) -> None:
    """Compare now. Exit code 1: something is unexplained, or a run has not come to its end.

    Without a worker elsewhere the runs are done here.
    """
    settings = session(context).installed
    reports = act(_run(settings, names or [], month.date() if month else None, wait=wait))
    if json:
        show_json([_facts(report) for report in reports])
    else:
        for report in reports:
            view.show(report)
    if wait and not all(report.is_clean for report in reports):
        raise typer.Exit(FINDING)


@cli.command("list")
def list_(
    context: typer.Context,
    name: Annotated[str | None, typer.Option(help="Of this reconciliation only.")] = None,
    json: Json = False,
) -> None:
    """The runs, the youngest first."""
    rows = act(_list(session(context).installed, name))
    if json:
        from isthmus.reconcile.report import run_facts

        show_json([run_facts(row) for row in rows])
    else:
        view.show_runs(rows)


@cli.command()
def show(context: typer.Context, run: Run, json: Json = False) -> None:
    """One run: control totals of both sides, breaks with causes, acts. Exit code 1: something is
    unexplained.
    """
    report = act(_show(session(context).installed, run))
    show_json(_facts(report)) if json else view.show(report)
    if not report.is_clean:
        raise typer.Exit(FINDING)


@cli.command()
def repair(
    context: typer.Context,
    breaks: Annotated[list[str], typer.Argument(metavar="BREAK", help="BR-12, or 12.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Have the work behind breaks done again; the next run looks whether it helped.

    Nothing is deleted in a system: what is there too much is held for finance.
    """

    async def asked() -> list[dict[str, Any]]:
        from isthmus.reconcile.repairing import ask_repair

        async with application(session(context).installed) as app:
            return [
                view.repair_json(await ask_repair(app.engine, one, person(), dry_run=dry_run))
                for one in breaks
            ]

    done = act(asked())
    if json:
        show_json(done)
        return
    for one in done:
        say(f"{one['break']}: {one['says']}" + ("" if one["asked"] else "; nothing was done"))


@cli.command()
def accept(
    context: typer.Context,
    break_: Break,
    reason: Annotated[str, typer.Option(help="Why the difference stays.")],
) -> None:
    """Answer for a difference that stays. It counts again when its values change."""

    async def accepted() -> str:
        from isthmus.reconcile.signing import accept as answer_for

        async with application(session(context).installed) as app:
            return (await answer_for(app.engine, break_, reason, person())).code

    say(f"{act(accepted())} is accepted")


@cli.command()
def sign(
    context: typer.Context,
    run: Run,
    role: Annotated[
        Literal["finance", "delivery"], typer.Option("--as", help="Whose signature it is.")
    ] = "finance",
    note: Annotated[str, typer.Option(help="Kept with the signature.")] = "",
    json: Json = False,
) -> None:
    """Sign the latest run of a reconciliation, once nothing of it is unexplained.

    Who had breaks of it repaired does not sign. The signature keeps a hash of totals and breaks.
    """

    async def signed() -> dict[str, Any]:
        from isthmus.reconcile.signing import sign as sign_run

        async with application(session(context).installed) as app:
            kept = await sign_run(app.engine, run, role, person(), note)
            return {"run": run, "role": kept.role, "by": kept.by, "evidence": kept.evidence}

    found = act(signed())
    if json:
        show_json(found)
    else:
        say(f"{run} is signed as {found['role']} by {found['by']}; evidence {found['evidence']}")


def _facts(report: Report) -> dict[str, Any]:
    from isthmus.reconcile.report import report_facts

    return report_facts(report)


async def _run(settings: Settings, names: list[str], month: Any, *, wait: bool) -> list[Report]:
    from isthmus.reconcile.asking import ask, finished
    from isthmus.reconcile.report import report_of

    async with application(settings) as app:
        asked = await ask(app.engine, names, person(), month)
        if wait:
            await finished(app.engine, asked)
        return [await report_of(app.database, id) for id in asked]


async def _list(settings: Settings, name: str | None) -> list[ReconciliationRow]:
    async with database(settings) as opened, opened.begin() as tx:
        return await tx.reconciliations.list(name=name)


async def _show(settings: Settings, label: str) -> Report:
    from isthmus.reconcile.report import report_of

    async with database(settings) as opened:
        async with opened.begin() as tx:
            found = await tx.reconciliations.find(label)
        if found is None:
            raise Problem(
                f"There is no reconciliation run {label}.",
                "Runs are named RC-1, RC-2 and so on; a name stands for its latest run.",
                "`isthmus reconcile list` shows them; `isthmus reconcile run` makes one.",
            )
        return await report_of(opened, found.id)
