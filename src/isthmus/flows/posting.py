"""Where a day posts to in the ledger of a company."""

from __future__ import annotations

from datetime import date

from isthmus.canonical import LegalEntity
from isthmus.events.links import Links
from isthmus.flows.reading import periods_of, posting_in
from isthmus.landscape import Policies
from isthmus.rules.periods import Posting
from isthmus.store.database import Transaction


async def posting_for(
    tx: Transaction, links: Links, policies: Policies, entity: LegalEntity, day: date
) -> Posting:
    """As `posting_in`, by the periods of the company's ledger."""
    return posting_in(await periods_of(tx, links.erp(entity.code)), policies, entity, day)
