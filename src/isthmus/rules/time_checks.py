"""Time checks: what must hold before an approved hour may be billed.

All problems of an entry are found at once, so that a person corrects it once. Work that is not
billable is no problem: see `is_chargeable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from isthmus.canonical import (
    AccountingPeriod,
    Assignment,
    Contract,
    Phase,
    Project,
    TimeEntry,
)
from isthmus.canonical.dimensions import PeriodState
from isthmus.canonical.opportunity import BillingModel
from isthmus.canonical.project import ProjectStatus
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.time_entry import Approval
from isthmus.rules.contracts import covers, ends_on
from isthmus.rules.periods import period_closed, period_missing
from isthmus.rules.problems import Owner, Problem
from isthmus.rules.rating import Rated, Unrated


class PsaRatePolicy(StrEnum):
    """What a rate stamped by the PSA means when the rate book says another."""

    MUST_AGREE = "must_agree"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class EntryContext:
    """Everything an entry points at. `person` is a name for people who read the problem.

    A ledger that has no profit centres (Tryton) needs none.
    """

    project: Project | None
    phase: Phase | None = None
    contract: Contract | None = None
    assignment: Assignment | None = None
    period: AccountingPeriod | None = None
    legal_entity: str | None = None
    cost_centre: str | None = None
    profit_centre: str | None = None
    needs_cost_centre: bool = True
    needs_profit_centre: bool = True
    psa_rate_policy: PsaRatePolicy = PsaRatePolicy.MUST_AGREE
    person: str | None = None


def is_chargeable(entry: TimeEntry, project: Project, assignment: Assignment | None) -> bool:
    """Any "no" wins (as D365, configure-chargeable-components-contract-line).

    Time on fixed-fee work is costed, not billed: its milestones are.
    """
    return (
        entry.is_billable
        and project.is_billable
        and (assignment is None or assignment.is_billable)
        and project.billing_model is not BillingModel.FIXED_FEE
    )


def check_entry(entry: TimeEntry, ctx: EntryContext) -> tuple[Problem, ...]:
    found = (_approval, _project, _phase, _assignment, _contract, _dimensions, _period)
    return tuple(problem for check in found for problem in check(entry, ctx))


def check_rate(
    entry: TimeEntry, rated: Rated, policy: PsaRatePolicy = PsaRatePolicy.MUST_AGREE
) -> Problem | None:
    """Two rates for one hour are an exception for a person; neither is taken on a guess."""
    stamped = entry.source_rate
    if policy is PsaRatePolicy.IGNORE or stamped is None or stamped == rated.rate:
        return None
    return Problem(
        "rate_mismatch",
        f"the PSA stamped {stamped} per hour on the work of {entry.worked_on}, "
        f"but {rated.source_label} of the {rated.scope} says {rated.rate}",
        "finance",
        f"Correct the rate on the entry or on {rated.source_label}, whichever is wrong, "
        "then replay.",
        "source_rate",
    )


def check_unit(rated: Rated) -> Problem | None:
    """An invoice of hours asks for a price per hour: a day's price times hours is no amount."""
    if rated.unit is RateUnit.HOUR:
        return None
    return Problem(
        "rate_unit",
        f"{rated.source_label} of the {rated.scope} is {rated.rate} per {rated.unit}, "
        "and the entry is billed by the hour",
        "finance",
        f"Give {rated.source_label} a price per hour in the PSA, then replay.",
        "unit",
    )


def no_rate(unrated: Unrated) -> Problem:
    """What holds an entry without one clear price."""
    if unrated.code == "rate_currency":
        fix = "Agree on a rate in the currency of the project, or take it off the entry"
        return Problem(
            unrated.code, unrated.reason, "finance", f"{fix}, then replay.", "agreed_rate"
        )
    fix = "Add or extend the rate card in the PSA, then replay."
    return Problem(unrated.code, unrated.reason, "finance", fix, "bill_rate")


def _work(entry: TimeEntry, ctx: EntryContext) -> str:
    project = ctx.project.name if ctx.project else f"project {entry.project}"
    return f"{ctx.person or entry.resource} on {project}, {entry.worked_on}"


def _problem(
    code: str,
    entry: TimeEntry,
    ctx: EntryContext,
    what: str,
    owner: Owner,
    fix: str,
    field: str | None = None,
) -> Problem:
    return Problem(code, f"{_work(entry, ctx)}: {what}", owner, fix, field)


def _approval(entry: TimeEntry, ctx: EntryContext) -> Iterator[Problem]:
    if entry.approval is not Approval.APPROVED:
        yield _problem(
            "not_approved", entry, ctx,
            f"the entry is {entry.approval}, and only approved time is billed", "pmo",
            "Approve the time in the PSA, or reject it.", "approval",
        )  # fmt: skip


def _project(entry: TimeEntry, ctx: EntryContext) -> Iterator[Problem]:
    project = ctx.project
    if project is None:
        yield _problem(
            "project_missing", entry, ctx, "the project is not known here", "integration",
            "Check that the project came over from the PSA; read it again, then replay.", "project",
        )  # fmt: skip
        return
    closed = project.status in (ProjectStatus.CLOSED, ProjectStatus.ON_HOLD)
    if closed or not project.accepts_time:
        state = f"the project is {project.status}" if closed else "the project is closed for time"
        yield _problem(
            "project_closed", entry, ctx, state, "pmo",
            f"Reopen {project.name} in the PSA, or move the time to an open project, then replay.",
            "project",
        )  # fmt: skip


def _phase(entry: TimeEntry, ctx: EntryContext) -> Iterator[Problem]:
    phase = ctx.phase
    if phase is not None and not phase.is_open_on(entry.worked_on):
        span = f"{phase.starts_on or 'any day'} to {phase.ends_on or 'no end'}"
        yield _problem(
            "phase_closed", entry, ctx, f"phase {phase.name} runs from {span}", "pmo",
            f"Move the time to a phase that is open on {entry.worked_on}, or change the dates of "
            f"{phase.name} in the PSA, then replay.", "phase",
        )  # fmt: skip


def _assignment(entry: TimeEntry, ctx: EntryContext) -> Iterator[Problem]:
    assignment = ctx.assignment
    if assignment is None:
        return
    early = assignment.starts_on is not None and entry.worked_on < assignment.starts_on
    late = assignment.ends_on is not None and assignment.ends_on < entry.worked_on
    if early or late or not assignment.accepts_time:
        span = f"{assignment.starts_on or 'any day'} to {assignment.ends_on or 'no end'}"
        what = f"runs from {span}" if early or late else "is closed for time"
        yield _problem(
            "assignment_closed", entry, ctx, f"the assignment {what}", "pmo",
            "Extend or reopen the assignment in the PSA, or move the time, then replay.",
            "assignment",
        )  # fmt: skip


def _contract(entry: TimeEntry, ctx: EntryContext) -> Iterator[Problem]:
    if ctx.project is None:
        return  # already said, and the contract hangs on the project
    contract = ctx.contract
    if contract is None:
        yield _problem(
            "contract_missing", entry, ctx, "no contract says how the project is billed", "finance",
            "Close the deal of the project in the CRM, or link the project to its deal, "
            "then replay.", "contract",
        )  # fmt: skip
    elif not covers(contract, entry.worked_on):
        last = ends_on(contract, entry.worked_on) or "no end"
        yield _problem(
            "outside_contract", entry, ctx,
            f"contract {contract.number} covers {contract.starts_on} to {last}", "finance",
            f"Amend contract {contract.number} by a deal in the CRM, or make the time "
            "not billable, then replay.", "worked_on",
        )  # fmt: skip


def _dimensions(entry: TimeEntry, ctx: EntryContext) -> Iterator[Problem]:
    if ctx.legal_entity is None:
        yield _problem(
            "legal_entity_missing", entry, ctx, "none of our companies bills it", "finance",
            "Set the legal entity on the deal to a code that the ledger knows, then replay.",
            "legal_entity",
        )  # fmt: skip
    if ctx.needs_cost_centre and ctx.cost_centre is None:
        yield _problem(
            "cost_centre_missing", entry, ctx, "the person has no cost centre of the ledger",
            "finance",
            f"Set the cost centre of {ctx.person or entry.resource} to a code that the ledger "
            "knows, then replay.", "cost_centre",
        )  # fmt: skip
    if ctx.needs_profit_centre and ctx.profit_centre is None:
        name = ctx.project.name if ctx.project else entry.project
        yield _problem(
            "profit_centre_missing", entry, ctx, "the project has no profit centre of the ledger",
            "finance",
            f"Set the profit centre of {name} to a code that the ledger knows, then replay.",
            "profit_centre",
        )  # fmt: skip


def _period(entry: TimeEntry, ctx: EntryContext) -> Iterator[Problem]:
    if ctx.period is None:
        problem = period_missing(entry.worked_on)
    elif ctx.period.state is not PeriodState.OPEN:
        problem = period_closed(entry.worked_on, ctx.period)
    else:
        return
    reason = f"{_work(entry, ctx)}: {problem.reason}"
    yield Problem(problem.code, reason, problem.owner, problem.fix, problem.field)
