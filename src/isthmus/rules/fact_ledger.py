"""The ledger of facts: only added to. What is wrong is taken back by its opposite, never edited.

A fact on a document (invoice, credit memo) is frozen; only another document takes it back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from isthmus.kit.money import Money
from isthmus.rules.facts import Charging, Fact
from isthmus.rules.ledger_row import Key, Row, key_of
from isthmus.rules.refusal import Unusable, refuse_unless
from isthmus.rules.rounding import trimmed


class BillingState(StrEnum):
    UNBILLED = "unbilled"
    PARTLY_BILLED = "partly_billed"
    BILLED = "billed"


@dataclass(frozen=True, slots=True)
class Diff:
    """What re-rating takes back and writes, to be read before it is written."""

    old: tuple[Fact, ...]
    new: tuple[Fact, ...]
    why: tuple[str, ...]
    """One sentence for each part that is different."""

    def __bool__(self) -> bool:
        return bool(self.old or self.new)

    def change(self, currency: str) -> Money:
        return total(self.new, currency) - total(self.old, currency)


def rerate(old: Iterable[Fact], new: Iterable[Fact]) -> Diff:
    """From open facts to others. A part that stays as it is is in neither."""
    before, after = _by_key(old), _by_key(new)
    moved = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    return Diff(
        tuple(before[key] for key in moved if key in before),
        tuple(after[key] for key in moved if key in after),
        tuple(_sentence(key, before.get(key), after.get(key)) for key in moved),
    )


def total(facts: Iterable[Fact], currency: str) -> Money:
    return Money.total((fact.amount for fact in facts), currency)


@dataclass(frozen=True, slots=True)
class FactLedger:
    rows: tuple[Row, ...] = ()

    def in_force(self) -> tuple[Fact, ...]:
        """Facts that are not taken back, in the order of work."""
        return _ordered(row.fact for row in self._live())

    def open(self) -> tuple[Fact, ...]:
        """Facts in force that are on no document."""
        return _ordered(row.fact for row in self._live() if row.document is None)

    def frozen(self) -> tuple[Fact, ...]:
        return _ordered(row.fact for row in self._live() if row.document is not None)

    def billable(self, first: date, last: date) -> tuple[Fact, ...]:
        """Open facts for an invoice of work from `first` to `last`, both included."""
        return tuple(
            fact
            for fact in self.open()
            if first <= fact.work.worked_on <= last and fact.charging is not Charging.NOT_CHARGED
        )

    def rerated(self, facts: Iterable[Fact]) -> FactLedger:
        """With these as its open facts; the same facts again change nothing."""
        return self.applied(rerate(self.open(), facts))

    def applied(self, diff: Diff) -> FactLedger:
        """Raises Unusable where a fact of the diff is on a document or is not in force."""
        live = {row.key: row for row in self._live()}
        reversals = [_open_row(live, fact).opposite() for fact in diff.old]
        standing = live.keys() - {row.key for row in reversals}
        for fact in diff.new:
            refuse_unless(
                key_of(fact) not in standing,
                "diff",
                f"Part {fact.part} of entry {fact.work.id} is in force already.",
                "Rate again from the ledger as it is now.",
            )
        return self._with([*reversals, *self._written(diff.new)])

    def on_document(self, document: str, facts: Sequence[Fact]) -> FactLedger:
        """Freeze open facts on a new invoice."""
        refuse_unless(
            bool(facts),
            "facts",
            f"There is nothing to put on {document}.",
            "Choose days that have unbilled work.",
        )
        self._must_be_new(document)
        live = {row.key: row for row in self._live()}
        chosen = {id(_open_row(live, fact)) for fact in facts}
        return FactLedger(
            tuple(
                replace(row, document=document) if id(row) in chosen else row for row in self.rows
            )
        )

    def credited(self, document: str, memo: str, stays: Iterable[Fact] = ()) -> FactLedger:
        """Take a document back by another one, whole or down to what `stays`.

        The credit of a credit puts back what that took away. What an entry is billed at anew is
        open again once no document holds it.
        """
        self._must_be_new(memo)
        rows = [row for row in self.rows if row.document == document]
        refuse_unless(
            bool(rows),
            "document",
            f"Nothing is on {document}.",
            "Name the invoice or credit memo to take back.",
        )
        refuse_unless(
            not any(row.in_part for row in rows),
            "document",
            f"{document} took back parts of facts, which stand as they were billed.",
            "Bill what it took back as an invoice of its own.",
        )
        taken = [row for row in rows if not row.is_reversal]
        _must_stand(taken, document, {(row.key, row.version) for row in self._live()})
        again = [row.fact.opposite() for row in rows if row.is_reversal]
        back = [*map(self._rest, taken), *self._written((*again, *stays))]
        return self._with(replace(row, document=memo) for row in back)

    def taken_back(
        self, memo: str, whole: Iterable[Fact], parts: Iterable[tuple[Fact, Money]] = ()
    ) -> FactLedger:
        """Credit lines of invoices by one memo: `whole` facts with all that is left of them, so
        that their work is open, and of others a part of their amount.
        """
        self._must_be_new(memo)
        live = {row.key: row for row in self._live()}
        rows = [self._rest(_frozen_row(live, fact)) for fact in whole]
        for fact, amount in parts:
            row = _frozen_row(live, fact)
            left = self._left_of(row)
            refuse_unless(
                amount <= left,
                "amount",
                f"{amount} of part {fact.part} of entry {fact.work.id} are more than {left}.",
                "Credit what is left of it.",
            )
            rows.append(row.part_of(amount))
        return self._with(replace(row, document=memo) for row in rows)

    def left(self, facts: Iterable[Fact]) -> tuple[Fact, ...]:
        """Facts in force with what credits left of their amounts."""
        live = {row.key: row for row in self._live()}
        return tuple(replace(fact, amount=self._left_of(live[key_of(fact)])) for fact in facts)

    def amount_of(self, document: str, currency: str) -> Money:
        return total((row.fact for row in self.rows if row.document == document), currency)

    def state_of(self, entries: Iterable[str]) -> BillingState:
        """How far a time sheet's chargeable entries are on documents."""
        ours = set(entries)
        live = [row for row in self._live() if row.key[0] in ours]
        billed = {row.key[0] for row in live if row.document}
        waiting = ours - billed | {row.key[0] for row in live if row.waits}
        if not billed:
            return BillingState.UNBILLED
        return BillingState.PARTLY_BILLED if waiting else BillingState.BILLED

    def _live(self) -> Iterator[Row]:
        whole = [row for row in self.rows if not row.in_part]
        reversed_ = {(row.key, row.version) for row in whole if row.is_reversal}
        return (row for row in whole if (row.key, row.version) not in reversed_)

    def _left_of(self, row: Row) -> Money:
        same = (row.key, row.version)
        parts = (p.fact.amount for p in self.rows if p.in_part and (p.key, p.version) == same)
        return Money.total((row.fact.amount, *parts), row.fact.amount.currency)

    def _rest(self, row: Row) -> Row:
        opposite = row.opposite()
        return replace(opposite, fact=replace(opposite.fact, amount=-self._left_of(row)))

    def _written(self, facts: Iterable[Fact]) -> Iterator[Row]:
        """Each in the version that follows the last one of its part."""
        last: dict[Key, int] = {}
        for row in self.rows:
            last[row.key] = max(row.version, last.get(row.key, 0))
        return (Row(fact, last.get(key_of(fact), 0) + 1) for fact in facts)

    def _must_be_new(self, document: str) -> None:
        refuse_unless(
            all(row.document != document for row in self.rows),
            "document",
            f"{document} exists, and a document is never added to.",
            "Use a document of its own.",
        )

    def _with(self, rows: Iterable[Row]) -> FactLedger:
        return FactLedger((*self.rows, *rows))


def _open_row(live: Mapping[Key, Row], fact: Fact) -> Row:
    row = live.get(key_of(fact))
    if row is None or row.fact != fact:
        raise Unusable(
            "fact",
            f"Part {fact.part} of entry {fact.work.id} is not in force as it is given.",
            "Rate again from the ledger as it is now.",
        )
    if row.document is not None:
        raise Unusable(
            "fact",
            f"Part {fact.part} of entry {fact.work.id} is on {row.document}.",
            f"Credit {row.document} first.",
        )
    return row


def _frozen_row(live: Mapping[Key, Row], fact: Fact) -> Row:
    row = live.get(key_of(fact))
    if row is None or row.document is None:
        raise Unusable(
            "fact",
            f"Part {fact.part} of entry {fact.work.id} is on no invoice.",
            "Credit what was invoiced; what is open is priced again.",
        )
    return row


def _must_stand(rows: Iterable[Row], document: str, live: Collection[tuple[Key, int]]) -> None:
    for row in rows:
        refuse_unless(
            (row.key, row.version) in live,
            "document",
            f"Part {row.fact.part} of entry {row.fact.work.id} on {document} is credited.",
            "Credit what stands, or nothing.",
        )


def _by_key(facts: Iterable[Fact]) -> dict[Key, Fact]:
    return {key_of(fact): fact for fact in facts}


def _ordered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda fact: (fact.work.order, fact.part)))


def _sentence(key: Key, old: Fact | None, new: Fact | None) -> str:
    label = next(fact.work.label for fact in (new, old) if fact) or key[0]
    was, now = (_words(fact) if fact else "nothing" for fact in (old, new))
    reasons = f" ({'; '.join(new.why)})" if new and new.why else ""
    return f"{label}, part {key[1]}: {was} -> {now}{reasons}"


def _words(fact: Fact) -> str:
    hours = trimmed(fact.billed_hours)
    return f"{hours} h at {fact.price}, {fact.amount} on {fact.work.worked_on}"
