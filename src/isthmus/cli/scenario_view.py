"""A scenario as people read it: what happened, and where it is not what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import typer

from isthmus.cli.output import heading, say, show_table

if TYPE_CHECKING:
    from pathlib import Path

    from isthmus.scenario import Comparison, Outcome, Reading, ScenarioFile
    from isthmus.scenario.outcome import CreditMemo, Invoice


def show(
    file: Path,
    reading: Reading,
    outcome: Outcome | None,
    comparison: Comparison | None,
    *,
    explain: bool,
    quiet: bool,
) -> None:
    from isthmus.landscape import report

    if reading.scenario is None or outcome is None or comparison is None:
        typer.echo(report(file, reading.mistakes))
        return
    if not quiet:
        heading(f"{reading.scenario.scenario}  ({file})")
        _happened(reading.scenario, outcome, explain=explain)
    for difference in comparison.differences:
        say(difference.render(str(file)))
    if not quiet:
        say(f"{_verdict(comparison)}\n")


def _verdict(comparison: Comparison) -> str:
    figures, apart = comparison.figures, len(comparison.differences)
    if not figures:
        return "nothing is expected, so nothing was compared"
    counted = f"{figures} figure{'s' if figures > 1 else ''}"
    if apart:
        return f"{counted}, {apart} difference{'s' if apart > 1 else ''}"
    return f"{counted}, all as expected" if figures > 1 else f"{counted}, as expected"


def _happened(scenario: ScenarioFile, outcome: Outcome, *, explain: bool) -> None:
    (_explained if explain else _listed)(outcome)
    _waited(outcome)
    _hours(outcome, explain=explain, used=explain or scenario.expect.cap_usage is not None)
    _revenue(outcome, explain=explain)
    if explain or scenario.expect.journals is not None:
        _journals(outcome)


def _listed(outcome: Outcome) -> None:
    if not outcome.invoices:
        say("no invoice")
    _documents("invoice", [(i.contract, i) for i in outcome.invoices])
    memos = [(f"{m.contract}, invoice of {m.invoice}", m) for m in outcome.credit_memos]
    _documents("credit memo", memos)


def _documents(what: str, documents: Sequence[tuple[str, Invoice | CreditMemo]]) -> None:
    if documents:
        show_table(
            (what, "date", "posted", "line", "quantity", "price", "amount"),
            [row for of, document in documents for row in _rows(of, document)],
            right=("quantity", "price", "amount"),
        )


def _rows(of: str, document: Invoice | CreditMemo) -> Iterator[Sequence[object]]:
    for place, line in enumerate(document.lines):
        first = (of, document.on, document.posted) if not place else ("", "", "")
        yield (*first, line.text, number(line.quantity), line.price, line.amount)
    yield ("", "", "", "net", "", "", document.net)
    if document.total is not None:
        yield ("", "", "", "tax", "", "", document.tax)
        yield ("", "", "", "total", "", "", document.total)


def _explained(outcome: Outcome) -> None:
    for invoice in outcome.invoices:
        heading(f"invoice of {invoice.on}, {invoice.contract}: {invoice.net}")
        _told(invoice)
    for memo in outcome.credit_memos:
        heading(f"credit memo of {memo.on}, {memo.contract}: {memo.net}")
        again = "billed again" if memo.rebill else "not billed again"
        say(f"  of the invoice of {memo.invoice}, {again}: {memo.reason}")
        _told(memo)


def _told(document: Invoice | CreditMemo) -> None:
    say(f"  {document.company} to {document.customer}, posted {document.posted}")
    for line in document.lines:
        say(f"  {line.text}: {number(line.quantity)} x {line.price} = {line.amount}")
        for told in line.trail:
            say(f"    {told}")
    for told in document.taxed:
        say(f"  {told}; total {document.total}")


def _waited(outcome: Outcome) -> None:
    if outcome.to_invoice:
        for contract, amount in outcome.to_invoice.items():
            say(f"{contract}: {amount} is rated and on no invoice yet")
    if outcome.released:
        show_table(
            ("waited", "contract", "amount", "reason", "since", "until"),
            [(r.what, r.contract, r.amount, r.reason, r.since, r.released)
             for r in outcome.released],
            right=("amount",),
        )  # fmt: skip
    for held in outcome.held:
        worth = f" ({held.amount})" if held.amount is not None else ""
        heading(f"held since {held.since}: {held.what}, {held.contract}{worth}, {held.reason}")
        for problem in held.problems:
            say(f"  {problem.reason}")
        say(f"  {held.problems[0].owner}: {held.problems[0].fix}")


def _hours(outcome: Outcome, *, explain: bool, used: bool) -> None:
    for contract, amount in outcome.not_charged.items():
        say(f"{contract}: work of {amount} is not charged")
        for told in outcome.given[contract] if explain else ():
            say(f"  {told}")
    if used and outcome.cap_usage:
        show_table(
            ("contract", "cap", "amount", "hours", "alert"),
            [
                (use.contract, use.cap, use.amount, number(use.hours),
                 f"{use.alert} %" if use.alert else "")
                for use in outcome.cap_usage
            ],
            right=("amount", "hours", "alert"),
        )  # fmt: skip


def _revenue(outcome: Outcome, *, explain: bool) -> None:
    rows = list(_months(outcome))
    if rows:
        show_table(
            ("revenue", "month", "earned", "unbilled", "deferred"), rows,
            right=("earned", "unbilled", "deferred"),
        )  # fmt: skip
    if explain:
        for contract, months in outcome.earned.items():
            for month, trail in sorted(months.items()):
                if month in outcome.revenue[contract]:
                    heading(f"revenue of {month}, {contract}: {outcome.revenue[contract][month]}")
                    for told in trail:
                        say(f"  {told}")


def _months(outcome: Outcome) -> Iterator[Sequence[object]]:
    for contract, earned in outcome.revenue.items():
        unbilled, deferred = outcome.unbilled.get(contract, {}), outcome.deferred.get(contract, {})
        shown = ""
        for month in sorted({*earned, *unbilled}):
            cells = [months.get(month) for months in (earned, unbilled, deferred)]
            if any(cells):
                yield ("" if shown else contract, month, *(cell or "" for cell in cells))
                shown = contract


def _journals(outcome: Outcome) -> None:
    if outcome.journals:
        show_table(
            ("journal", "day", "account", "debit", "credit"),
            [
                (
                    f"{journal.contract}, {journal.trail[0]}" if not place else "",
                    journal.on if not place else "", line.account, line.debit or "",
                    line.credit or "",
                )
                for journal in outcome.journals
                for place, line in enumerate(journal.lines)
            ],
            right=("debit", "credit"),
        )  # fmt: skip


def number(value: Decimal) -> str:
    """Without trailing zeros: 7.50 hours are 7.5."""
    return f"{value.normalize():,f}"
