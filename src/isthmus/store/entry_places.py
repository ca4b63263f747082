"""Which company time or an expense is of: that in whose name it is rated, and until it is rated the
one of its project. What was rated stays where it is when the project is given to another company,
or to none.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from isthmus.store.fact_tables import fact
from isthmus.store.ledger import LIVE, REVERSAL


def rated_for(kind: sa.ColumnElement[str] | str, id: sa.ColumnElement[Any]) -> Any:
    """Code of the company of an entry's facts in force; NULL where it has none."""
    theirs = (fact.c.source_kind == kind, fact.c.source_id == id, LIVE)
    found = sa.select(fact.c.legal_entity).where(*theirs).limit(1)
    return found.correlate_except(fact, REVERSAL).scalar_subquery()
