"""Which company time or an expense is of: that in whose name it is rated, and until it is rated the
one of its project. What was rated stays where it is when the project is given to another company,
or to none.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from isthmus.store.fact_tables import fact

_rated, _taken_back = fact.alias("rated_for"), fact.alias("rated_no_more")


def rated_for(kind: sa.ColumnElement[str] | str, id: sa.ColumnElement[Any]) -> Any:
    """Code of the company of an entry's facts in force; NULL where it has none."""
    back = sa.exists(
        sa.select(_taken_back.c.id).where(
            _taken_back.c.reversal_of == _rated.c.id, ~_taken_back.c.in_part
        )
    )
    found = sa.select(_rated.c.legal_entity).where(
        _rated.c.source_kind == kind, _rated.c.source_id == id, _rated.c.reversal_of.is_(None),
        ~back,
    )  # fmt: skip
    return found.limit(1).correlate_except(_rated).scalar_subquery()
