"""Expenses: judged on the day they are approved, and billed as far as the client must pay them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from isthmus.canonical import Contract, ExpenseEntry
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.time_entry import Approval
from isthmus.kit.money import Money
from isthmus.rules.expenses.client_share import ExpenseContext
from isthmus.rules.expenses.judgement import Verdict, judge_expense
from isthmus.rules.expenses.posting import cost_entry
from isthmus.rules.fact_ledger import total
from isthmus.rules.facts import Fact, charge_of
from isthmus.rules.periods import Posting, posting_day
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.scenario.books import Books, held
from isthmus.scenario.file import ExpensePart
from isthmus.scenario.outcome import Journal, JournalLine
from isthmus.scenario.world import World


class Expenses:
    """Cost is booked once. The client's part is worked out anew while some of it waits: a receipt
    comes, an excess is justified, a month is opened.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._open = dict(_named(world.file.expenses))
        self._booked: set[str] = set()

    def days(self) -> Iterator[date]:
        for part in self._world.file.expenses:
            yield part.approved or part.on
            yield from (d for d in (part.receipt, part.justified) if isinstance(d, date))

    def play(self, day: date, books: Books) -> None:
        for id, part in tuple(self._open.items()):
            if (part.approved or part.on) <= day:
                self._take(id, part, day, books)

    def _take(self, id: str, part: ExpensePart, day: date, books: Books) -> None:
        name = self._world.project(self._world.project_of(part), day).contract or ""
        contract = self._world.contract(name, day)
        posting = self._posting(part, contract, day)
        if isinstance(posting, Problem):
            books.hold(id, held(_what(part), name, part.amount, [posting], day))
            return
        entry = _entry(id, part, self._world.project_of(part), day)
        ctx = ExpenseContext(contract.currency, person=part.who, project=entry.project)
        try:
            verdict = judge_expense(entry, contract.terms_on(part.on).expenses, ctx)
        except Unusable as error:
            books.hold(id, held(_what(part), name, part.amount, [_problem(error)], day))
            return
        self._settle(id, part, contract, verdict, posting.day, day, books)

    def _posting(self, part: ExpensePart, contract: Contract, day: date) -> Posting | Problem:
        company = contract.legal_entity
        periods = self._world.calendar.periods(company, day)
        return posting_day(part.on, periods, self._world.policies.closed_period, company)

    def _settle(
        self,
        id: str,
        part: ExpensePart,
        contract: Contract,
        verdict: Verdict,
        posted_on: date,
        day: date,
        books: Books,
    ) -> None:
        if verdict.cost.gross and id not in self._booked:
            self._booked.add(id)
            books.journals.append(_cost(part, contract, verdict, posted_on))
        _bill(_label(part), contract.id, verdict, day, books)
        if verdict.held:
            waits = [one.amount for one in verdict.held]
            amount = Money.total(waits, waits[0].currency)
            problems = [one.problem for one in verdict.held]
            books.hold(id, held(_what(part), contract.id, amount, problems, day))
        else:
            books.release(id, day)
            del self._open[id]


def _bill(label: str, contract: str, verdict: Verdict, day: date, books: Books) -> None:
    """What is billed in all less what is on invoices or was credited for good, as another part."""
    entry, ledger = verdict.entry, books.ledgers[contract]
    currency = verdict.billed.currency
    frozen = [fact for fact in ledger.frozen() if fact.work.id == entry.id]
    rest = verdict.billed - total(frozen, currency) - books.forgone(entry.id, currency)
    others = [
        fact
        for fact in ledger.open()
        if fact.work.kind is LineKind.EXPENSE and fact.work.id != entry.id
    ]
    part = max((fact.part for fact in frozen), default=0) + 1
    ours = [_fact(label, contract, verdict, rest, part)] if rest else []
    books.put(contract, LineKind.EXPENSE, [*others, *ours], day)


def _fact(label: str, contract: str, verdict: Verdict, amount: Money, part: int) -> Fact:
    entry = verdict.entry
    charge = charge_of(
        entry.id, amount, entry.spent_on, LineKind.EXPENSE, label=label, resource=entry.resource,
        project=entry.project, contract=contract,
    )  # fmt: skip
    return replace(charge, part=part, why=verdict.trail)


def _cost(part: ExpensePart, contract: Contract, verdict: Verdict, on: date) -> Journal:
    disbursed = not verdict.in_tax_scope and not verdict.not_billable
    entry = cost_entry(on, verdict.entry, verdict.cost, disbursed=disbursed)
    lines = tuple(JournalLine(n.account, n.debit, n.credit) for n in entry.lines)
    return Journal(contract.legal_entity, contract.id, on, lines, (f"cost of {_label(part)}",))


def _entry(id: str, part: ExpensePart, project: str, day: date) -> ExpenseEntry:
    """As the PSA shows it on a day."""
    return ExpenseEntry(
        id=id,
        resource=part.who,
        project=project,
        category=part.category,
        spent_on=part.on,
        amount=part.amount,
        quantity=part.quantity,
        tax=part.tax,
        tax_recovered_percent=part.tax_recovered_percent,
        is_billable=part.billable,
        is_reimbursable=part.paid_by == "employee",
        paid_by=part.paid_by,
        billing_rate=part.rate,
        has_receipt=part.receipt if isinstance(part.receipt, bool) else part.receipt <= day,
        justification="justified" if part.justified and part.justified <= day else None,
        approval=Approval.APPROVED,
    )


def _named(parts: Sequence[ExpensePart]) -> Iterator[tuple[str, ExpensePart]]:
    """By what they say, so that their order in the file is nobody's business."""
    for number, part in enumerate(sorted(parts, key=repr)):
        yield f"expense {part.on} {part.who} {part.category} {number}", part


def _label(part: ExpensePart) -> str:
    return f"{part.category}, {part.who}, {part.on}"


def _what(part: ExpensePart) -> str:
    return f"expense {_label(part)}"


def _problem(error: Unusable) -> Problem:
    return Problem(f"{error.field}_unusable", error.reason, "finance", error.remedy, error.field)
