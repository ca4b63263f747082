"""A credit memo: what it takes of each fact behind its lines, its tax, and its trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from isthmus.canonical.invoice import InvoiceLine
from isthmus.kit.money import Money
from isthmus.rules.credit_checks import taken_back
from isthmus.rules.fact_ledger import FactLedger
from isthmus.rules.facts import Fact
from isthmus.scenario.agreed import TaxPart
from isthmus.scenario.books import Billed
from isthmus.scenario.changes import CreditPart
from isthmus.scenario.outcome import CreditMemo, Line, Trail
from isthmus.scenario.taxing import taxed, why


@dataclass(frozen=True, slots=True)
class Memo:
    """Drafted, so that its lines are spoken for. They have the numbers of the invoice's lines;
    `before` are those of earlier memos.
    """

    document: str
    billed: Billed
    part: CreditPart
    on: date
    lines: tuple[InvoiceLine, ...]
    before: tuple[InvoiceLine, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """`amount` of what is `left` of a fact. In part, the fact stands with the rest."""

    fact: Fact
    left: Money
    amount: Money
    in_part: bool

    def told(self) -> str:
        work = self.fact.work
        return f"{work.worked_on}  {work.label}: {self.amount} of {self.left}"


Shares = Mapping[int, Sequence[Share]]
"""By line number."""


def shares_of(memo: Memo, ledger: FactLedger) -> Shares:
    found: dict[int, list[Share]] = {}
    for line in memo.lines:
        behind = memo.billed.lines.facts[line.number]
        left = [fact.amount for fact in ledger.left(behind)]
        taken = taken_back(line.amount, left)
        found[line.number] = [
            Share(fact, before, amount, taken.in_part)
            for fact, before, amount in zip(behind, left, taken.amounts, strict=True)
            if amount or not taken.in_part
        ]
    return found


def posted_memo(memo: Memo, shares: Shares, tax: TaxPart | None, day: date) -> CreditMemo:
    invoice, part = memo.billed.invoice, memo.part
    net = Money.total((line.amount for line in memo.lines), invoice.net.currency)
    credited, trail = _tax(memo, tax)
    return CreditMemo(
        contract=invoice.contract,
        invoice=invoice.on,
        on=memo.on,
        posted=day,
        company=invoice.company,
        customer=invoice.customer,
        reason=part.reason,
        rebill=part.rebill,
        lines=tuple(_line(line, shares[line.number]) for line in memo.lines),
        net=net,
        tax=credited,
        total=None if credited is None else net + credited,
        taxed=trail,
    )


def _line(line: InvoiceLine, shares: Iterable[Share]) -> Line:
    return Line(
        line.description, line.kind, line.project, line.quantity, line.unit_price, line.amount,
        tuple(share.told() for share in shares),
    )  # fmt: skip


def _tax(memo: Memo, terms: TaxPart | None) -> tuple[Money | None, Trail]:
    """What the tax on all that is credited moved by, so that the last credit ends at the tax of
    the invoice, to the cent.
    """
    currency = memo.billed.invoice.net.currency
    before = taxed(terms, _by_line(memo.before), currency)
    after = taxed(terms, _by_line((*memo.before, *memo.lines)), currency)
    if before is None or after is None:
        return None, ()
    less = (f"less {before.tax} on earlier memos",) if before.tax else ()
    return after.tax - before.tax, (*why(after), *less)


def _by_line(lines: Iterable[InvoiceLine]) -> list[Money]:
    found: dict[int, Money] = {}
    for line in lines:
        found[line.number] = found.get(line.number, Money.zero(line.amount.currency)) + line.amount
    return [found[number] for number in sorted(found)]
