"""What is known of a milestone when it is decided upon, and its hold where a person settles it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.canonical import Contract, Customer, Milestone, Project
from isthmus.canonical.milestone import MilestoneState
from isthmus.canonical.terms import FixedFeeTerms
from isthmus.engine import Hold, Step
from isthmus.flows.reading import contract_of, corrected
from isthmus.kit.money import Money
from isthmus.rules.milestones.acceptance import Accepted
from isthmus.rules.milestones.decision import Decision, MilestonePolicy, decide_milestone
from isthmus.rules.milestones.standing import standing_of
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction
from isthmus.store.holds import DEAD, HELD

MILESTONE = "milestone"


@dataclass(frozen=True, slots=True)
class Case:
    """`milestone` has people's corrections laid over what its system says."""

    milestone: Milestone
    project: Project
    contract: Contract | None
    customer: Customer | None
    rated_before: bool

    @property
    def price(self) -> Money:
        return self.milestone.amount.rounded()

    @property
    def billed_in_advance(self) -> Money:
        """Its PSA knows of an invoice, and none of ours is behind it: a yes or no, so all of it."""
        whole = self.milestone.state is MilestoneState.INVOICED
        return self.price if whole else Money.zero(self.price.currency)

    def hold(self, problem: Problem, blocks: Money | None = None) -> Hold:
        return Hold(
            problem.reason, code=problem.code, owner=problem.owner, fix=problem.fix,
            blocks=blocks or self.price, customer=self.customer.name if self.customer else None,
            about=(MILESTONE, self.milestone.id),
        )  # fmt: skip


async def case_of(tx: Transaction, id: str) -> Case:
    """The contract is locked before the milestone is read, as by all that bills it."""
    project = await tx.records.get(Project, (await tx.records.get(Milestone, id)).project)
    contract = await contract_of(tx, project)
    if contract is not None:
        await tx.lock(f"contract:{contract.id}")
    await tx.records.lock(Milestone, id)
    return Case(
        milestone=await corrected(tx, await tx.records.get(Milestone, id)),
        project=project,
        contract=contract,
        customer=await tx.records.find(Customer, project.customer),
        rated_before=bool(await tx.ledger.of_source(MILESTONE, id)),
    )


def terms_of(milestone: Milestone, contract: Contract, as_of: date) -> FixedFeeTerms:
    """Those in force on the day of delivery, where one is known."""
    day = milestone.delivered_on or milestone.accepted_on or as_of
    return contract.terms_on(day).fixed_fee


@dataclass(frozen=True, slots=True)
class Verdict:
    """`accepted` is None while the milestone waits."""

    case: Case
    contract: Contract
    terms: FixedFeeTerms
    decision: Decision
    accepted: Accepted | None


def decided(case: Case, contract: Contract, policy: MilestonePolicy, as_of: date) -> Verdict:
    milestone, terms = case.milestone, terms_of(case.milestone, contract, as_of)
    standing = standing_of(milestone, terms, policy, as_of)
    decision = decide_milestone(
        case.price, case.billed_in_advance, standing, policy, approved=milestone.approved_amount
    )
    accepted = standing if isinstance(standing, Accepted) else None
    return Verdict(case, contract, terms, decision, accepted)


async def overtake(tx: Transaction, step: Step) -> None:
    """An earlier run of the milestone that waits for a person is over: this one decides on what is
    known by now. One that is being replayed goes on, and finds what this one did.
    """
    for hold in await tx.holds.list(object_id=step.subject):
        earlier = hold.flow == step.run.flow.name and hold.run_id != step.run.id
        if earlier and hold.run_id and hold.state in (HELD, DEAD):
            await tx.holds.resolve(hold.key, f"overtaken by {step.event.type}", "isthmus")
            await tx.runs.finished(hold.run_id, "skipped")
