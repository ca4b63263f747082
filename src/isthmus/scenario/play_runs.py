"""Runs: what is rated and unbilled becomes one invoice per contract, posted or waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from isthmus.canonical import Contract
from isthmus.canonical.invoice import InvoiceLine
from isthmus.kit.money import Money
from isthmus.rules.billing import BilledLines
from isthmus.rules.drafting import draft_lines
from isthmus.rules.fact_ledger import total
from isthmus.rules.facts import Fact
from isthmus.rules.periods import Posting, invoice_day
from isthmus.rules.problems import Problem
from isthmus.scenario.books import Billed, Books, held
from isthmus.scenario.outcome import Invoice, Line
from isthmus.scenario.taxing import taxed, why
from isthmus.scenario.told import told
from isthmus.scenario.world import World


class Runs:
    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[tuple[str, Billed]] = []

    def days(self) -> Iterator[date]:
        return (run.on for run in self._world.file.runs)

    def play(self, day: date, books: Books) -> None:
        waiting, self._waiting = self._waiting, []
        for key, billed in waiting:
            self._post(key, billed, day, books)
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
        lines = draft_lines(facts)
        invoice = self._invoice(contract, posting, lines)
        self._post(key, Billed(books.freeze(name, facts), invoice, lines), day, books)

    def _posting(self, contract: Contract, up_to: date, day: date) -> Posting | Problem:
        company = contract.legal_entity
        periods = self._world.calendar.periods(company, day)
        return invoice_day(up_to, periods, self._world.policies.closed_period, company)

    def _invoice(self, contract: Contract, posting: Posting, billed: BilledLines) -> Invoice:
        customer = self._world.customers[contract.customer]
        lines = tuple(_line(line, billed.facts[line.number]) for line in billed.lines)
        terms = self._world.file.contracts[contract.id].tax
        document = taxed(terms, (line.amount for line in lines), contract.currency)
        return Invoice(
            contract=contract.id,
            on=posting.day,
            posted=posting.day,
            company=contract.legal_entity,
            customer=customer.bill_to or customer.id,
            purchase_order=contract.purchase_order,
            lines=lines,
            net=Money.total((line.amount for line in lines), contract.currency),
            tax=document.tax if document else None,
            total=document.total if document else None,
            taxed=why(document),
        )

    def _post(self, key: str, billed: Billed, day: date, books: Books) -> None:
        """A ledger takes nothing in a closed month; the invoice waits as it is."""
        invoice = billed.invoice
        problem = self._world.calendar.refusal(invoice.on, invoice.company, day)
        if problem is None:
            books.release(key, day)
            books.post(billed, day)
            return
        books.billed[billed.document] = billed
        books.hold(key, held(_what(invoice.on), invoice.contract, invoice.net, [problem], day))
        self._waiting.append((key, billed))


def _line(line: InvoiceLine, facts: Sequence[Fact]) -> Line:
    return Line(
        line.description, line.kind, line.project, line.quantity, line.unit_price, line.amount,
        tuple(sentence for fact in facts for sentence in told(fact)),
    )  # fmt: skip


def _what(day: date) -> str:
    return f"invoice of {day}"
