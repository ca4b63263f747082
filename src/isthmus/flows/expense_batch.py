"""What a batch of expenses is judged by: every record they point at, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.canonical import (
    AccountingPeriod,
    CostCentre,
    ExpenseEntry,
    JournalEntry,
    ProfitCentre,
    Project,
)
from isthmus.canonical.base import Role
from isthmus.canonical.journal_entry import Account
from isthmus.canonical.terms import ExpenseTerms
from isthmus.events.links import Link, Links
from isthmus.flows.surroundings import InBooks, surroundings
from isthmus.kit.money import Money
from isthmus.landscape import Policies
from isthmus.rules.expense_checks import ExpenseContext, is_charged, judge_expense
from isthmus.rules.expenses.judgement import rule_of
from isthmus.rules.problems import Problem
from isthmus.rules.surroundings import Entry
from isthmus.store.database import Transaction
from isthmus.store.entries import EntryRow


@dataclass(frozen=True)
class Verdict:
    """What became of one expense: an amount to bill, or problems, or neither (nobody is billed)."""

    entry: ExpenseEntry
    rated: Money | None = None
    problems: tuple[Problem, ...] = ()
    period: AccountingPeriod | None = None


@dataclass(frozen=True, kw_only=True)
class ExpenseBatch(InBooks):
    somewhere: bool
    """Whether any ledger of ours takes costs: asked where the company is not known."""

    @classmethod
    async def read(
        cls,
        tx: Transaction,
        rows: Sequence[EntryRow[ExpenseEntry]],
        policies: Policies,
        links: Links,
    ) -> ExpenseBatch:
        around = await surroundings(tx, [row.entry for row in rows], policies, links)
        somewhere = any(_books_costs(erp) for erp in links.all_playing(Role.ERP))
        return cls(**around, somewhere=somewhere)

    def company_of(self, entry: Entry) -> str | None:
        """An internal project has no contract: its company bears the cost, or the person's."""
        project, person = self.projects.get(entry.project), self.resources.get(entry.resource)
        own = (project.legal_entity if project else None) or (
            person.legal_entity if person else None
        )
        return super().company_of(entry) or own

    def keeps_cost(self, entry: ExpenseEntry) -> bool:
        ledger = self.ledger_of(entry)
        return self.somewhere if ledger is None else _books_costs(ledger)

    def judge(self, entry: ExpenseEntry) -> Verdict:
        context = self._context(entry)
        found = judge_expense(entry, context)
        return Verdict(entry, found.billed, found.problems, context.period)

    def _context(self, entry: ExpenseEntry) -> ExpenseContext:
        entity = self.entity_of(entry)
        return ExpenseContext(
            project=self.project_of(entry),
            contract=self.contract_of(entry),
            period=self.period_of(entry),
            legal_entity=entity.id if entity else None,
            cost_centre=self.cost_centre_of(entry),
            profit_centre=self.profit_centre_of(entry),
            needs_cost_centre=self.is_kept(entry, CostCentre),
            needs_profit_centre=self.is_kept(entry, ProfitCentre),
            person=self.person_of(entry),
            terms=self.terms_of(entry),
            keeps_cost=self.keeps_cost(entry),
        )

    def terms_of(self, entry: ExpenseEntry) -> ExpenseTerms:
        """Those in force on the day of the expense."""
        contract = self.contract_of(entry)
        return contract.terms_on(entry.spent_on).expenses if contract else ExpenseTerms()

    def project_of(self, entry: ExpenseEntry) -> Project | None:
        return self.projects.get(entry.project)

    def is_agent(self, entry: ExpenseEntry) -> bool:
        """Paid in the client's name and billed to it: no cost of ours, and no tax to recover."""
        project, terms = self.project_of(entry), self.terms_of(entry)
        charged = project is not None and is_charged(entry, project, terms)
        return charged and rule_of(entry, terms).as_agent

    def value_of(self, entry: ExpenseEntry) -> Money | None:
        """What a held expense keeps from being billed, as spent; None where nobody is billed."""
        project = self.project_of(entry)
        charged = project is None or is_charged(entry, project, self.terms_of(entry))
        return entry.amount if charged else None

    def told(self, entry: ExpenseEntry) -> str:
        """On the invoice and in the ledger: what, who, when."""
        return f"{entry.category}, {self.person_of(entry) or entry.resource}, {entry.spent_on}"


def _books_costs(ledger: Link) -> bool:
    """Where no account is set for costs, another system books them: twice would be wrong."""
    capability = ledger.capability(JournalEntry)
    return capability.writes and Account.PROJECT_EXPENSE in capability.accounts
