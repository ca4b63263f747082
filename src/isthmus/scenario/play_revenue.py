"""Revenue: what each month earned by the contract's own method, and what the books say of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from isthmus.canonical import Contract, TimeEntry
from isthmus.canonical.revenue import RecognitionMethod
from isthmus.canonical.terms import RecognitionTerms
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.revenue.milestone import Acceptance, Deliverable, earned_by
from isthmus.rules.revenue.position import Movement, Unbilled, roll_forward
from isthmus.scenario.books import Books, Earned, held
from isthmus.scenario.earning import Change, Progress, Ratable, earned_by_month
from isthmus.scenario.file import EstimatePart, ProgressPart
from isthmus.scenario.month import Month
from isthmus.scenario.outcome import Journal, JournalLine
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
                    for month, earned in self._earned(contract, terms, books):
                        months[month] = _added(months.get(month), earned)
                except Unusable as error:
                    self._stop(contract, months, error, books)
                self._post(contract, terms, books)

    def _earned(self, contract: Contract, terms: RecognitionTerms, books: Books) -> Iterator[_PAIR]:
        match terms.method:
            case RecognitionMethod.RIGHT_TO_INVOICE:
                return self._as_invoiced(contract, books)
            case RecognitionMethod.MILESTONE:
                return self._delivered(contract)
            case _:
                return self._over_time(contract, terms)

    def _as_invoiced(self, contract: Contract, books: Books) -> Iterator[_PAIR]:
        """What may be invoiced is what was earned, on the day of the work (IFRS 15 B16)."""
        for fact in sorted(books.of(contract.id), key=lambda fact: (fact.happened_on, fact.id)):
            yield self._on(contract, fact.happened_on, fact.known_on, fact.amount, fact.trail[0])

    def _delivered(self, contract: Contract) -> Iterator[_PAIR]:
        until = self._world.until
        for earned in earned_by(self._deliverables(contract), until):
            yield self._on(
                contract, earned.on, earned.on, earned.amount, f"{earned.on}  {earned.why}"
            )

    def _deliverables(self, contract: Contract) -> Iterator[Deliverable]:
        """A sign-off that is required is more than a formality (IFRS 15 B83-B86)."""
        for name, part in self._world.file.milestones.items():
            milestone = self._world.milestone(name, self._world.until)
            if self._is_of(milestone.project, contract):
                signed_off = (
                    Acceptance.SUBJECTIVE if part.needs_acceptance else Acceptance.OBJECTIVE
                )
                yield Deliverable(
                    name, part.amount, milestone.delivered_on, part.accepted, signed_off
                )

    def _on(
        self, contract: Contract, happened_on: date, known_on: date, amount: Money, told: str
    ) -> _PAIR:
        day = self._world.calendar.earning_day(happened_on, known_on, contract.legal_entity)
        return Month.of(day), Earned(amount, (told,))

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
        return Progress(
            price, terms.method, lambda day: (
                self._done(contract, terms, day), self._expected(contract, terms, day)
            )
        )  # fmt: skip

    def _changes(self, contract: Contract) -> list[Change]:
        found = [
            Change(max(part.effective, signed(part)), part.value_change, part.treatment, part.ends)
            for part in self._world.amendments(contract.id, self._world.until)
            if part.value_change and part.treatment
        ]
        return sorted(found, key=lambda change: change.on)

    def _done(self, contract: Contract, terms: RecognitionTerms, day: date) -> Decimal:
        """As stated; where nothing is, as the approved hours say."""
        by_cost = terms.method is RecognitionMethod.COST_TO_COST
        stated = [
            (part.on, done)
            for part in self._world.file.progress
            if self._says(part, contract)
            and (done := part.cost.amount if by_cost and part.cost else part.hours) is not None
        ]
        if stated:
            return max((s for s in stated if s[0] <= day), default=(day, Decimal(0)))[1]
        return sum(
            (
                self._cost(known.entry) if by_cost else known.entry.hours
                for known in self._world.entries
                if self._is_of(known.entry.project, contract)
                and self._world.calendar.earning_day(
                    known.entry.worked_on, known.on, contract.legal_entity
                )
                <= day
            ),
            Decimal(0),
        )

    def _cost(self, entry: TimeEntry) -> Decimal:
        rate = self._world.people[entry.resource].cost_rate
        assert rate is not None, "the file was read without a mistake"
        return rate.times(entry.hours).rounded().amount

    def _expected(self, contract: Contract, terms: RecognitionTerms, day: date) -> Decimal:
        by_cost = terms.method is RecognitionMethod.COST_TO_COST
        of_terms = terms.expected_cost.amount if terms.expected_cost else terms.expected_hours
        stated = [
            (part.on, expected)
            for part in self._world.file.estimates
            if self._says(part, contract) and part.on <= day
            and (expected := part.expected_cost.amount if by_cost and part.expected_cost
                 else part.expected_hours) is not None
        ]  # fmt: skip
        return max(stated, default=(day, of_terms or Decimal(0)))[1]

    def _says(self, part: ProgressPart | EstimatePart, contract: Contract) -> bool:
        return self._world.contract_named(part.contract) == contract.id

    def _is_of(self, project: str, contract: Contract) -> bool:
        return self._world.project(project, self._world.until).contract == contract.id

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

    def _post(self, contract: Contract, terms: RecognitionTerms, books: Books) -> None:
        until = self._world.until
        earned = [
            (Movement(min(month.last, until), earned=e.amount), f"revenue of {month}")
            for month, e in sorted(books.revenue[contract.id].items())
            if e.amount
        ]
        billed = [
            (Movement(invoice.on, billed=invoice.net), f"invoice of {invoice.on}")
            for invoice in books.invoices
            if invoice.contract == contract.id and invoice.net
        ]
        story = sorted([*earned, *billed], key=lambda told: told[0].on)
        at_once = terms.method is RecognitionMethod.RIGHT_TO_INVOICE
        unbilled = Unbilled.RECEIVABLE if at_once else Unbilled.CONTRACT_ASSET
        rolled = roll_forward(contract.currency, [movement for movement, _ in story], unbilled)
        for entry, (_, told) in zip(rolled.entries, story, strict=True):
            lines = tuple(JournalLine(n.account, n.debit, n.credit) for n in entry.lines)
            books.journals.append(
                Journal(contract.legal_entity, contract.id, entry.on, lines, (told,))
            )
        for month in Month.of(contract.starts_on).until(Month.of(until)):
            if balances := rolled.at(min(month.last, until)):
                books.unbilled.setdefault(contract.id, {})[month] = balances.unbilled
                books.deferred.setdefault(contract.id, {})[month] = balances.contract_liability


def _added(before: Earned | None, more: Earned) -> Earned:
    if before is None:
        return more
    return Earned(before.amount + more.amount, (*before.trail, *more.trail))
