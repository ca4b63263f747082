"""Hours that a ledger has and that count no longer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from isthmus.canonical import ExpenseEntry, TimeEntry
from isthmus.canonical.time_entry import Approval
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HELD, NewHold


def posted_key(entry_id: str) -> str:
    return f"posted:{entry_id}"


def is_idle(entry: TimeEntry | ExpenseEntry) -> bool:
    """Whether nothing is to be billed of it as its source has it now."""
    return entry.approval is not Approval.APPROVED or not entry.is_billable


async def left_in_ledger(
    tx: Transaction, kind: str, facts: Sequence[FactRow], ids: AbstractSet[str]
) -> None:
    """Hours that were posted and no longer count: no connector deletes, so a person does.

    The hold closes by itself when the hours come back and are posted again in the same place.
    The cost of an expense is taken back by an entry of its own: its fact is posted nowhere.
    """
    hours_of: dict[str, Decimal] = defaultdict(Decimal)
    for fact in facts:
        hours_of[fact.source_id] += fact.billed_hours
    for fact in facts:
        if fact.source_id in ids and fact.part == 1 and fact.posted_as:
            hours = f"{hours_of[fact.source_id].normalize():f}"
            await tx.holds.open(
                NewHold(
                    key=posted_key(fact.source_id), state=HELD, code="withdrawn_after_posting",
                    reason=f"{hours} hours of {fact.happened_on} were withdrawn in the PSA "
                    f"after the ledger took them as time {fact.posted_as}",
                    owner="finance",
                    fix=f"Delete time {fact.posted_as} in the ledger, then skip this hold with "
                    "that as its reason.",
                    flow="ingest", object_kind=kind, object_id=fact.source_id,
                    detail={"posted_as": fact.posted_as, "amount": str(fact.amount)},
                )
            )  # fmt: skip
