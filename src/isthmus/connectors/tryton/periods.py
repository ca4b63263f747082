"""Whether a day may be posted to, asked before anything is written: a closed month then leaves no
draft behind.
"""

from __future__ import annotations

from datetime import date

from isthmus.connect.errors import FieldProblem, Invalid, PeriodClosed
from isthmus.connectors.tryton.client import TrytonClient


async def check_period(
    client: TrytonClient, legal_entity: str, day: date, what: str, field: str = "date"
) -> int:
    """The id of the period of the day. Raises PeriodClosed, or Invalid where there is none."""
    company = client.record_id(legal_entity, "legal entity")
    found = await client.search_read(
        "account.period",
        [
            ["company", "=", company],
            ["type", "=", "standard"],
            ["start_date", "<=", day],
            ["end_date", ">=", day],
        ],
        ["name", "state"],
    )
    if not found:
        problem = FieldProblem(
            what.split()[0], field, str(day), "no period has this day",
            "Open a fiscal year for it in Tryton, or correct the date.",
        )  # fmt: skip
        raise Invalid(client.system, f"no period for {what}", fields=(problem,))
    if found[0]["state"] != "open":
        name = found[0]["name"]
        raise PeriodClosed(
            client.system,
            f"period {name} is {found[0]['state']}; {what} is dated {day}",
            code=found[0]["state"],
            period=name,
        )
    return int(found[0]["id"])
