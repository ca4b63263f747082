"""Lineage as people read it: indented, one fact to a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from isthmus.cli.output import heading, say, show_table, shown

if TYPE_CHECKING:
    from isthmus.canonical.contract import Amendment
    from isthmus.flows.lineage import (
        CardVersion,
        ContractLineage,
        CreditLineage,
        DealLineage,
        EntryLineage,
        ExpenseLineage,
        FactLineage,
        HoldSummary,
        InvoiceLineage,
        ProjectLineage,
        TransferLineage,
    )


def print_invoice(found: InvoiceLineage) -> None:
    number = f"invoice {found.number}" if found.number else "invoice without a number yet"
    heading(f"{number}  {found.status}  {found.customer}")
    say(f"  our reference {found.reference}, issued {found.issued_on} by {found.legal_entity}")
    if found.total is None:
        say(f"  lines {found.lines_total}, not posted yet")
    else:
        tax, due = found.tax_total or "none", found.amount_due or "unknown"
        say(f"  lines {found.lines_total}, tax {tax}, total {found.total}, due {due}")
    _systems(found.systems)
    for line in found.lines:
        heading(f"\nline {line.number}  {line.amount}  {line.description}")
        say(f"  {line.kind}: {_number(line.quantity)} x {line.unit_price}")
        _facts(line.facts)
        ties = f"  differs from its facts by {line.difference}" if line.difference else (
            f"  = sum of {len(line.facts)} facts, difference 0"
        )  # fmt: skip
        say(ties)
    _credits(found.credits)
    _agreement(found.contract, found.deal)


def print_entry(found: EntryLineage) -> None:
    heading(f"time entry  {found.state}  {found.person}, {_number(found.hours)} h "
            f"on {found.worked_on}")  # fmt: skip
    say(f"  project {found.project}, {found.approval}, rate in the PSA {found.psa_rate or 'none'}")
    _systems(found.systems)
    _facts(found.facts)
    say(f"  invoice {found.invoice}" if found.invoice else "  on no invoice")
    _transfers(found.transfers)
    _holds(found.holds)
    _agreement(found.contract, found.deal)


def print_expense(found: ExpenseLineage) -> None:
    name = f"expense {found.number}" if found.number else "expense"
    heading(f"{name}  {found.state}  {found.person}, {found.category} {found.amount} "
            f"on {found.spent_on}")  # fmt: skip
    paid = "the client pays it" if found.is_billable else "the client does not pay it"
    back = "the employee gets it back" if found.is_reimbursable else "not reimbursed"
    tax = f", tax {found.tax}" if found.tax else ""
    say(f"  project {found.project}, {found.approval}, {paid}, {back}{tax}")
    _systems(found.systems)
    _facts(found.facts)
    say(f"  invoice {found.invoice}" if found.invoice else "  on no invoice")
    say(f"  cost in journal entry {found.journal}" if found.journal else "  cost in no ledger")
    _holds(found.holds)
    _agreement(found.contract, found.deal)


def print_project(found: ProjectLineage) -> None:
    heading(f"project {found.name}  {found.status}  {found.customer}")
    _systems(found.systems)
    counts = ", ".join(f"{n} {state}" for state, n in found.entries.items())
    say(f"  time entries: {counts or 'none'}")
    if found.expenses:
        say("  expenses: " + ", ".join(f"{n} {state}" for state, n in found.expenses.items()))
    for worth in found.worth:
        say(f"  {worth.state}: {worth.amount} in {worth.facts} facts")
    if found.invoices:
        say()
        show_table(
            ("invoice", "reference", "status", "issued", "lines"),
            [(i.number, i.reference, i.status, i.issued_on, i.lines_total)
             for i in found.invoices],
            right=("lines",),
        )  # fmt: skip
    _holds(found.holds)
    _agreement(found.contract, found.deal)


PRINT: dict[str, Callable[[Any], None]] = {
    "invoice": print_invoice,
    "time_entry": print_entry,
    "expense_entry": print_expense,
    "project": print_project,
}


def _credits(credits: Iterable[CreditLineage]) -> None:
    for memo in credits:
        number = f"credit memo {memo.number}" if memo.number else "credit memo without a number yet"
        heading(f"\n{number}  {memo.status}  -{memo.lines_total}  {memo.reason}")
        say(f"  our reference {memo.reference}, issued {memo.issued_on}, "
            + ("billed again" if memo.rebill else "not billed again"))  # fmt: skip
        if memo.total is not None:
            say(f"  tax {memo.tax_total or 'none'}, total {memo.total}, open {memo.unapplied}")
        for line in memo.lines:
            say(f"  of line {line.line}: {_number(line.quantity)} x {line.unit_price} "
                f"= {line.amount}")  # fmt: skip
        _systems(memo.systems)


def _transfers(transfers: Iterable[TransferLineage]) -> None:
    for row in transfers:
        terms = row.method if row.percent is None else f"{row.method} {_number(row.percent)} %"
        numbers = " and ".join(n or "not posted yet" for n in row.numbers) or "no journal entry"
        say(f"  charged by {row.performing} to {row.contracting} for {row.month:%Y-%m}: "
            f"{_number(row.hours)} h, {terms}, {row.amount}  ({numbers})")  # fmt: skip


def _facts(facts: Iterable[FactLineage]) -> None:
    """The price is told where it changes: `--json` has it, and its trail, for every fact."""
    last: CardVersion | None = None
    for fact in facts:
        _fact(fact)
        if fact.rate_card is None or fact.rate_card != last:
            _price(fact)
        last = fact.rate_card


def _fact(fact: FactLineage) -> None:
    sign = "taken back: " if fact.reverses else ""
    hours = f"{_number(fact.billed_hours)} h"
    if fact.source_kind == "milestone":
        hours = "milestone"
    elif fact.source_kind == "retention":
        hours = "retention"
    elif fact.source_kind == "expense_entry":
        hours = fact.role or "expense"
    elif fact.billed_hours != fact.hours:
        hours += f" (worked {_number(fact.hours)} h)"
    ids = ", ".join(f"{space} {id}" for space, id in fact.systems.items())
    posted = f", posted as {fact.posted_as}" if fact.posted_as else ""
    say(f"  {fact.worked_on}  {sign}{fact.person}  {hours} x {fact.rate} = {fact.amount}"
        f"  ({ids or fact.source_id}, {fact.run}{posted})")  # fmt: skip


def _price(fact: FactLineage) -> None:
    if fact.rate_card is not None:
        say(f"      {_card(fact.rate_card)}")
    for tried in fact.trail:
        say(f"      {tried['scope']}: looked for {tried['looked_for']}, found {tried['found']}")


def _card(card: CardVersion) -> str:
    until = card.effective_to or "until revoked"
    return f"rate card {card.number}: {card.role} at {card.rate}, {card.effective_from} to {until}"


def _agreement(contract: ContractLineage | None, deal: DealLineage | None) -> None:
    if contract is not None:
        value = f", value {contract.value}" if contract.value else ""
        cap = f", not to exceed {contract.cap}" if contract.cap else ""
        until = contract.ends_on or "open end"
        say(f"\ncontract {contract.number}: {contract.billing_model}{value}{cap}, "
            f"{contract.starts_on} to {until}")  # fmt: skip
        for amendment in contract.amendments:
            say(f"  {amendment_line(amendment)}")
    if deal is not None:
        say(f"deal {deal.name}: {deal.stage}, {deal.amount or 'no amount'}")
        _systems(deal.systems)


def amendment_line(amendment: Amendment) -> str:
    changes = (
        ("value changes by", amendment.value_change),
        ("cap", amendment.cap),
        ("ends", amendment.ends_on),
        *((p.role, p.rate) for p in amendment.prices),
        *((i.description, i.amount) for i in amendment.instalments),
        ("detailed terms", "changed" if amendment.terms else None),
        ("note", amendment.note or None),
    )
    told = ", ".join(f"{name} {value}" for name, value in changes if value is not None)
    return f"amendment {amendment.number} from {amendment.effective_on}: {told}"


def _systems(systems: dict[str, str]) -> None:
    for space, id in systems.items():
        say(f"  {space}: {id}")


def _holds(holds: Iterable[HoldSummary]) -> None:
    for hold in holds:
        blocks = f" ({hold.amount})" if hold.amount else ""
        say(f"  {hold.label} {hold.state}, {hold.owner}{blocks}: {hold.reason}")


def _number(value: Decimal) -> str:
    """Without trailing zeros: 7.50 hours are 7.5."""
    text = shown(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
