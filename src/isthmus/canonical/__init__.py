"""The canonical model: one object per business idea, with an owner for every attribute."""

from isthmus.canonical.assignment import Assignment
from isthmus.canonical.base import CanonicalObject
from isthmus.canonical.contract import Contract
from isthmus.canonical.credit_memo import CreditMemo
from isthmus.canonical.customer import Customer
from isthmus.canonical.dimensions import (
    AccountingPeriod,
    CostCentre,
    Currency,
    ExchangeRate,
    LegalEntity,
    ProfitCentre,
    TaxCode,
)
from isthmus.canonical.expense_entry import ExpenseEntry
from isthmus.canonical.invoice import Invoice
from isthmus.canonical.journal_entry import JournalEntry
from isthmus.canonical.milestone import Milestone
from isthmus.canonical.opportunity import Opportunity
from isthmus.canonical.payment import Payment
from isthmus.canonical.project import Phase, Project
from isthmus.canonical.rate_card import RateCard
from isthmus.canonical.resource import Resource
from isthmus.canonical.resource_demand import ResourceDemand
from isthmus.canonical.revenue import RevenueEvent, RevenueSchedule
from isthmus.canonical.task import Task
from isthmus.canonical.time_entry import TimeEntry

OBJECTS: tuple[type[CanonicalObject], ...] = (
    Customer, Opportunity, Contract, Project, Phase, Task, Milestone, Resource, Assignment,
    ResourceDemand, RateCard, TimeEntry, ExpenseEntry, Invoice, CreditMemo, Payment, JournalEntry,
    RevenueEvent, RevenueSchedule, LegalEntity, CostCentre, ProfitCentre, AccountingPeriod,
    TaxCode, Currency, ExchangeRate,
)  # fmt: skip

BY_KIND: dict[str, type[CanonicalObject]] = {model.kind: model for model in OBJECTS}

__all__ = [
    "BY_KIND", "OBJECTS", "AccountingPeriod", "Assignment", "CanonicalObject", "Contract",
    "CostCentre", "CreditMemo", "Currency", "Customer", "ExchangeRate", "ExpenseEntry", "Invoice",
    "JournalEntry", "LegalEntity", "Milestone", "Opportunity", "Payment", "Phase", "ProfitCentre",
    "Project", "RateCard", "Resource", "ResourceDemand", "RevenueEvent", "RevenueSchedule", "Task",
    "TaxCode", "TimeEntry",
]  # fmt: skip
