"""Journals and balances of a contract: what it earned against what it was invoiced."""

from __future__ import annotations

from datetime import date

from isthmus.canonical import Contract
from isthmus.canonical.revenue import RecognitionMethod
from isthmus.canonical.terms import RecognitionTerms
from isthmus.rules.revenue.position import Movement, RollForward, Unbilled, roll_forward
from isthmus.scenario.books import Books
from isthmus.scenario.month import Month
from isthmus.scenario.outcome import Journal, JournalLine

_Story = list[tuple[Movement, str]]


def keep_books(contract: Contract, terms: RecognitionTerms, until: date, books: Books) -> None:
    """A month's revenue stands on its last day, an invoice or a credit memo on its own. Amounts are
    in the contract's currency.

    Under a right to invoice only time has to pass, so what is unbilled is a receivable
    (IFRS 15.108); else it is a contract asset.
    """
    at_once = terms.method is RecognitionMethod.RIGHT_TO_INVOICE
    story = sorted(
        [*_earned(contract, until, books), *_billed(contract, books)], key=lambda told: told[0].on
    )
    rolled = roll_forward(
        contract.currency,
        [movement for movement, _ in story],
        Unbilled.RECEIVABLE if at_once else Unbilled.CONTRACT_ASSET,
    )
    for entry, (_, told) in zip(rolled.entries, story, strict=True):
        lines = tuple(JournalLine(n.account, n.debit, n.credit) for n in entry.lines)
        books.journals.append(Journal(contract.legal_entity, contract.id, entry.on, lines, (told,)))
    _balances(contract, until, rolled, books)


def _earned(contract: Contract, until: date, books: Books) -> _Story:
    return [
        (Movement(min(month.last, until), earned=earned.amount), f"revenue of {month}")
        for month, earned in sorted(books.revenue[contract.id].items())
        if earned.amount
    ]


def _billed(contract: Contract, books: Books) -> _Story:
    invoices = [
        (Movement(invoice.on, billed=invoice.net), f"invoice of {invoice.on}")
        for invoice in books.invoices
        if invoice.contract == contract.id and invoice.net
    ]
    memos = [
        (Movement(memo.on, billed=-memo.net), f"credit memo of {memo.on}")
        for memo in books.credit_memos
        if memo.contract == contract.id
    ]
    return invoices + memos


def _balances(contract: Contract, until: date, rolled: RollForward, books: Books) -> None:
    unbilled = books.unbilled.setdefault(contract.id, {})
    deferred = books.deferred.setdefault(contract.id, {})
    for month in Month.of(contract.starts_on).until(Month.of(until)):
        if balances := rolled.at(min(month.last, until)):
            unbilled[month] = balances.unbilled
            deferred[month] = balances.contract_liability
