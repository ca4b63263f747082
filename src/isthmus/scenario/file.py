"""The keys of a scenario file. What a key is called is what a finance person calls it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from isthmus.canonical.expense_entry import PaidBy
from isthmus.landscape.firm import Part
from isthmus.rules.periods import ClosedPeriodPolicy
from isthmus.rules.revenue.ratable import Proration
from isthmus.rules.rounding import Remainder
from isthmus.rules.time_checks import PsaRatePolicy
from isthmus.scenario.agreed import ContractPart, Name, Percent, Statement
from isthmus.scenario.changes import AmendmentPart, CreditPart
from isthmus.scenario.expected import Expected
from isthmus.scenario.written import Amount, CurrencyCode, Day, Days, MonthKey

Hours = Annotated[Decimal, Field(ge=-24, le=24)]


class CompanyPart(Part):
    """A company of the firm. So far its code says all that is needed."""


class CustomerPart(Part):
    bill_to: str | None = Field(
        default=None, description="Customer that receives this one's invoices."
    )


class PersonPart(Part):
    role: str | None = Field(default=None, description="Role that prices the work.")
    cost: Amount | None = Field(
        default=None, description="Cost of an hour, for contracts that are earned by cost."
    )


class RateCardPart(Part):
    """A price of an hour of a role, from one day to another, for all customers or for one."""

    role: Name = Field(description="Role priced.")
    rate: Amount = Field(description="Price of an hour.")
    starts: Day = Field(alias="from", description="First day it applies.")
    ends: Day | None = Field(
        default=None, alias="to", description="Last day it applies; absent: until further notice."
    )
    customer: str | None = Field(
        default=None, description="Customer it is agreed with; absent: every customer."
    )
    name: str | None = Field(default=None, description="What people call it.")


class PhasePart(Part):
    """A stretch of a project. Time outside its dates does not belong to it."""

    starts: Day | None = Field(default=None, description="First day.")
    ends: Day | None = Field(default=None, description="Last day.")


class ProjectPart(Part):
    """A contract has a project of its own name without being told; others are stated."""

    contract: str | None = Field(
        default=None, description="Contract that it is billed under; absent: the one of its name."
    )
    billable: bool = Field(default=True, description="Whether time on it may be billed.")
    closed: Day | None = Field(default=None, description="From this day on it takes no time.")
    phases: dict[str, PhasePart] = Field(default={}, description="Its phases by name.")


class MilestonePart(Part):
    contract: str | None = Field(
        default=None, description="Contract; may be left out where there is only one."
    )
    project: str | None = Field(
        default=None, description="Project, where it is not the contract's own."
    )
    amount: Amount = Field(description="Its price, before tax.")
    delivered: Days = Field(
        default=(), description="Day of delivery; several, where it was rejected in between."
    )
    rejected: Days = Field(default=(), description="Day on which the client refused it.")
    accepted: Day | None = Field(default=None, description="Day of the client's sign-off.")
    needs_acceptance: bool = Field(
        default=True, description="Whether it is billed only when the client signs it off."
    )


class TimePart(Part):
    """One person's hours on one day."""

    on: Day = Field(description="Day of the work.")
    who: Name = Field(description="Person.")
    contract: str | None = Field(
        default=None, description="Contract; may be left out where there is only one."
    )
    project: str | None = Field(
        default=None, description="Project, where it is not the contract's own."
    )
    phase: str | None = Field(default=None, description="Phase of the project.")
    hours: Hours = Field(description="Hours worked; below zero takes hours back.")
    role: str | None = Field(default=None, description="Role, where it is not the person's.")
    billable: bool = Field(default=True, description="Whether it may be billed.")
    approved: Day | None = Field(
        default=None, description="Day of approval; absent: the day of the work."
    )
    psa_rate: Amount | None = Field(
        default=None, description="Rate of an hour that the PSA stamped on it."
    )
    agreed_rate: Amount | None = Field(
        default=None, description="Rate agreed for this entry; it goes before every rate card."
    )
    task: str | None = Field(default=None, description="Task, for caps and rounding by task.")
    time_type: str | None = Field(
        default=None, description="Kind of time, as `time.overtime.by_time_type` names it."
    )
    courtesy: bool = Field(default=False, description="Shown on the invoice and not charged.")


class ExpensePart(Part):
    """What one person spent for a contract."""

    on: Day = Field(description="Day of the expense.")
    who: Name = Field(description="Person.")
    contract: str | None = Field(
        default=None, description="Contract; may be left out where there is only one."
    )
    project: str | None = Field(
        default=None, description="Project, where it is not the contract's own."
    )
    category: Name = Field(description="What it was for.")
    amount: Amount = Field(description="As on the receipt, with tax.")
    quantity: Annotated[Decimal, Field(gt=0)] = Field(
        default=Decimal(1), description="Nights, days or people that it is for."
    )
    tax: Amount | None = Field(default=None, description="Tax in it.")
    tax_recovered_percent: Percent = Field(
        default=Decimal(100), description="Part of that tax that the firm gets back."
    )
    rate: Annotated[Decimal, Field(gt=0)] | None = Field(
        default=None, description="To the contract's currency, where it was spent in another one."
    )
    billable: bool = Field(default=True, description="Whether the client pays it.")
    paid_by: PaidBy = Field(default=PaidBy.EMPLOYEE, description="Whose money it was.")
    receipt: bool | Day = Field(
        default=True, description="Whether there is one, or the day from which it is there."
    )
    justified: Day | None = Field(
        default=None, description="Day from which going beyond a limit is justified."
    )
    approved: Day | None = Field(
        default=None, description="Day of approval; absent: the day of the expense."
    )


class ProgressPart(Part):
    """What is done by a day since the contract's start, instead of what the hours say."""

    contract: str | None = Field(
        default=None, description="Contract; may be left out where there is only one."
    )
    on: Day = Field(description="Day by which.")
    cost: Amount | None = Field(default=None, description="Cost incurred to date.")
    hours: Statement | None = Field(default=None, description="Hours done to date.")


class EstimatePart(Part):
    """What is expected in all, from a day on; before the first one the terms say it."""

    contract: str | None = Field(
        default=None, description="Contract; may be left out where there is only one."
    )
    on: Day = Field(description="Day from which it holds.")
    expected_cost: Amount | None = Field(default=None, description="Cost at completion.")
    expected_hours: Statement | None = Field(default=None, description="Hours at completion.")


class PeriodPart(Part):
    """A month of the books is open unless something here says when it was not."""

    month: MonthKey = Field(description="The month.")
    company: str | None = Field(default=None, description="Whose books; absent: all companies'.")
    closed: Day = Field(description="First day on which it is closed.")
    opened_again: Day | None = Field(default=None, description="First day it is open again.")


class PoliciesPart(Part):
    closed_period: ClosedPeriodPolicy = Field(
        default=ClosedPeriodPolicy.HOLD,
        description="Work dated in a closed month waits, or moves to the first open month.",
    )
    psa_rate: PsaRatePolicy = Field(
        default=PsaRatePolicy.MUST_AGREE,
        description="A rate stamped by the PSA must equal the rate card's, or is not looked at.",
    )
    proration: Proration = Field(
        default=Proration.DAILY, description="What a part of a month counts in ratable revenue."
    )
    rounding: Remainder = Field(
        default=Remainder.CUMULATIVE, description="Who gets the cents of ratable revenue."
    )


class RunPart(Part):
    """`isthmus bill --up-to` on a day: one invoice per contract that has something to bill."""

    on: Day = Field(description="Day of the run.")
    up_to: Day | None = Field(
        default=None, description="Last day of work that is billed; absent: the day of the run."
    )


class ScenarioFile(Part):
    scenario: Name = Field(description="What it is about, in a few words.")
    about: str = Field(default="", description="The business question and its answer.")
    currency: CurrencyCode = Field(
        description="ISO 4217 code of amounts that name none; others are written `100 USD`."
    )
    companies: dict[str, CompanyPart] = Field(
        default={},
        description="The firm's companies by code; with one company they need not be told.",
    )
    customers: dict[str, CustomerPart] = Field(
        default={}, description="Customers by name; absent: those that contracts name."
    )
    people: dict[str, PersonPart] = Field(default={}, description="Who works, by name.")
    rate_cards: tuple[RateCardPart, ...] = Field(default=(), description="Prices of hours.")
    contracts: dict[str, ContractPart] = Field(
        min_length=1, description="What was agreed, by name."
    )
    projects: dict[str, ProjectPart] = Field(
        default={}, description="Projects that need more said, by name."
    )
    milestones: dict[str, MilestonePart] = Field(
        default={}, description="Results with a price, by name."
    )
    time: tuple[TimePart, ...] = Field(default=(), description="Hours worked.")
    expenses: tuple[ExpensePart, ...] = Field(default=(), description="What was spent.")
    amendments: tuple[AmendmentPart, ...] = Field(default=(), description="Changes of contracts.")
    credits: tuple[CreditPart, ...] = Field(
        default=(), description="What is taken back of invoices."
    )
    progress: tuple[ProgressPart, ...] = Field(
        default=(), description="What is done by a day, for revenue by cost or by hours."
    )
    estimates: tuple[EstimatePart, ...] = Field(
        default=(), description="What is expected in all from a day on, for the same."
    )
    periods: tuple[PeriodPart, ...] = Field(default=(), description="When months were closed.")
    policies: PoliciesPart = Field(
        default=PoliciesPart(), description="Decisions that firms differ in."
    )
    runs: tuple[RunPart, ...] = Field(default=(), description="When invoices are made.")
    until: Day | None = Field(
        default=None,
        description="Last day that is played; absent: the end of the month of the last event.",
    )
    expect: Expected = Field(
        default=Expected(), description="What is expected; only stated sections are compared."
    )
