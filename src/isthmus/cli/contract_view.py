"""Contracts and their terms as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from isthmus.cli.lineage import amendment_line
from isthmus.cli.output import heading, say, show_table

if TYPE_CHECKING:
    from isthmus.flows.contract_sheet import ContractRow, ContractSheet
    from isthmus.flows.terms_request import TermsChange, WorkMoved

BILLED = {
    "leave": "stay as they are",
    "hold": "are held for finance to decide",
    "credit_and_rebill": "are credited and billed again",
}


def show_rows(rows: Sequence[ContractRow]) -> None:
    if not rows:
        say("there is no contract yet")
        return
    show_table(
        ("number", "customer", "company", "billed as", "from", "to", "value", "cap", "terms",
         "status"),
        [(r.number, r.customer, r.legal_entity, r.billing_model, r.starts_on, r.ends_on, r.value,
          r.cap, f"{r.terms} set" if r.terms else "default", r.status) for r in rows],
        right=("value", "cap"),
    )  # fmt: skip


def show_sheet(found: ContractSheet) -> None:
    row = found.row
    heading(f"contract {row.number}  {row.status}  {row.customer}")
    value = f", value {row.value}" if row.value else ""
    say(f"  {row.billing_model} by {row.legal_entity} in {found.currency}{value}, "
        f"{row.starts_on} to {row.ends_on or 'open end'}")  # fmt: skip
    if row.cap and found.used is not None:
        say(f"  not to exceed {row.cap}: {found.used} used, {row.cap - found.used} left")
    if found.minimum_increment:
        say(f"  hours are billed in steps of {found.minimum_increment} minutes, where "
            "time.rounding is not set")  # fmt: skip
    for amendment in found.amendments:
        say(f"  {amendment_line(amendment)}")
    given = f"by amendment {found.given_by}" if found.given_by else "as first agreed"
    heading(f"\nterms on {found.on}, {given}")
    show_table(
        ("term", "value", ""),
        [(t.name, t.value, "set" if t.is_set else "default") for t in found.terms],
    )


def show_change(change: TermsChange) -> None:
    until = f" to {change.up_to}" if change.up_to else " on"
    heading(f"contract {change.contract}, work from {change.since}{until}")
    if not change.terms:
        say("the terms in force say the same already")
        return
    show_table(
        ("term", "old", "new"),
        [(m.term, m.old or "none", m.new or "none") for m in change.terms],
    )
    say(f"{_entries(change.open)} on no invoice move by {change.open.difference}")
    if change.billed.entries:
        say(f"{_entries(change.billed)} on invoices would move by {change.billed.difference}; "
            f"they {BILLED[change.billed_work]} (policies.amendment_of_billed_work)")  # fmt: skip
    say(_outcome(change))


def _entries(work: WorkMoved) -> str:
    return "1 entry" if work.entries == 1 else f"{work.entries} entries"


def _outcome(change: TermsChange) -> str:
    if not change.written:
        return "nothing was written; --write does it"
    if change.amendment is None:
        return "written as the first terms; see `isthmus run list`"
    return f"written as amendment {change.amendment}; see `isthmus run list`"
