"""Each project with what it has earned, cost and billed: the rows that every view is summed from.

Amounts are in the currency of the project's contract, before tax. `earned` is what clients pay for
the work so far, `wip` the part of it that is on no invoice, `held` what a person has to release
first and so is not in `earned` yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from isthmus.canonical import Contract, Customer, Opportunity, Project
from isthmus.canonical.base import Value
from isthmus.kit.money import Money
from isthmus.rules.amendments import value_on
from isthmus.store.database import Transaction
from isthmus.store.margins import Cost, Worth

BillingStatus = Literal["held", "to_post", "to_bill", "billed", "nothing_to_bill"]
Key = tuple[str, str]
"""(project, currency)."""


class Engagement(Value):
    project: str = Field(description="Canonical id.")
    name: str
    customer: str = Field(description="Canonical id.")
    client: str = Field(description="Name of the customer.")
    contract: str | None = Field(description="Number of the contract.")
    legal_entity: str | None = Field(description="Code of the company that bills it.")
    currency: str = Field(description="Of every amount here, ISO 4217.")
    status: str
    billing_model: str | None
    sold: Decimal | None = Field(description="Value of the contract with its amendments.")
    earned: Decimal = Field(description="Billed and billable so far, less credits.")
    invoiced: Decimal = Field(description="On invoices, less credits.")
    wip: Decimal = Field(description="Earned and on no invoice.")
    unposted: Decimal = Field(description="Part of `wip` that the ledger has not taken yet.")
    held: Decimal = Field(description="Stopped until a person decides; not in `earned`.")
    backlog: Decimal = Field(description="Sold and not earned yet.")
    hours: Decimal = Field(description="Approved hours, billable or not.")
    hours_sold: Decimal | None = Field(description="Hours in the lines of the deal.")
    cost: Decimal = Field(description="Of approved hours and expenses, as far as it is known.")
    uncosted_hours: Decimal = Field(description="Hours for which no cost is known.")
    margin: Decimal = Field(description="`earned` less `cost`.")
    margin_percent: Decimal | None = Field(description="`margin` of `earned`, to one digit.")
    burn_percent: Decimal | None = Field(description="`earned` of `sold`, to one digit.")
    hours_burn_percent: Decimal | None = Field(description="`hours` of `hours_sold`.")
    billing_status: BillingStatus


async def engagements_of(
    tx: Transaction, on: date, entities: Collection[str] | None = None, *, costed: bool = True
) -> tuple[Engagement, ...]:
    """By client and name. A project without a contract is shown with what is known of it. Costs
    and hours are nothing where they are not asked for: they take as long as all the rest.
    """
    projects = [p for p in await tx.records.list(Project) if _within(p.legal_entity, entities)]
    contracts = await tx.records.many(Contract, {p.contract for p in projects if p.contract})
    clients = await tx.records.many(Customer, {p.customer for p in projects})
    deals = await tx.records.many(Opportunity, {p.opportunity for p in projects if p.opportunity})
    figures = await _Figures.read(tx, entities, costed=costed)
    rows = [
        _engagement(
            project, contracts.get(project.contract or ""), clients.get(project.customer),
            deals.get(project.opportunity or ""), on, figures,
        )
        for project in projects
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (row.client.casefold(), row.name, row.project)))


def _within(legal_entity: str | None, entities: Collection[str] | None) -> bool:
    return entities is None or legal_entity in entities


class _Figures:
    def __init__(self, worth: list[Worth], costs: list[Cost], held: dict[Key, Decimal]) -> None:
        self.worth = {(w.project, w.currency): w for w in worth}
        self.held = held
        self.costs: dict[Key, list[Cost]] = defaultdict(list)
        for cost in costs:
            self.costs[cost.project, cost.currency].append(cost)

    @classmethod
    async def read(
        cls, tx: Transaction, entities: Collection[str] | None, *, costed: bool
    ) -> _Figures:
        held: dict[Key, Decimal] = defaultdict(Decimal)
        for part in await tx.margins.held(entities):
            if part.project is not None:
                held[part.project, part.currency] += part.amount
        costs: list[Cost] = []
        if costed:
            costs = [*await tx.margins.time_cost(), *await tx.margins.expense_cost()]
        return cls(await tx.margins.worth(entities), costs, held)


def _engagement(
    project: Project,
    contract: Contract | None,
    client: Customer | None,
    deal: Opportunity | None,
    on: date,
    figures: _Figures,
) -> Engagement:
    currency = contract.currency if contract else project.currency
    key, none = (project.id, currency), Decimal(0)
    worth = figures.worth.get(key) or Worth(project.id, currency, none, none, none)
    wip = worth.unposted + worth.posted
    earned, held = wip + worth.invoiced, figures.held.get(key, none)
    costs = figures.costs[key]
    cost = Money.of(sum((c.cost for c in costs), none), currency).rounded().amount
    hours = sum((c.hours for c in costs), none)
    value = value_on(contract, on) if contract else None
    sold, hours_sold = (value.amount if value else None), _hours_sold(deal)
    return Engagement(
        project=project.id, name=project.name, customer=project.customer,
        client=client.name if client else project.customer,
        contract=contract.number if contract else None,
        legal_entity=project.legal_entity, currency=currency, status=project.status,
        billing_model=project.billing_model or (contract.billing_model if contract else None),
        sold=sold, earned=earned, invoiced=worth.invoiced, wip=wip, unposted=worth.unposted,
        held=held, backlog=max((sold or none) - earned, none), hours=hours,
        hours_sold=hours_sold, cost=cost, uncosted_hours=sum((c.uncosted for c in costs), none),
        margin=earned - cost, margin_percent=_percent(earned - cost, earned),
        burn_percent=_percent(earned, sold), hours_burn_percent=_percent(hours, hours_sold),
        billing_status=_status(worth, held),
    )  # fmt: skip


def _hours_sold(deal: Opportunity | None) -> Decimal | None:
    hours = [line.quantity for line in deal.lines if line.role] if deal else []
    return sum(hours, Decimal(0)) or None


def _percent(part: Decimal, whole: Decimal | None) -> Decimal | None:
    return (part / whole * 100).quantize(Decimal("0.1")) if whole else None


def _status(worth: Worth, held: Decimal) -> BillingStatus:
    """What is most in the way of the next invoice."""
    if held:
        return "held"
    if worth.unposted:
        return "to_post"
    if worth.posted:
        return "to_bill"
    return "billed" if worth.invoiced else "nothing_to_bill"
