"""Revenue: what each month earned by the contract's own method, and what the books say of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

from isthmus.canonical import Contract
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.revenue import RecognitionMethod
from isthmus.canonical.terms import RecognitionTerms
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.revenue.milestone import Acceptance, Deliverable, earned_by
from isthmus.scenario.bookkeeping import keep_books
from isthmus.scenario.books import Books, Earned, Taken, held
from isthmus.scenario.earning import Change, Progress, Ratable, earned_by_month
from isthmus.scenario.measure import measure_of
from isthmus.scenario.month import Month
from isthmus.scenario.told import credit_told, told
from isthmus.scenario.world import World, signed

_PAIR = tuple[Month, Earned]


class Revenue:
    """Worked out once, on the last day: what is known late counts in the first open month."""

    def __init__(self, world: World) -> None:
        self._world = world

    def days(self) -> Iterator[date]:
        yield self._world.until

    def play(self, day: date, books: Books) -> None:
        if day != self._world.until:
            return
        for name in sorted(self._world.file.contracts):
            contract = self._world.contract(name, day)
            if terms := contract.terms.recognition:
                months = books.revenue.setdefault(name, {})
                try:
                    expenses = self._of_facts(contract, books, {LineKind.EXPENSE})
                    for month, earned in chain(expenses, self._earned(contract, terms, books)):
                        months[month] = _added(months.get(month), earned)
                except Unusable as error:
                    self._stop(contract, months, error, books)
                keep_books(contract, terms, day, books)

    def _earned(self, contract: Contract, terms: RecognitionTerms, books: Books) -> Iterator[_PAIR]:
        match terms.method:
            case RecognitionMethod.RIGHT_TO_INVOICE:
                return self._as_invoiced(contract, books)
            case RecognitionMethod.MILESTONE:
                return self._delivered(contract, books)
            case _:
                return self._over_time(contract, terms)

    def _as_invoiced(self, contract: Contract, books: Books) -> Iterator[_PAIR]:
        """What may be invoiced is what was earned, on the day of the work (IFRS 15 B16)."""
        return self._of_facts(contract, books, {LineKind.TIME, LineKind.MILESTONE})

    def _of_facts(self, contract: Contract, books: Books, kinds: set[LineKind]) -> Iterator[_PAIR]:
        facts = books.ledgers[contract.id].in_force()
        for fact in (fact for fact in facts if fact.work.kind in kinds):
            known_on, sentence = books.known_on(fact), told(fact)[0]
            yield self._on(contract, fact.work.worked_on, known_on, fact.amount, sentence)
        for taken in books.taken_of(contract.id, kinds):
            yield from self._credited(contract, taken, books.parts_of(taken))

    def _credited(
        self, contract: Contract, taken: Taken, earlier: Sequence[Taken]
    ) -> Iterator[_PAIR]:
        """A part changes the price, and counts on the day of the memo (IFRS 15.87-88). Work that is
        credited whole is as if it had never been billed, and no part of it credited: the months
        that had it lose it, or the first one open.
        """
        fact, memo = taken.fact, taken.memo
        if taken.in_part:
            less = credit_told(taken, -taken.amount)
            yield self._on(contract, memo.on, memo.posted, -taken.amount, less)
            return
        worked_on, less = fact.work.worked_on, credit_told(taken, -fact.amount)
        yield self._on(contract, worked_on, taken.known_on, fact.amount, told(fact)[0])
        yield self._on(contract, worked_on, memo.posted, -fact.amount, less)
        for part in earlier:
            sentence = f"{credit_told(taken, part.amount)}, of an earlier credit"
            yield self._on(contract, part.memo.on, memo.posted, part.amount, sentence)

    def _delivered(self, contract: Contract, books: Books) -> Iterator[_PAIR]:
        """A milestone that is billed again was delivered all the same."""
        credits = books.taken_of(contract.id, {LineKind.MILESTONE})
        for_good = [taken for taken in credits if not taken.memo.rebill]
        for earned in earned_by(self._deliverables(contract), self._world.until):
            on, amount = earned.on, earned.amount
            yield self._on(contract, on, on, amount, f"{on}  {earned.why}")
            for taken in for_good:
                if taken.fact.work.label == earned.why:
                    less = credit_told(taken, -amount)
                    yield self._on(contract, on, taken.memo.posted, -amount, less)

    def _deliverables(self, contract: Contract) -> Iterator[Deliverable]:
        """A sign-off that is required is more than a formality (IFRS 15 B83-B86)."""
        until = self._world.until
        for name, part in self._world.file.milestones.items():
            milestone = self._world.milestone(name, until)
            if self._world.project(milestone.project, until).contract == contract.id:
                signed_off = (
                    Acceptance.SUBJECTIVE if part.needs_acceptance else Acceptance.OBJECTIVE
                )
                yield Deliverable(
                    name, part.amount, milestone.delivered_on, part.accepted, signed_off
                )

    def _on(
        self, contract: Contract, happened_on: date, known_on: date, amount: Money, sentence: str
    ) -> _PAIR:
        day = self._world.calendar.earning_day(happened_on, known_on, contract.legal_entity)
        return Month.of(day), Earned(amount, (sentence,))

    def _over_time(self, contract: Contract, terms: RecognitionTerms) -> Iterator[_PAIR]:
        price = terms.price or contract.value
        assert price is not None, "the file was read without a mistake"
        starts_on = terms.starts_on or contract.starts_on
        months = tuple(Month.of(starts_on).until(Month.of(self._world.until)))
        changes = self._changes(contract) if terms.price is None else []
        pool = self._pool(contract, terms, price, starts_on)
        return earned_by_month(pool, months, self._world.until, changes)

    def _pool(
        self, contract: Contract, terms: RecognitionTerms, price: Money, starts_on: date
    ) -> Ratable | Progress:
        if terms.method is RecognitionMethod.RATABLE:
            ends_on = terms.ends_on or contract.ends_on
            assert ends_on is not None, "the file was read without a mistake"
            policies = self._world.policies
            return Ratable(price, starts_on, ends_on, policies.proration, policies.rounding)
        return Progress(price, terms.method, measure_of(self._world, contract, terms))

    def _changes(self, contract: Contract) -> list[Change]:
        found = [
            Change(max(part.effective, signed(part)), part.value_change, part.treatment, part.ends)
            for part in self._world.amendments(contract.id, self._world.until)
            if part.value_change and part.treatment
        ]
        return sorted(found, key=lambda change: change.on)

    def _stop(
        self, contract: Contract, months: dict[Month, Earned], error: Unusable, books: Books
    ) -> None:
        """Months that could be measured stand; the first that could not is held."""
        after = max(months).next if months else Month.of(contract.starts_on)
        problem = Problem(
            f"{error.field}_unusable", error.reason, "finance", error.remedy, error.field
        )
        stopped = held(f"revenue of {after}", contract.id, None, [problem], self._world.until)
        books.hold(f"revenue {contract.id}", stopped)


def _added(before: Earned | None, more: Earned) -> Earned:
    if before is None:
        return more
    return Earned(before.amount + more.amount, (*before.trail, *more.trail))
