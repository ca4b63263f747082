"""H3: old reconciliations, key figures and alerts go; what somebody answered for stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from isthmus.kit.clock import utc_now
from isthmus.kit.ids import new_id
from isthmus.store.database import Database, Transaction

pytestmark = pytest.mark.anyio
RUN = (
    "insert into reconciliation_run (id, name, promise, plan, state, asked_by, asked_at, "
    "finished_at) values (:id, :name, 'customers', '{}', 'finished', 'schedule', :at, :at)"
)
TOTAL = (
    "insert into reconciliation_total values "
    "(:run, 'customers', '', '', '', 1, 1, 0, 0, 0, 0, 1, 0)"
)
BREAK = (
    "insert into reconciliation_break (name, leg, key, copy, kind, object_kind, label, hours, "
    "amount, state, owner, first_run, last_run, closed_at) values ('daily', 'customers', :key, 1, "
    "'missing', 'customer', 'Harbour', 0, 0, :state, 'finance', :run, :run, :closed)"
)
SIGN = (
    "insert into reconciliation_act (run, act, role, by, note) values "
    "(:run, 'sign', 'finance', 'kim', 'agreed')"
)


async def test_what_nobody_answered_for_goes(database_url: str) -> None:
    database, now = Database(database_url), utc_now()
    old, day = now - timedelta(days=1200), timedelta(days=1)
    try:
        async with database.begin() as tx:
            plain = await _run(tx, "daily", old)
            signed = await _run(tx, "daily", old + day)
            still = await _run(tx, "daily", old + 2 * day)
            await _run(tx, "daily", now)
            await _run(tx, "only", old)
            await tx.connection.execute(text(SIGN), {"run": signed})
            for key, run, state, closed in (
                ("a", plain, "closed", old), ("b", still, "open", None),
            ):  # fmt: skip
                given = {"key": key, "run": run, "state": state, "closed": closed}
                await tx.connection.execute(text(BREAK), given)
            for on in (old.date(), now.date()):
                await tx.connection.execute(
                    text("insert into kpi_day (name, legal_entity, currency, \"on\", value) "
                         "values ('unbilled', '', '', :on, 1)"), {"on": on},
                )  # fmt: skip
            for key, over in (("x", old), ("y", None)):
                await tx.connection.execute(
                    text("insert into alert (key, flow, owner, severity, title, body, resolved_at) "
                         "values (:key, 'f', 'finance', 'high', 't', 'b', :over)"),
                    {"key": key, "over": over},
                )  # fmt: skip
        before = now - timedelta(days=1100)
        async with database.begin() as tx:
            kept = tx.retained_figures
            assert await kept.old_reconciliations(before) == 2, "a run and its closed break"
            assert await kept.remove_reconciliations(before) == 2
            assert await kept.remove_reconciliations(before) == 0
            assert (await kept.old_figures(before), await kept.remove_figures(before)) == (1, 1)
            assert (await kept.old_alerts(before), await kept.remove_alerts(before)) == (1, 1)
            names = await tx.connection.scalars(text("select name from reconciliation_run"))
            assert sorted(names) == ["daily", "daily", "daily", "only"]
            totals = await tx.connection.scalar(text("select count(*) from reconciliation_total"))
            assert totals == 4
            keys = await tx.connection.scalars(text("select key from reconciliation_break"))
            assert list(keys) == ["b"]
    finally:
        await database.close()


async def _run(tx: Transaction, name: str, at: datetime) -> str:
    id = new_id()
    await tx.connection.execute(text(RUN), {"id": id, "name": name, "at": at})
    await tx.connection.execute(text(TOTAL), {"run": id})
    return id
