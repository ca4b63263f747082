"""kill -9 before and after every step of a reconciliation and of a repair."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crash.test_kill_at_every_step import moments, mortal_workers
from tests.firm import a_firm
from tests.reconcile.conftest import RECONCILIATIONS
from tests.reconcile.reconciling import breaks, totals

from isthmus.kit.clock import utc_now
from isthmus.reconcile.plans import plans
from isthmus.reconcile.repairing import ask_repair
from isthmus.reconcile.running import request

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
STEPS = {
    "reconciliation": ("legs_to_compare", "compare_leg", "conclude"),
    "reconciliation_repair": ("repair_break",),
}


async def test_a_run_and_a_repair_survive_every_death(database_url: str, tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.touch()
    async with (
        a_firm(database_url, tmp_path, more=RECONCILIATIONS, works=False) as firm,
        mortal_workers(firm, database_url, deaths),
    ):
        stranger = {"companyName": "Unknown Ltd", "subsidiary": {"externalId": "EA-NL"},
                    "isPerson": False}  # fmt: skip
        await firm.books.control("seed", {"customer": [stranger]})
        plan = plans(firm.app.landscape, utc_now().date())["customers"]
        id = await request(firm.app.engine, plan, "finance@firm.example")
        await firm.settle(seconds=120)
        async with firm.app.database.begin() as tx:
            run = await tx.reconciliations.get(id)
        assert run.state == "finished"
        [found] = await breaks(firm, run)
        assert (found.kind, found.state, found.times_seen) == ("extra", "open", 1)
        [total] = await totals(firm, run)
        assert (total.source_count, total.target_count) == (0, 1)
        assert len(await firm.events("reconciliation.finished")) == 1

        await ask_repair(firm.app.engine, found.code, "fixer@firm.example")
        await firm.settle(seconds=120)
        [hold] = await firm.open_holds()
        assert hold.code == "reconciled_extra"
    assert set(deaths.read_text().splitlines()) == moments(STEPS)
