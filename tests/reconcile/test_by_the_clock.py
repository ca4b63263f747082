"""A reconciliation that the clock asks for, and that waits for a system which is away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.firm import a_firm
from tests.reconcile.conftest import RECONCILIATIONS
from tests.reconcile.reconciling import told

from isthmus.kit.clock import utc_now
from isthmus.reconcile.plans import days_of, plans
from isthmus.reconcile.schedule import reconcile_when_due

pytestmark = pytest.mark.anyio
DAILY = "  daily: {promise: customers, connections: [salesforce, netsuite], every: 1d}\n"


async def test_once_a_day_and_through_an_outage(database_url: str, tmp_path: Path) -> None:
    async with a_firm(database_url, tmp_path, more=RECONCILIATIONS + DAILY, works=False) as firm:
        engine, now = firm.app.engine, utc_now()
        assert await reconcile_when_due(engine, now) == 1
        assert await reconcile_when_due(engine, now + timedelta(days=2)) == 0, "it is not over"
        await firm.books.control("faults", {"kind": "outage"})
        await firm.app.start(readers=False)
        await firm.settle()
        hold = await firm.hold()
        assert (hold.state, hold.system) == ("waiting_system", "netsuite")
        async with firm.app.database.begin() as tx:
            [run] = await tx.reconciliations.list()
            assert (run.name, run.state, run.asked_by) == ("daily", "running", "schedule")
            assert await tx.reconciliations.totals(run.id) == [], "nothing is half kept"

        await firm.books.clear_faults()
        await firm.wake()
        async with firm.app.database.begin() as tx:
            run = await tx.reconciliations.get(run.id)
        assert run.state == "finished"
        assert await told(firm, run) == []
        assert await firm.open_holds() == []
        assert await reconcile_when_due(engine, now + timedelta(hours=23)) == 0
        assert await reconcile_when_due(engine, now + timedelta(hours=25)) == 1
        await firm.settle()


def test_what_the_landscape_leaves_open(tmp_path: Path) -> None:
    from tests.landscapes import ACQUIRED, BOTH_BOOKS, ENVIRONMENT, LOGINS

    from isthmus.installed import connector_configs
    from isthmus.landscape import load

    text = ACQUIRED.format(
        salesforce="http://a", acquired="http://b", netsuite="http://c", netsuite_us="http://d",
        erp=BOTH_BOOKS, accounts="{}", **LOGINS,
        more="reconciliations: {terms: {promise: customers, connections: [acquired, netsuite_us]}}",
    )  # fmt: skip
    path = tmp_path / "isthmus.yaml"
    path.write_text(text)
    landscape = load(path, connector_configs(), ENVIRONMENT)
    found = plans(landscape, utc_now().date())
    assert {name: (p.source, p.target, p.legal_entities) for name, p in found.items()} == {
        "terms": ("acquired", "netsuite_us", ("EA-US",)),
        "time-certinia-netsuite": ("certinia", "netsuite", ("EA-NL",)),
        "time-acquired_psa-netsuite_us": ("acquired_psa", "netsuite_us", ("EA-US",)),
        "invoices-netsuite-salesforce": ("netsuite", "salesforce", ("EA-NL",)),
        "invoices-netsuite_us-acquired": ("netsuite_us", "acquired", ("EA-US",)),
    }
    time = found["time-certinia-netsuite"]
    days = days_of(time, utc_now().date().replace(year=2026, month=1, day=31))
    assert days is not None
    assert (days.first.isoformat(), days.last.isoformat()) == ("2025-12-01", "2026-01-31")
    assert days_of(found["terms"], utc_now().date()) is None
