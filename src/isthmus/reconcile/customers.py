"""CRM and ERP know the same clients: name, tax number, currency, terms, number in the ledger.

An account is expected in the ledger once it was there, or the CRM calls it a client. Which side is
right is settled attribute by attribute, by ownership.
"""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.canonical import Customer
from isthmus.canonical.base import Role
from isthmus.canonical.customer import CustomerStatus
from isthmus.connect import Change
from isthmus.connect.listing import can_list, listing
from isthmus.reconcile.known import canonical_ids, named
from isthmus.reconcile.promise import Leg, Promise, Scope, Side, told
from isthmus.reconcile.repairs import HOLD_FOR_FINANCE, SYNC_CUSTOMER, SYNC_OR_HOLD
from isthmus.store.reconciliation_staging import Staged

COMPARED = ("name", "tax_registration", "currency", "payment_terms", "account_number")


async def accounts_in_crm(scope: Scope) -> Side:
    crm, erp = scope.plan.source, scope.plan.target
    async for page in listing(scope.system(crm), Customer, None):
        async with scope.engine.database.begin() as tx:
            ids = await canonical_ids(tx, scope, crm, page)
            linked = await tx.xref.external_many(Customer.kind, scope.space(erp), ids.values())
        yield [
            _staged(crm, change, id)
            for change in page
            if (id := ids.get(change.external_id)) in linked or _is_client(change)
        ]


def _is_client(change: Change) -> bool:
    said = change.attributes
    prospect = said.get("status") in (None, CustomerStatus.PROSPECT)
    return bool(said.get("account_number")) or not prospect


async def customers_in_erp(scope: Scope) -> Side:
    """One that no other system knows and that is inactive is nobody's any more."""
    erp = scope.plan.target
    async for page in listing(scope.system(erp), Customer, None):
        async with scope.engine.database.begin() as tx:
            ids = await canonical_ids(tx, scope, erp, page)
        yield [
            _staged(erp, change, ids.get(change.external_id))
            for change in page
            if change.external_id in ids
            or change.attributes.get("status") != CustomerStatus.INACTIVE
        ]


def _staged(connection: str, change: Change, canonical: str | None) -> Staged:
    said = change.attributes
    name = str(said.get("name") or change.external_id)
    values = {attribute: said.get(attribute) for attribute in COMPARED}
    values["name"] = " ".join(name.split())
    values["tax_registration"] = _plain(values["tax_registration"])
    return Staged(
        named(canonical, connection, change.external_id), canonical, change.external_id,
        f"client {name}", told(**values), at=change.modified_at,
    )  # fmt: skip


def _plain(number: object) -> str | None:
    """A tax number is the same with and without spaces and points."""
    return "".join(c for c in str(number).upper() if c.isalnum()) if number else None


def _both_list(scope: Scope) -> bool:
    sides: Sequence[str] = (scope.plan.source, scope.plan.target)
    return all(can_list(scope.system(side), Customer) for side in sides)


CUSTOMERS = Promise(
    "customers", "CRM and ledger know the same clients", (Role.CRM, Role.ERP),
    (
        Leg("known", "in the CRM", "in the ledger", Customer, accounts_in_crm, customers_in_erp,
            {"missing": SYNC_OR_HOLD, "different": SYNC_CUSTOMER, "extra": HOLD_FOR_FINANCE},
            _both_list),
    ),
    dated=False,
)  # fmt: skip
