"""Where a day posts to in the ledger of a company."""

from __future__ import annotations

from datetime import date

from isthmus.canonical import LegalEntity
from isthmus.engine import Hold
from isthmus.events.links import Links
from isthmus.flows.reading import periods_of
from isthmus.landscape import Policies
from isthmus.rules.periods import Posting, period_for, posting_day
from isthmus.store.database import Transaction


async def posting_for(
    tx: Transaction, links: Links, policies: Policies, entity: LegalEntity, day: date
) -> Posting:
    """Day and period by policy. A closed period is sent all the same: the ledger refuses it and
    the run waits; without a period some ledgers choose another one and say nothing.
    """
    periods = await periods_of(tx, links.erp(entity.code))
    found = posting_day(day, periods, policies.closed_period, entity.id)
    if isinstance(found, Posting):
        return found
    covering = period_for(day, periods, entity.id)
    if covering is None:
        raise Hold(found.reason, code=found.code, owner=found.owner, fix=found.fix)
    return Posting(day, covering)
