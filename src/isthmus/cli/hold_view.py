"""Holds as people read them: a list by urgency, and one with its whole story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from isthmus.cli.output import amount, heading, say, show_table, shown
from isthmus.kit.clock import utc_now

if TYPE_CHECKING:
    from isthmus.store.holds import HoldRow


def show_holds(holds: Sequence[HoldRow]) -> None:
    show_table(
        ("hold", "severity", "due", "state", "owner", "blocked", "customer", "reason"),
        [(h.label, h.severity, _due(h), h.state, _owner(h), amount(h.amount, h.currency),
          h.customer, h.reason)
         for h in holds],
        right=("blocked",),
    )  # fmt: skip


def _due(hold: HoldRow) -> str:
    if hold.due_at is None:
        return ""
    late = " overdue" if hold.state != "resolved" and hold.due_at <= utc_now() else ""
    return f"{hold.due_at:%Y-%m-%d %H:%M}{late}"


def _owner(hold: HoldRow) -> str:
    return f"{hold.owner} ({hold.assigned_to})" if hold.assigned_to else hold.owner


def print_hold(found: dict[str, Any]) -> None:
    hold = found["hold"]
    heading(f"{hold['label']}  {hold['state']}  {hold['code']}")
    say(hold["reason"])
    say(f"  fix      {hold['fix']}")
    say(f"  owner    {hold['owner']}", hold["assigned_to"] or "")
    if blocked := amount(hold["amount"], hold["currency"]):
        say(f"  blocks   {blocked}  {hold['customer'] or ''}")
    say(f"  about    {hold['object_kind'] or 'object'} {hold['object_id']}")
    say(f"  flow     {hold['flow']} {found['run'] or hold['detail'].get('run', '')}")
    say(f"  opened   {shown(hold['opened_at'])}")
    if hold["severity"]:
        missed = f", misses the billing of {hold['deadline_on']}" if hold["deadline_on"] else ""
        late = " overdue" if hold["overdue_at"] else ""
        say(f"  presses  {hold['severity']}, due {shown(hold['due_at'])}{late}{missed}")
    if hold["resolution"]:
        say(f"  over     {shown(hold['resolved_at'])} {hold['resolution']} "
            f"by {hold['resolved_by']}")  # fmt: skip
    if hold["resolution_code"]:
        say(f"  code     {hold['resolution_code']}")
    _print_story(found)
    if hold["state"] != "resolved":
        label = hold["label"]
        say(f"next: isthmus hold fix {label} attribute=value · isthmus hold replay {label}")


def _print_story(found: dict[str, Any]) -> None:
    for edit in found["corrections"]:
        say(f"  corrected {edit.attribute}: {edit.original} -> {edit.value} by {edit.edited_by}")
    for said in found["comments"]:
        say(f"  {shown(said.said_at)} {said.said_by}: {said.text}")
    for notice in found["notices"]:
        say(f"  {notice.desk} {notice.kind}: {notice.state} {notice.reference or ''}")
    for part in found["bulks"]:
        say(f"  part of B-{part.bulk}, {part.state}: {part.message or ''}")
    for done in found["acts"]:
        say(f"  {shown(done.occurred_at)} {done.type} by {done.data['by']}")
