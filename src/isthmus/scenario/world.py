"""The names of a scenario as canonical objects, as they were known on a day.

The name of a thing is its id. Nothing here decides anything: it is what the systems of a firm
would have said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from isthmus.canonical import (
    Contract,
    Customer,
    LegalEntity,
    Milestone,
    Phase,
    Project,
    RateCard,
    Resource,
    TimeEntry,
)
from isthmus.canonical.contract import Terms
from isthmus.canonical.milestone import MilestoneState
from isthmus.canonical.project import ProjectStatus
from isthmus.canonical.time_entry import Approval
from isthmus.rules.rating import RateBook
from isthmus.scenario.agreed import ContractPart
from isthmus.scenario.amending import amended
from isthmus.scenario.calendar import Calendar
from isthmus.scenario.changes import AmendmentPart
from isthmus.scenario.file import (
    ExpensePart,
    MilestonePart,
    RateCardPart,
    ScenarioFile,
    TimePart,
)
from isthmus.scenario.span import events, last_day

THE_FIRM = "the firm"
"""Code of the company where the file names none."""


@dataclass(frozen=True)
class Known:
    """A time entry and the day from which it is known, its approval."""

    entry: TimeEntry
    on: date


class World:
    """A scenario that was read without a mistake, asked for what held on a day."""

    def __init__(self, file: ScenarioFile) -> None:
        self.file = file
        self.until = last_day(file)
        self.policies = file.policies
        days = [*events(file), self.until]
        self.calendar = Calendar(file.periods, min(days), max(days))
        self.customers = _customers(file)
        self.people = {
            name: Resource(id=name, name=name, role=part.role, cost_rate=part.cost)
            for name, part in file.people.items()
        }
        self.book = RateBook.build(_cards(file.rate_cards))
        self.phases = {
            _phase(project, name): Phase(
                id=_phase(project, name),
                name=name,
                project=project,
                starts_on=part.starts,
                ends_on=part.ends,
            )
            for project, stated in file.projects.items()
            for name, part in stated.phases.items()
        }
        self.contract = cache(self._contract)
        self.project = cache(self._project)
        self.entries = tuple(self._entries())

    def days(self) -> Iterator[date]:
        """On which something changes that work may wait for."""
        yield from self.calendar.days()
        for amendment in self.file.amendments:
            yield signed(amendment)
        for project in self.file.projects.values():
            if project.closed is not None:
                yield project.closed

    def company(self, contract: str) -> LegalEntity:
        code = self.file.contracts[contract].company
        only = next(iter(self.file.companies), THE_FIRM)
        return LegalEntity(id=code or only, code=code or only)

    def contract_named(self, name: str | None) -> str:
        return name if name is not None else next(iter(self.file.contracts))

    def amendments(self, contract: str, day: date) -> list[AmendmentPart]:
        """Of a contract, signed by a day; in an order that the file does not decide."""
        known = [
            part
            for part in self.file.amendments
            if self.contract_named(part.contract) == contract and signed(part) <= day
        ]
        return sorted(known, key=lambda part: (signed(part), part.effective, repr(part)))

    def _contract(self, name: str, day: date) -> Contract:
        """As amended by what was signed by the day."""
        contract = _contract(name, self.file, self.company(name).code)
        return amended(contract, self.amendments(name, day))

    def _project(self, name: str, day: date) -> Project:
        stated = self.file.projects.get(name)
        contract = self.contract((stated and stated.contract) or name, day)
        return Project(
            id=name,
            name=name,
            customer=contract.customer,
            contract=contract.id,
            billing_model=contract.billing_model,
            currency=contract.currency,
            status=ProjectStatus.ACTIVE,
            is_billable=stated is None or stated.billable,
            accepts_time=stated is None or stated.closed is None or day < stated.closed,
        )

    def project_of(self, part: ExpensePart | TimePart | MilestonePart) -> str:
        return part.project or self.contract_named(part.contract)

    def milestone(self, name: str, day: date) -> Milestone:
        part = self.file.milestones[name]
        state, delivered_on = _state(part, day)
        return Milestone(
            id=name,
            name=name,
            project=self.project_of(part),
            amount=part.amount,
            delivered_on=delivered_on,
            requires_acceptance=part.needs_acceptance,
            state=state,
        )

    def _entries(self) -> Iterator[Known]:
        """Named by what they say, so that their order in the file is nobody's business."""
        seen: dict[str, int] = {}
        for part in self.file.time:
            text = _said(part, self.project_of(part))
            seen[text] = seen.get(text, 0) + 1
            yield Known(self._entry(part, f"{text}#{seen[text]}"), part.approved or part.on)

    def _entry(self, part: TimePart, id: str) -> TimeEntry:
        project = self.project(self.project_of(part), part.on)
        return TimeEntry(
            id=id,
            resource=part.who,
            project=project.id,
            phase=part.phase and _phase(project.id, part.phase),
            role=part.role,
            worked_on=part.on,
            hours=part.hours,
            is_billable=part.billable,
            approval=Approval.APPROVED,
            currency=project.currency,
            source_rate=part.psa_rate,
            agreed_rate=part.agreed_rate,
            task=part.task,
            time_type=part.time_type,
            is_courtesy=part.courtesy,
        )


def _phase(project: str, name: str) -> str:
    return f"{project}, {name}"


def signed(part: AmendmentPart) -> date:
    return part.signed or part.effective


def _customers(file: ScenarioFile) -> dict[str, Customer]:
    named = {part.customer: None for part in file.contracts.values()}
    bill_to = {name: part.bill_to for name, part in file.customers.items()}
    return {
        name: Customer(id=name, name=name, bill_to=bill_to.get(name))
        for name in {**named, **bill_to}
    }


def _cards(parts: Iterable[RateCardPart]) -> Iterator[RateCard]:
    """Two that say the same are two cards, and their price is ambiguous, as in a PSA."""
    for place, part in enumerate(sorted(parts, key=repr)):
        named = " ".join(filter(None, (part.customer, part.role, f"from {part.starts}")))
        yield RateCard(
            id=f"card {place}",
            number=part.name or named,
            role=part.role,
            customer=part.customer,
            bill_rate=part.rate,
            effective_from=part.starts,
            effective_to=part.ends,
        )


def _contract(name: str, file: ScenarioFile, company: str) -> Contract:
    part: ContractPart = file.contracts[name]
    return Contract.model_validate(
        {
            "id": name,
            "number": name,
            "customer": part.customer,
            "opportunity": name,
            "legal_entity": company,
            "billing_model": part.billing,
            "currency": part.currency or file.currency,
            "value": part.value,
            "cap": part.cap,
            "starts_on": part.starts,
            "ends_on": part.ends,
            "purchase_order": part.purchase_order,
            "minimum_increment": part.minimum_increment,
            "terms": Terms(**part.terms()),
        }
    )


def _state(part: MilestonePart, day: date) -> tuple[MilestoneState, date | None]:
    delivered = [d for d in part.delivered if d <= day]
    rejected = [d for d in part.rejected if d <= day]
    last = max(delivered, default=None)
    if part.accepted is not None and part.accepted <= day:
        return MilestoneState.ACCEPTED, last
    if last is None or any(d >= last for d in rejected):
        return MilestoneState.PLANNED, None
    return MilestoneState.DELIVERED, last


def _said(part: TimePart, project: str) -> str:
    """Sorts by day, person, project; the same text means the same work."""
    values = (part.on, part.who, project, part.phase, part.role, f"{part.hours.normalize():f}",
              part.billable, part.approved or part.on, part.psa_rate,
              part.agreed_rate, part.task, part.time_type, part.courtesy)  # fmt: skip
    return " ".join(str(value) for value in values)
