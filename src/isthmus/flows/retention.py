"""What a client withholds of milestones: facts below zero, and one above zero that releases it.

The balance is read from the facts in force, so a credited invoice takes its retention back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.canonical import Contract, Project
from isthmus.canonical.project import ProjectStatus
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge
from isthmus.store.database import Transaction

RETENTION = "retention"


async def withheld_of(tx: Transaction, contract: Contract) -> Money:
    """The balance; a transaction that changes it holds the contract's lock."""
    facts = await tx.ledger.of_contract(contract.id)
    kept = (Money.of(-f.amount, f.currency) for f in facts if f.source_kind == RETENTION)
    return Money.total(kept, contract.currency)


def finally_accepted(projects: Sequence[Project]) -> bool:
    """A PSA names no final acceptance: it is when every project of the contract is closed."""
    return bool(projects) and all(p.status is ProjectStatus.CLOSED for p in projects)


def retention_fact(charge: Charge, of: str, **known: Any) -> dict[str, Any]:
    """`of` names what withholds or releases; `known` are the values that all facts have."""
    return {
        **known,
        "id": derived_id("fact", RETENTION, of),
        "source_kind": RETENTION,
        "source_id": derived_id(RETENTION, of),
        "source_version": 1,
        "hours": 0,
        "billed_hours": 1,
        "rate": charge.amount.amount,
        "amount": charge.amount.amount,
        "currency": charge.amount.currency,
        "trail": [{"scope": RETENTION, "looked_for": charge.description, "found": charge.why}],
    }
