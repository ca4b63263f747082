"""What the command line tells of limits and of systems that are away."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import Isthmus
from tests.firm import Firm

pytestmark = pytest.mark.anyio


async def test_calls_are_counted_as_the_vendors_count_them(firm: Firm, isthmus: Isthmus) -> None:
    await firm.read()
    for gate in firm.app.gates.values():
        await gate.close()
    found = {
        q["connection"]: q for q in json.loads((await isthmus("connection", "quota", "--json")).out)
    }
    assert sorted(found) == ["netsuite", "salesforce"], "certinia lives in the org of salesforce"
    netsuite, salesforce = found["netsuite"], found["salesforce"]
    assert sum(netsuite["day"].values()) == firm.books.simulator.traffic.counts.total()
    assert sum(salesforce["day"].values()) == firm.org.simulator.usage.used + 1, "and its token"
    assert salesforce["vendor_used"] == firm.org.simulator.usage.used
    assert salesforce["day_allowed"] == salesforce["vendor_allowed"] == 100_000
    assert set(netsuite["day"]) == {"reconciliation"}
    assert (netsuite["state"], netsuite["in_flight"], netsuite["concurrency"]) == ("answers", 0, 4)


async def test_a_system_that_is_away_is_shown_by_status_and_doctor(
    firm: Firm, isthmus: Isthmus
) -> None:
    await firm.read()
    governor = firm.app.governor
    for _ in range(5):
        await governor.failed("netsuite", "answered 503")
    shown = (await isthmus("connection", "quota")).out
    assert "away" in shown
    status = json.loads((await isthmus("status", "--json")).out)
    [netsuite] = [c for c in status["connections"] if c["connection"] == "netsuite"]
    assert netsuite["state"] == "away"
    assert netsuite["detail"].endswith("UTC: answered 503")
    findings = json.loads((await isthmus("doctor", "--json")).out)
    [away] = [f for f in findings if f["what"] == "calls to netsuite"]
    assert away["ok"] is False
    assert "one call at a time looks whether it is back" in away["remedy"]
