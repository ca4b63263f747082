"""I1: delivery, finance and executives see one set of numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.api.gateway import a_month_of_work, at_the_gateway
from tests.firm import Firm

pytestmark = pytest.mark.anyio
ON = "2026-08-31"


def total(rows: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


async def test_every_view_is_summed_from_the_same_facts(firm: Firm) -> None:
    await a_month_of_work(firm)
    async with at_the_gateway(firm) as api:
        delivery = await api.get("/experience/v1/delivery", on=ON)
        finance = await api.get("/experience/v1/finance", on=ON)
        executive = await api.get("/experience/v1/executive", on=ON)
        close = await api.get("/experience/v1/close", on=ON)
    [project] = delivery["projects"]
    assert {name: project[name] for name in PROJECT} == PROJECT
    assert total(delivery["projects"], "wip") == Decimal("1800.00")

    [aged] = finance["aged_unbilled"]
    assert aged["buckets"] == {"0-30": "0", "31-60": "1800.00", "61-90": "0", "over 90": "0"}
    [exceptions] = finance["exceptions"]
    assert (exceptions["owner"], exceptions["blocked"]) == ("finance", "3996.00")
    [ready] = finance["readiness"]
    assert (ready["ready"], ready["to_invoice"], ready["period"]) == (False, "1800.00", "Aug 2026")
    assert [(b["hold"], b["owner"], b["amount"]) for b in ready["blockers"]] == [
        ("H-1", "finance", "3996.00")
    ]

    [euro] = executive["outlook"]
    assert (euro["pipeline"], euro["deals"]) == ("15000.0", 1)
    assert euro["months"] == [{"month": "2026-07-01", "invoiced": "2400.00"}]
    for name in ("sold", "backlog", "earned", "wip", "held", "invoiced", "cost", "margin"):
        assert Decimal(euro[name]) == total(delivery["projects"], name), name
    assert Decimal(euro["wip"]) == total(finance["aged_unbilled"], "total")
    assert Decimal(euro["held"]) == total(finance["exceptions"], "blocked")
    assert Decimal(euro["invoiced"]) == total(euro["months"], "invoiced")

    dutch, american = close["companies"]
    july = dutch["periods"][1]
    assert (july["period"], july["state"], july["clear"]) == ("Jul 2026", "open", False)
    assert july["unbilled"] == [{"currency": "EUR", "amount": "1800.00"}]
    assert july["held"] == [{"currency": "EUR", "amount": "3996.00"}]
    assert (july["holds"], july["unposted"], july["unapproved"]) == (["H-1"], [], 0)
    assert [p["clear"] for p in american["periods"]] == [True]


PROJECT = {
    "name": "Harbour redesign", "client": "Harbour Works", "contract": "C-0002",
    "legal_entity": "EA-NL", "currency": "EUR", "sold": "15000.0", "earned": "4200.00",
    "invoiced": "2400.00", "wip": "1800.00", "unposted": "0", "held": "3996.00",
    "backlog": "10800.00", "hours": "32.0", "hours_sold": "100.0", "cost": "2240.00",
    "uncosted_hours": "4.0", "margin": "1960.00", "margin_percent": "46.7",
    "burn_percent": "28.0", "hours_burn_percent": "32.0", "billing_status": "held",
}  # fmt: skip
"""28 hours at 150 of which 16 are invoiced; 4 more hours at 999 are held, so nobody knows yet by
which card they are priced, and what they cost.
"""
