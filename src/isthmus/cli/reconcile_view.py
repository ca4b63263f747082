"""Reconciliations for people, and the same facts for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from isthmus.cli.output import amount, heading, say, show_table, shown

if TYPE_CHECKING:
    from isthmus.reconcile.repairing import Repair
    from isthmus.reconcile.report import Report
    from isthmus.store.reconciliations import ReconciliationRow


def show_runs(rows: Sequence[ReconciliationRow]) -> None:
    show_table(
        ("run", "reconciliation", "from", "to", "state", "asked by", "asked", "ended"),
        [(r.label, r.name, r.first_on, r.last_on, r.state, r.asked_by, r.asked_at, r.finished_at)
         for r in rows],
    )  # fmt: skip


def show(report: Report) -> None:
    run = report.run
    days = f"{run.first_on} to {run.last_on}" if run.first_on else "as a whole"
    sides = f"{run.plan['source']} and {run.plan['target']}"
    heading(f"{run.label}  {run.name}  {sides}  {days}  {run.state}")
    if report.hold:
        say(f"  stopped: {report.hold.label}: {report.hold.reason}")
        say(f"  do:      {report.hold.fix}")
    from isthmus.access.signed import WORDS

    _show_totals(report)
    _show_breaks(report)
    for act in report.acts:
        if act.act == "sign":
            say(f"signed as {act.role} by {act.by} on {shown(act.done_at)}: {act.evidence}")
            say(f"  {WORDS[report.standing[act.number]]}")
    say(_conclusion(report))


def _show_totals(report: Report) -> None:
    show_table(
        ("leg", "company", "period", "currency", "count", "other", "hours", "other", "amount",
         "other", "difference", "agree", "under way"),
        [(t.leg, t.entity, t.period, t.currency, t.source_count, t.target_count, t.source_hours,
          t.target_hours, t.source_amount, t.target_amount, t.source_amount - t.target_amount,
          t.matched, t.under_way)
         for t in report.totals],
        right=("count", "other", "hours", "amount", "difference", "agree", "under way"),
    )  # fmt: skip


def _show_breaks(report: Report) -> None:
    from isthmus.reconcile.causes import cause, finding

    if not report.breaks:
        return
    say()
    show_table(
        ("break", "kind", "state", "difference", "since", "owner", "what", "cause"),
        [(b.code, b.kind, b.state, amount(b.amount or None, b.currency), b.first_seen_at, b.owner,
          finding(b, report.run.promise), cause(b))
         for b in report.breaks],
        right=("difference",),
    )  # fmt: skip
    total = sum(report.counts.values())
    if total > len(report.breaks):
        say(f"the largest {len(report.breaks)} of {total}")


def _conclusion(report: Report) -> str:
    if report.run.state != "finished":
        return "it has not come to its end"
    if not report.unexplained:
        return "nothing is unexplained"
    told = ", ".join(
        f"{each.breaks} unexplained" + (f" of {amount(each.amount, each.currency)}")
        if each.currency
        else f"{each.breaks} unexplained"
        for each in report.unexplained
    )
    return f"{told}; repair or accept them: isthmus reconcile repair BREAK"


def repair_json(repair: Repair) -> dict[str, Any]:
    return {
        "break": repair.found.code,
        "act": repair.act,
        "says": repair.says,
        "asked": repair.asked,
    }
