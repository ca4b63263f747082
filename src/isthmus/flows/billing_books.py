"""What invoices of many contracts are planned with, read once: clients, companies, periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from isthmus.canonical import AccountingPeriod, Contract, Customer, LegalEntity
from isthmus.events.links import Link, Links
from isthmus.flows.reading import periods_of, posting_in
from isthmus.landscape import Policies
from isthmus.landscape.bindings import RoleError
from isthmus.rules.periods import Posting
from isthmus.store.database import Transaction


@dataclass(frozen=True)
class Books:
    """Companies, and the periods of their ledgers, are by the company's code."""

    customers: Mapping[str, Customer]
    companies: Mapping[str, LegalEntity]
    periods: Mapping[str, Sequence[AccountingPeriod]]

    def posting(self, policies: Policies, contract: Contract, day: date) -> Posting:
        """Raises Hold where no period covers the day."""
        code = contract.legal_entity
        return posting_in(self.periods.get(code, ()), policies, self.companies[code], day)


async def read_books(tx: Transaction, links: Links, contracts: Iterable[Contract]) -> Books:
    known = list(contracts)
    codes = {contract.legal_entity for contract in known}
    companies = {one.code: one for one in await tx.records.list(LegalEntity) if one.code in codes}
    ledgers = {code: erp for code in codes if (erp := _ledger(links, code)) is not None}
    periods = {
        name: await periods_of(tx, erp)
        for name, erp in {erp.name: erp for erp in ledgers.values()}.items()
    }
    return Books(
        await tx.records.many(Customer, {contract.customer for contract in known}), companies,
        {code: periods[erp.name] for code, erp in ledgers.items()},
    )  # fmt: skip


def _ledger(links: Links, code: str) -> Link | None:
    """None where no ledger is bound to the company any more."""
    try:
        return links.erp(code)
    except RoleError:
        return None
