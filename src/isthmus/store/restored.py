"""A database that was restored from a dump does not give out numbers that were given since."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

GAP = 1_000_000
"""More than a firm gives out between two dumps."""
NUMBERED = (("event", "position"), ("run", "number"), ("hold", "number"), ("bulk", "number"))


async def leave_a_gap(connection: AsyncConnection, gap: int = GAP) -> None:
    """Positions of events and numbers of runs, holds and bulk acts go on `gap` further on: people
    and readers of events have seen the next ones of this log already, for other things.
    """
    for table, column in NUMBERED:
        await connection.execute(
            sa.text("select setval(s, nextval(s) + :gap) from pg_get_serial_sequence(:t, :c) s"),
            {"gap": gap, "t": table, "c": column},
        )
