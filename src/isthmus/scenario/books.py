"""What has been made so far while a scenario is played: facts, holds, invoices, revenue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from isthmus.canonical.invoice import LineKind
from isthmus.kit.money import Money
from isthmus.rules.billing import RatedEntry
from isthmus.rules.drafting import Agreed
from isthmus.rules.problems import Problem
from isthmus.scenario.month import Month
from isthmus.scenario.outcome import Held, Invoice, Journal, Released, Trail


@dataclass(slots=True)
class Fact:
    """Something that may be billed, priced: hours at a rate, or an agreed price."""

    id: str
    contract: str
    happened_on: date
    known_on: date
    amount: Money
    what: RatedEntry | Agreed
    trail: Trail
    on_invoice: bool = False

    @property
    def kind(self) -> LineKind:
        return self.what.kind if isinstance(self.what, Agreed) else LineKind.TIME


@dataclass(frozen=True, slots=True)
class Earned:
    amount: Money
    trail: Trail


@dataclass
class Books:
    facts: list[Fact] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    """In the order in which the ledger took them."""
    asked: list[tuple[str, date]] = field(default_factory=list)
    """Contracts to bill today, and up to which day of work."""
    released: list[Released] = field(default_factory=list)
    revenue: dict[str, dict[Month, Earned]] = field(default_factory=dict)
    unbilled: dict[str, dict[Month, Money]] = field(default_factory=dict)
    deferred: dict[str, dict[Month, Money]] = field(default_factory=dict)
    journals: list[Journal] = field(default_factory=list)
    _held: dict[str, Held] = field(default_factory=dict)

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

    def unbilled_facts(self, contract: str, up_to: date) -> list[Fact]:
        ours = self.of(contract)
        return sorted(
            (fact for fact in ours if not fact.on_invoice and fact.happened_on <= up_to),
            key=lambda fact: (fact.happened_on, fact.id),
        )

    def of(self, contract: str) -> Iterator[Fact]:
        return (fact for fact in self.facts if fact.contract == contract)

    def used(self, contract: str, before: date | None, currency: str) -> Money:
        """Of a contract's cap by work of days before `before`, invoiced or not."""
        ours = (f for f in self.of(contract) if before is None or f.happened_on < before)
        return Money.total((fact.amount for fact in ours), currency)


def held(
    what: str, contract: str, amount: Money | None, problems: Sequence[Problem], since: date
) -> Held:
    return Held(what, contract, amount, problems[0].code, since, tuple(problems))
