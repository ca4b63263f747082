"""Runs: what is rated and unbilled becomes one invoice per contract, posted or waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from isthmus.canonical import Contract
from isthmus.canonical.dimensions import PeriodState
from isthmus.canonical.invoice import InvoiceLine
from isthmus.kit.money import Money
from isthmus.rules.drafting import draft_lines
from isthmus.rules.fact_ledger import total
from isthmus.rules.facts import Fact
from isthmus.rules.periods import Posting, invoice_day, period_closed
from isthmus.rules.problems import Problem
from isthmus.rules.rounding import trimmed
from isthmus.rules.tax.assessment import taxed as assessed
from isthmus.rules.tax.conventions import TaxConventions
from isthmus.rules.tax.document import TaxableDocument, TaxableLine
from isthmus.rules.tax.levy import Tax
from isthmus.rules.tax.taxed import TaxedDocument
from isthmus.scenario.books import Books, held
from isthmus.scenario.month import Month
from isthmus.scenario.outcome import Invoice, Line, Trail
from isthmus.scenario.told import told
from isthmus.scenario.world import World


class Runs:
    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[tuple[str, Invoice]] = []

    def days(self) -> Iterator[date]:
        return (run.on for run in self._world.file.runs)

    def play(self, day: date, books: Books) -> None:
        waiting, self._waiting = self._waiting, []
        for key, invoice in waiting:
            self._post(key, invoice, day, books)
        for contract, up_to in sorted(books.asked):
            self._draft(contract, up_to, day, books)
        books.asked.clear()
        for up_to in sorted(r.up_to or r.on for r in self._world.file.runs if r.on == day):
            for contract in sorted(self._world.file.contracts):
                self._draft(contract, up_to, day, books)

    def _draft(self, name: str, up_to: date, day: date, books: Books) -> None:
        facts = books.ledgers[name].billable(date.min, up_to)
        if not facts:
            return
        contract, key = self._world.contract(name, day), f"invoice {facts[0].work.id}"
        posting = self._posting(contract, up_to, day)
        if isinstance(posting, Problem):
            amount = total(facts, contract.currency)
            books.hold(key, held(_what(up_to), name, amount, [posting], day))
            return
        books.freeze(name, facts)
        self._post(key, self._invoice(contract, posting, facts), day, books)

    def _posting(self, contract: Contract, up_to: date, day: date) -> Posting | Problem:
        company = contract.legal_entity
        periods = self._world.calendar.periods(company, day)
        return invoice_day(up_to, periods, self._world.policies.closed_period, company)

    def _invoice(self, contract: Contract, posting: Posting, facts: Sequence[Fact]) -> Invoice:
        customer = self._world.customers[contract.customer]
        lines = _lines(facts)
        taxed = self._taxed(contract, lines)
        return Invoice(
            contract=contract.id,
            on=posting.day,
            posted=posting.day,
            company=contract.legal_entity,
            customer=customer.bill_to or customer.id,
            purchase_order=contract.purchase_order,
            lines=lines,
            net=Money.total((line.amount for line in lines), contract.currency),
            tax=taxed.tax if taxed else None,
            total=taxed.total if taxed else None,
            taxed=_why(taxed) if taxed else (),
        )

    def _taxed(self, contract: Contract, lines: Sequence[Line]) -> TaxedDocument | None:
        terms = self._world.file.contracts[contract.id].tax
        if terms is None:
            return None
        taxes = (Tax(terms.name, terms.percent),)
        on = tuple(TaxableLine(line.amount, taxes=taxes) for line in lines)
        return assessed(TaxableDocument(contract.currency, on), TaxConventions(terms.rounding))

    def _post(self, key: str, invoice: Invoice, day: date, books: Books) -> None:
        """A ledger takes nothing in a closed month; the invoice waits as it is."""
        periods = self._world.calendar.periods(invoice.company, day)
        [period] = [p for p in periods if p.id == str(Month.of(invoice.on))]
        if period.state is PeriodState.OPEN:
            books.release(key, day)
            books.invoices.append(replace(invoice, posted=day))
            return
        problem = period_closed(invoice.on, period)
        books.hold(key, held(_what(invoice.on), invoice.contract, invoice.net, [problem], day))
        self._waiting.append((key, invoice))


def _lines(facts: Sequence[Fact]) -> tuple[Line, ...]:
    billed = draft_lines(facts)
    return tuple(_line(line, billed.facts[line.number]) for line in billed.lines)


def _line(line: InvoiceLine, facts: Sequence[Fact]) -> Line:
    return Line(
        line.description, line.kind, line.project, line.quantity, line.unit_price, line.amount,
        tuple(sentence for fact in facts for sentence in told(fact)),
    )  # fmt: skip


def _why(document: TaxedDocument) -> Trail:
    return tuple(
        f"{row.tax.name} {trimmed(row.tax.percent or Decimal(0))} % of {row.base} = {row.amount}, "
        f"rounded by {document.conventions.rounding}"
        for row in document.breakdown
    )


def _what(day: date) -> str:
    return f"invoice of {day}"
