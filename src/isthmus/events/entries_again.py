"""Entries that come in again because others went away."""

from __future__ import annotations

from collections.abc import Iterable

from isthmus.canonical import Contract, TimeEntry
from isthmus.rules.time.pricing import is_priced_alone
from isthmus.store.database import Transaction
from isthmus.store.entries import POSTED, RATED, RECEIVED


async def price_again(tx: Transaction, contracts: Iterable[str]) -> None:
    """Where hours that went away moved the price of others, one of these comes in again: its
    batch prices the contract as a whole.
    """
    for contract in (await tx.records.many(Contract, contracts)).values():
        if is_priced_alone(contract):
            continue
        for fact in await tx.ledger.of_contract(contract.id):
            is_open = fact.source_kind == TimeEntry.kind and fact.invoice is None
            if is_open and await _comes_again(tx, fact.source_id):
                break


async def _comes_again(tx: Transaction, entry: str) -> bool:
    for state in (POSTED, RATED):
        if await tx.entries.set_state([entry], RECEIVED, was=state, rebatch=True):
            return True
    return False
