"""Credits: what is taken back of invoices, and what of it is billed again.

A memo follows `flows/credit_memo`: checked against the invoice and its other memos, dated by the
day that was asked for, and waiting while its month is closed. Only when the ledger has taken it
are the facts behind its lines taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from isthmus.canonical import Invoice
from isthmus.canonical.invoice import InvoiceStatus, LineKind
from isthmus.rules.credit_checks import Asked, credit_lines
from isthmus.rules.facts import Fact
from isthmus.rules.periods import Posting, invoice_day
from isthmus.rules.problems import Problem
from isthmus.scenario.books import Billed, Books, Taken, held
from isthmus.scenario.changes import CreditPart
from isthmus.scenario.memo import Memo, posted_memo, shares_of
from isthmus.scenario.world import World


class Credits:
    def __init__(self, world: World) -> None:
        self._world = world
        self._asked = dict(enumerate(sorted(world.file.credits, key=lambda p: (p.on, repr(p)))))
        self._waiting: dict[int, Memo] = {}
        self._drafted: list[Memo] = []

    def days(self) -> Iterator[date]:
        return (part.on for part in self._world.file.credits)

    def play(self, day: date, books: Books) -> None:
        for place, memo in tuple(self._waiting.items()):
            self._post(place, memo, day, books)
        for place, part in tuple(self._asked.items()):
            if part.on <= day:
                self._draft(place, part, day, books)

    def _draft(self, place: int, part: CreditPart, day: date, books: Books) -> None:
        memo = self._memo(part, day, books)
        if isinstance(memo, Problem):
            contract = self._world.contract_named(part.contract)
            books.hold(_key(place), held(_what(part), contract, None, [memo], day))
            return
        del self._asked[place]
        self._drafted.append(memo)
        self._post(place, memo, day, books)

    def _memo(self, part: CreditPart, day: date, books: Books) -> Memo | Problem:
        billed = _billed(part, self._world.contract_named(part.contract), books)
        if isinstance(billed, Problem):
            return billed
        before = [memo for memo in self._drafted if memo.billed.document == billed.document]
        credited = tuple(line for memo in before for line in memo.lines)
        asked = [Asked(one.line, one.quantity, one.amount) for one in part.lines or ()]
        lines = credit_lines(_invoice(billed), credited, asked, rebill=part.rebill)
        if isinstance(lines, Problem):
            return lines
        posting = self._posting(part, billed.invoice.company, day)
        if isinstance(posting, Problem):
            return posting
        document = f"{billed.document}, credit {len(before) + 1}"
        return Memo(document, billed, part, posting.day, lines, credited)

    def _posting(self, part: CreditPart, company: str, day: date) -> Posting | Problem:
        periods = self._world.calendar.periods(company, day)
        return invoice_day(part.on, periods, self._world.policies.closed_period, company)

    def _post(self, place: int, memo: Memo, day: date, books: Books) -> None:
        invoice = memo.billed.invoice
        problem = self._world.calendar.refusal(memo.on, invoice.company, day)
        if problem is not None:
            self._waiting[place] = memo
            stopped = held(_what(memo.part), invoice.contract, None, [problem], day)
            books.hold(_key(place), stopped)
            return
        self._waiting.pop(place, None)
        books.release(_key(place), day)
        self._enter(memo, day, books)

    def _enter(self, memo: Memo, day: date, books: Books) -> None:
        contract, document = memo.billed.invoice.contract, memo.billed.document
        shares = shares_of(memo, books.ledgers[contract])
        posted = posted_memo(memo, shares, self._world.file.contracts[contract].tax, day)
        taken = [
            Taken(document, one.fact, books.known_on(one.fact), one.amount, one.in_part, posted)
            for line in shares.values()
            for one in line
        ]
        books.credit_memos.append(posted)
        books.take(contract, memo.document, taken)
        _free([one.fact for one in taken if not one.in_part], memo.part.rebill, day, books)


def _free(facts: Sequence[Fact], rebill: bool, day: date, books: Books) -> None:
    """Hours are judged anew. What has an agreed price is open again at once, at that price."""
    for fact in facts:
        if fact.work.kind is LineKind.TIME:
            books.credited.append((fact.work.contract, fact.work.id, rebill))
        elif rebill:
            books.add(fact, day)


def _billed(part: CreditPart, contract: str, books: Books) -> Billed | Problem:
    ours = [b for b in books.billed.values() if b.invoice.contract == contract]
    dated = [billed for billed in ours if billed.invoice.on == part.invoice]
    if not dated or (part.number or 1) > len(dated):
        days = ", ".join(dict.fromkeys(str(billed.invoice.on) for billed in ours)) or "none"
        return _unknown(
            "invoice_unknown", part, contract, f"there are {len(dated)} of that date",
            f"Name the date of one that is there by then: {days}.",
        )  # fmt: skip
    if part.number is None and len(dated) > 1:
        return _unknown(
            "invoice_unclear", part, contract, f"there are {len(dated)} of that date",
            "Add `number`, from 1 in the order in which they were made.",
        )  # fmt: skip
    return dated[(part.number or 1) - 1]


def _unknown(code: str, part: CreditPart, contract: str, why: str, fix: str) -> Problem:
    number = f" number {part.number}" if part.number else ""
    what = f"invoice of {contract}, {part.invoice}{number}"
    return Problem(code, f"{what}: {why}", "finance", fix, "invoice")


def _invoice(billed: Billed) -> Invoice:
    """As the ledger has it."""
    invoice = billed.invoice
    return Invoice(
        id=billed.document,
        reference=f"of {invoice.on}",
        customer=invoice.customer,
        legal_entity=invoice.company,
        currency=invoice.net.currency,
        issued_on=invoice.on,
        lines=billed.lines.lines,
        status=InvoiceStatus.POSTED if billed.is_posted else InvoiceStatus.DRAFT,
    )


def _what(part: CreditPart) -> str:
    return f"credit of the invoice of {part.invoice}"


def _key(place: int) -> str:
    return f"credit {place}"
