"""Contracts as people look at them: what was agreed, the terms on a day, the cap so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.canonical import Contract, Customer
from isthmus.canonical.contract import Amendment
from isthmus.kit.money import Money
from isthmus.rules.amendments import value_on
from isthmus.rules.caps import not_to_exceed
from isthmus.rules.contracts import ends_on
from isthmus.scenario.stated import Term, listed
from isthmus.store.database import Transaction


@dataclass(frozen=True)
class ContractRow:
    """As it stands on a day. `terms` is how many figures of the detailed terms are set."""

    number: str
    customer: str
    legal_entity: str
    billing_model: str
    starts_on: date
    ends_on: date | None
    value: Money | None
    cap: Money | None
    terms: int
    status: str


@dataclass(frozen=True)
class ContractSheet:
    """`given_by` is the amendment that the terms are from; None for the first terms. `used` is
    what hours have used up of the cap in force, billed or not.
    """

    row: ContractRow
    on: date
    currency: str
    minimum_increment: int | None
    terms: tuple[Term, ...]
    given_by: int | None
    amendments: tuple[Amendment, ...]
    used: Money | None


async def contract_rows(tx: Transaction, day: date) -> list[ContractRow]:
    contracts = await tx.records.list(Contract)
    customers = await tx.records.many(Customer, {c.customer for c in contracts})
    names = {id: customer.name for id, customer in customers.items()}
    rows = (_row(c, names.get(c.customer, c.customer), day) for c in contracts)
    return sorted(rows, key=lambda row: row.number)


async def contract_sheet(tx: Transaction, contract: Contract, day: date) -> ContractSheet:
    customer = await tx.records.find(Customer, contract.customer)
    return ContractSheet(
        _row(contract, customer.name if customer else contract.customer, day), day,
        contract.currency, contract.minimum_increment, listed(contract.terms_on(day)),
        _given_by(contract, day), contract.amendments, await _used(tx, contract, day),
    )  # fmt: skip


def _row(contract: Contract, customer: str, day: date) -> ContractRow:
    return ContractRow(
        contract.number, customer, contract.legal_entity, contract.billing_model.value,
        contract.starts_on, ends_on(contract, day), value_on(contract, day), contract.cap_on(day),
        sum(term.is_set for term in listed(contract.terms_on(day))), contract.status.value,
    )  # fmt: skip


def _given_by(contract: Contract, day: date) -> int | None:
    given = [a.number for a in contract.amendments if a.terms and a.effective_on <= day]
    return given[-1] if given else None


async def _used(tx: Transaction, contract: Contract, day: date) -> Money | None:
    limits = [
        limit
        for limit in not_to_exceed(contract)
        if limit.starts_on <= day and (limit.before is None or day < limit.before)
    ]
    if not limits:
        return None
    return Money.of(await tx.ledger.consumed(contract.id, limits[0].before), contract.currency)
