"""What has been made so far while a scenario is played: facts, holds, invoices, revenue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date

from isthmus.canonical.invoice import LineKind
from isthmus.kit.money import Money
from isthmus.rules.billing import BilledLines
from isthmus.rules.caps import Usage
from isthmus.rules.fact_ledger import FactLedger, rerate, total
from isthmus.rules.facts import Fact
from isthmus.rules.problems import Problem
from isthmus.scenario.month import Month
from isthmus.scenario.outcome import CreditMemo, Held, Invoice, Journal, Released, Trail


@dataclass(frozen=True, slots=True)
class Earned:
    amount: Money
    trail: Trail


@dataclass(frozen=True, slots=True)
class Billed:
    """An invoice as it was made, under the name that its facts are frozen by."""

    document: str
    invoice: Invoice
    lines: BilledLines
    is_posted: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What a credit memo took back of a fact, as a positive amount. In part, the fact stands.

    `document` is the invoice that the fact is on.
    """

    document: str
    fact: Fact
    known_on: date
    amount: Money
    in_part: bool
    memo: CreditMemo


@dataclass
class Books:
    ledgers: dict[str, FactLedger] = field(default_factory=lambda: defaultdict(FactLedger))
    """By contract: everything that may be billed, priced; on an invoice it is frozen."""
    usages: dict[str, Sequence[Usage]] = field(default_factory=dict)
    """By contract: what is spent of its caps."""
    invoices: list[Invoice] = field(default_factory=list)
    """In the order in which the ledger took them."""
    billed: dict[str, Billed] = field(default_factory=dict)
    """By document, as they were made; those too that the ledger has not taken."""
    credit_memos: list[CreditMemo] = field(default_factory=list)
    """In the order in which the ledger took them."""
    taken: list[Taken] = field(default_factory=list)
    credited: list[tuple[str, str, bool]] = field(default_factory=list)
    """Contract and id of hours that were credited today, and whether they are billed again."""
    asked: list[tuple[str, date]] = field(default_factory=list)
    """Contracts to bill today, and up to which day of work."""
    released: list[Released] = field(default_factory=list)
    revenue: dict[str, dict[Month, Earned]] = field(default_factory=dict)
    unbilled: dict[str, dict[Month, Money]] = field(default_factory=dict)
    deferred: dict[str, dict[Month, Money]] = field(default_factory=dict)
    journals: list[Journal] = field(default_factory=list)
    _held: dict[str, Held] = field(default_factory=dict)
    _known: dict[tuple[str, int], date] = field(default_factory=dict)

    @property
    def held(self) -> Sequence[Held]:
        return tuple(self._held.values())

    def hold(self, key: str, held: Held) -> None:
        """One hold per key; one that stops again for another reason waits since it first did."""
        before = self._held.get(key, held)
        self._held[key] = Held(
            held.what, held.contract, held.amount, held.reason, before.since, held.problems
        )

    def release(self, key: str, day: date) -> None:
        """It went on; nothing is said of what was never held."""
        held = self._held.pop(key, None)
        if held is not None:
            self.released.append(
                Released(held.what, held.contract, held.amount, held.reason, held.since, day)
            )

    def withdraw(self, key: str) -> None:
        """There is nothing to bill any more."""
        self._held.pop(key, None)

    def put(self, contract: str, kind: LineKind, facts: Iterable[Fact], day: date) -> None:
        """These are the contract's open facts of a kind now."""
        ledger, priced = self.ledgers[contract], tuple(facts)
        before = [fact for fact in ledger.open() if fact.work.kind is kind]
        self.ledgers[contract] = ledger.applied(rerate(before, priced))
        known = {_key(fact): self._known.get(_key(fact), day) for fact in priced}
        for fact in before:
            self._known.pop(_key(fact), None)
        self._known |= known

    def add(self, fact: Fact, day: date) -> None:
        """One more open fact."""
        contract, kind = fact.work.contract, fact.work.kind
        open_ = [f for f in self.ledgers[contract].open() if f.work.kind is kind]
        self.put(contract, kind, [*open_, fact], day)

    def freeze(self, contract: str, facts: Sequence[Fact]) -> str:
        """Put open facts on a new invoice; its name."""
        ledger = self.ledgers[contract]
        number = len({row.document for row in ledger.rows if row.document}) + 1
        document = f"{contract}, invoice {number}"
        self.ledgers[contract] = ledger.on_document(document, facts)
        return document

    def post(self, billed: Billed, day: date) -> None:
        invoice = replace(billed.invoice, posted=day)
        self.billed[billed.document] = replace(billed, invoice=invoice, is_posted=True)
        self.invoices.append(invoice)

    def take(self, contract: str, document: str, taken: Sequence[Taken]) -> None:
        """Enter a credit memo. Hours that it takes whole are known anew when they are priced."""
        whole = [one.fact for one in taken if not one.in_part]
        parts = [(one.fact, one.amount) for one in taken if one.in_part]
        self.ledgers[contract] = self.ledgers[contract].taken_back(document, whole, parts)
        for fact in whole:
            self._known.pop(_key(fact))
        self.taken += taken

    def taken_of(self, contract: str, kinds: Set[LineKind]) -> list[Taken]:
        return [
            one
            for one in self.taken
            if one.fact.work.contract == contract and one.fact.work.kind in kinds
        ]

    def parts_of(self, whole: Taken) -> list[Taken]:
        """What was taken of a fact before it was taken whole."""
        place = (whole.document, _key(whole.fact))
        return [t for t in self.taken if t.in_part and (t.document, _key(t.fact)) == place]

    def forgone(self, fact_id: str, currency: str) -> Money:
        """Credited whole of an expense or a milestone, and not to be billed again."""
        gone = (
            one.fact.amount
            for one in self.taken
            if one.fact.work.id == fact_id and not one.in_part and not one.memo.rebill
        )
        return Money.total(gone, currency)

    def known_on(self, fact: Fact) -> date:
        """Day from which it is priced and not held."""
        return self._known[_key(fact)]

    def to_invoice(self, contract: str, currency: str) -> Money:
        return total(self.ledgers[contract].open(), currency)


def _key(fact: Fact) -> tuple[str, int]:
    return fact.work.id, fact.part


def held(
    what: str, contract: str, amount: Money | None, problems: Sequence[Problem], since: date
) -> Held:
    return Held(what, contract, amount, problems[0].code, since, tuple(problems))
