"""Checks that time and expenses share: approval, project, contract, dimensions, period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from isthmus.canonical import AccountingPeriod, Contract, Project
from isthmus.canonical.dimensions import PeriodState
from isthmus.canonical.project import ProjectStatus
from isthmus.canonical.time_entry import Approval
from isthmus.rules.contracts import covers, ends_on
from isthmus.rules.periods import period_closed, period_missing
from isthmus.rules.problems import Owner, Problem


@dataclass(frozen=True, slots=True)
class Booking:
    """Where an entry goes. `person` is a name for people who read the problem.

    A ledger that has no profit centres (Tryton) needs none.
    """

    project: Project | None
    contract: Contract | None = None
    period: AccountingPeriod | None = None
    legal_entity: str | None = None
    cost_centre: str | None = None
    profit_centre: str | None = None
    needs_cost_centre: bool = True
    needs_profit_centre: bool = True
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """What is checked, in words for its problems; resource and project are ids."""

    noun: str
    plural: str
    day_field: str
    day: date
    resource: str
    project: str

    def told(self, booking: Booking) -> str:
        """As people find it: who, on what, when."""
        project = booking.project.name if booking.project else f"project {self.project}"
        return f"{booking.person or self.resource} on {project}, {self.day}"

    def problem(
        self,
        code: str,
        booking: Booking,
        what: str,
        owner: Owner,
        fix: str,
        field: str | None = None,
    ) -> Problem:
        return Problem(code, f"{self.told(booking)}: {what}", owner, fix, field)


def check_approval(approval: Approval, booked: Booked, booking: Booking) -> Iterator[Problem]:
    if approval is not Approval.APPROVED:
        verb = "is" if booked.plural == booked.noun else "are"
        yield booked.problem(
            "not_approved", booking,
            f"the entry is {approval}, and only approved {booked.plural} {verb} billed", "pmo",
            f"Approve the {booked.noun} in the PSA, or reject it.", "approval",
        )  # fmt: skip


def check_project(accepts: bool, booked: Booked, booking: Booking) -> Iterator[Problem]:
    """`accepts`: whether the project is open for entries of this kind."""
    project = booking.project
    if project is None:
        yield booked.problem(
            "project_missing", booking, "the project is not known here", "integration",
            "Check that the project came over from the PSA; read it again, then replay.", "project",
        )  # fmt: skip
        return
    closed = project.status in (ProjectStatus.CLOSED, ProjectStatus.ON_HOLD)
    if closed or not accepts:
        state = f"is {project.status}" if closed else f"is closed for {booked.plural}"
        yield booked.problem(
            "project_closed", booking, f"the project {state}", "pmo",
            f"Reopen {project.name} in the PSA, or move the {booked.noun} to an open project, "
            "then replay.", "project",
        )  # fmt: skip


def check_contract(booked: Booked, booking: Booking) -> Iterator[Problem]:
    if booking.project is None:
        return  # already said, and the contract hangs on the project
    contract = booking.contract
    if contract is None:
        yield booked.problem(
            "contract_missing", booking, "no contract says how the project is billed", "finance",
            "Close the deal of the project in the CRM, or link the project to its deal, "
            "then replay.", "contract",
        )  # fmt: skip
    elif not covers(contract, booked.day):
        last = ends_on(contract, booked.day) or "no end"
        yield booked.problem(
            "outside_contract", booking,
            f"contract {contract.number} covers {contract.starts_on} to {last}", "finance",
            f"Amend contract {contract.number} by a deal in the CRM, or make the {booked.noun} "
            "not billable, then replay.", booked.day_field,
        )  # fmt: skip


def check_dimensions(booked: Booked, booking: Booking) -> Iterator[Problem]:
    if booking.legal_entity is None:
        whose = "on the deal" if booking.contract else f"of {booking.person or booked.resource}"
        yield booked.problem(
            "legal_entity_missing", booking, "none of our companies bills it", "finance",
            f"Set the legal entity {whose} to a code that the ledger knows, then replay.",
            "legal_entity",
        )  # fmt: skip
    if booking.needs_cost_centre and booking.cost_centre is None:
        yield booked.problem(
            "cost_centre_missing", booking, "the person has no cost centre of the ledger",
            "finance",
            f"Set the cost centre of {booking.person or booked.resource} to a code that the ledger "
            "knows, then replay.", "cost_centre",
        )  # fmt: skip
    if booking.needs_profit_centre and booking.profit_centre is None:
        name = booking.project.name if booking.project else booked.project
        yield booked.problem(
            "profit_centre_missing", booking, "the project has no profit centre of the ledger",
            "finance",
            f"Set the profit centre of {name} to a code that the ledger knows, then replay.",
            "profit_centre",
        )  # fmt: skip


def check_period(booked: Booked, booking: Booking) -> Iterator[Problem]:
    if booking.period is None:
        problem = period_missing(booked.day)
    elif booking.period.state is not PeriodState.OPEN:
        problem = period_closed(booked.day, booking.period)
    else:
        return
    reason = f"{booked.told(booking)}: {problem.reason}"
    yield Problem(problem.code, reason, problem.owner, problem.fix, problem.field)
