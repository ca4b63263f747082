"""Old content and a restored database, from the command line."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.cli.conftest import Isthmus
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account
from tests.landscapes import ENVIRONMENT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def idle(
    database_url: str, isthmus: Isthmus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Firm]:
    """A firm without a worker, whose clock would empty what is old before it is counted."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    async with a_firm(database_url, tmp_path, works=False) as made:
        yield made


async def test_old_messages_are_counted_and_then_emptied(idle: Firm, isthmus: Isthmus) -> None:
    async with idle.app.database.begin() as tx:
        for key in ("1", "2"):
            await tx.inbox.accept("salesforce", key, kind="opportunity", external_id="006",
                                  headers={}, body=b"{}")  # fmt: skip
            [waiting] = await tx.inbox.waiting("salesforce", 1)
            await tx.inbox.done(waiting.id)
        await tx.connection.execute(
            sa.text("update inbox set processed_at = processed_at - cast(:age as interval)"),
            {"age": timedelta(days=31)},
        )
    kept = [{"class": "runs", "kept_for": "90d", "rows": 0},
            {"class": "messages", "kept_for": "30d", "rows": 2},
            {"class": "events", "kept_for": "90d", "rows": 0},
            {"class": "message_keys", "kept_for": "400d", "rows": 0},
            {"class": "run_keys", "kept_for": "400d", "rows": 0},
            {"class": "quota_use", "kept_for": "35d", "rows": 0},
            {"class": "figures", "kept_for": "1100d", "rows": 0},
            {"class": "alerts", "kept_for": "400d", "rows": 0},
            {"class": "reconciliations", "kept_for": "1100d", "rows": 0}]  # fmt: skip
    assert json.loads((await isthmus("db", "purge", "--json")).out) == kept
    assert json.loads((await isthmus("db", "purge", "--write", "--json")).out) == kept
    kept[1]["rows"] = 0
    assert json.loads((await isthmus("db", "purge", "--json")).out) == kept


async def test_a_restored_database_leaves_a_gap_and_reads_every_system(
    firm: Firm, isthmus: Isthmus
) -> None:
    await a_deal(firm, await an_account(firm))
    async with firm.app.database.begin() as tx:
        end = await tx.events.end()
    answer = await isthmus("db", "restored")
    assert answer.code == 0, answer.err
    assert answer.out.startswith(f"the dump ends with event {end}; ")
    assert answer.out.endswith(" changes were read; start the workers\n")
    [told] = await firm.events("database.restored")
    assert (told["position"] > end + 1_000_000, told["data"]["by"]) == (True, "a tester")
    [won] = await firm.events("opportunity.changed")
    assert won["position"] > told["position"]
