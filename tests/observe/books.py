"""A firm of two companies whose every figure can be worked out by hand; now is 10 July 2026, noon.

Amsterdam is two hours ahead of UTC all the while.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from isthmus.kit.ids import derived_id
from isthmus.store.database import Transaction
from isthmus.store.event_tables import event
from isthmus.store.fact_tables import fact
from isthmus.store.measure_tables import traffic
from isthmus.store.queue_tables import bulk
from isthmus.store.tables import (
    expense_entry,
    hold,
    inbox,
    record,
    run,
    time_entry,
    watermark,
    xref,
)

NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)
COLUMNS = {"event": event, "fact": fact, "hold": hold, "run": run}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def named(name: str) -> str:
    return derived_id("test", name)


async def write(tx: Transaction, table: sa.Table, **values: Any) -> None:
    await tx.connection.execute(sa.insert(table).values(**values))


async def told(
    tx: Transaction, type: str, subject: str, when: str, *, cause: str | None = None,
    correlation: str = "a story", **data: Any,
) -> None:  # fmt: skip
    await write(
        tx, event, id=named(f"{type} {subject} {when}"), type=type, source="test",
        subject=named(subject), occurred_at=at(when), correlation_id=correlation,
        causation_id=cause and named(cause), data=data,
    )  # fmt: skip


async def rated(
    tx: Transaction, name: str, project: str, entity: str, day: str, hours: str, amount: str,
    *, invoice: str | None = None, posted: str | None = None, kind: str = "time_entry",
    currency: str = "EUR",
) -> None:  # fmt: skip
    await write(
        tx, fact, id=named(f"fact {name}"), source_kind=kind, source_id=named(name),
        source_version=1, contract=named("contract"), project=named(project),
        happened_on=at(day).date(), hours=Decimal(hours), billed_hours=Decimal(hours),
        rate=Decimal(100), amount=Decimal(amount), currency=currency, description=name, trail=[],
        run_id="a run", legal_entity=entity, invoice=invoice and named(invoice),
        rated_at=at(f"{day}T18:00"), posted_at=posted and at(posted),
    )  # fmt: skip


async def entry(
    tx: Transaction, name: str, project: str, person: str, day: str, *, approval: str,
    state: str = "received", hours: str = "8",
) -> None:  # fmt: skip
    await write(
        tx, time_entry, id=named(name), connection="psa", external_id=name, state=state,
        approval=approval, worked_on=at(day).date(), hours=Decimal(hours), project=named(project),
        resource=named(person), currency="EUR", source_rate=Decimal("99.995"), data={},
    )  # fmt: skip


async def _objects(tx: Transaction) -> None:
    for project, entity in (("harbour", "EA-NL"), ("tower", "EA-US"), ("bridge", "EA-NL")):
        await write(
            tx, record, kind="project", id=named(project),
            data={"name": project, "legal_entity": entity, "status": "active"},
        )  # fmt: skip
    await write(tx, record, kind="project", id=named("over"), data={"status": "closed"})
    await write(
        tx, xref, kind="project", canonical_id=named("harbour"), space="netsuite", external_id="9"
    )
    await write(
        tx, xref, kind="project", canonical_id=named("tower"), space="salesforce", external_id="8"
    )
    for person, entity in (("ada", "EA-NL"), ("bo", "EA-US")):
        await write(
            tx, record, kind="resource", id=named(person),
            data={"number": person, "legal_entity": entity},
        )  # fmt: skip
    await write(
        tx, record, kind="milestone", id=named("design"),
        data={"name": "design", "project": named("harbour"), "state": "delivered",
              "delivered_on": "2026-07-07"},
    )  # fmt: skip
    await write(
        tx, record, kind="contract", id=named("contract"),
        data={"number": "C-1", "legal_entity": "EA-NL"},
    )  # fmt: skip


async def _deals(tx: Transaction) -> None:
    """Three projects opened in the window, after 1, 4 and 10 hours; one before it after 2."""
    opened = (("harbour", "07-01", 1), ("tower", "07-02", 4), ("bridge", "07-03", 10))
    for project, day, hours in (*opened, ("over", "06-01", 2)):
        await told(tx, "opportunity.closed_won", f"deal {project}", f"{day}T08:00")
        await told(
            tx, "project.opened", project, f"{day}T{8 + hours:02}:00",
            opportunity=named(f"deal {project}"),
        )  # fmt: skip


async def _invoices(tx: Transaction) -> None:
    """One posted at 23:30 UTC on 1 July, which is 2 July in Amsterdam; one on 5 July.

    The first bills 8 h of 12 June (20 days) and 2 h of 22 June (10 days), the second 5 h of
    30 June (5 days): (8 x 20 + 2 x 10 + 5 x 5) / 15 = 13.67 days.
    """
    await rated(tx, "a", "harbour", "EA-NL", "06-12", "8", "800", invoice="I1",
                posted="06-13T10:00")  # fmt: skip
    await rated(tx, "b", "harbour", "EA-NL", "06-22", "2", "200", invoice="I1",
                posted="06-30T21:59")  # fmt: skip
    await rated(tx, "c", "tower", "EA-US", "06-30", "5", "500", invoice="I2",
                posted="06-30T22:00")  # fmt: skip
    await rated(tx, "sign-off", "harbour", "EA-NL", "06-25", "0", "9000", invoice="I1",
                posted="06-25T10:00", kind="milestone")  # fmt: skip
    await told(tx, "invoice.posted", "I1", "07-01T23:30", number="INV1")
    await told(tx, "invoice.posted", "I2", "07-05T10:00", number="INV2")


async def _runs(tx: Transaction) -> None:
    """Four billing runs: two drafted, one stopped, one with nothing to bill; and one other run."""
    flows = {"r1": "contract_to_invoice", "r2": "contract_to_invoice", "r3": "contract_to_invoice",
             "r4": "contract_to_invoice", "r5": "customer_sync"}  # fmt: skip
    for name, flow in flows.items():
        await write(
            tx, run, id=name, flow=flow, subject=named("contract"), event_id=named(f"due {name}"),
            correlation_id=name, priority=20, created_at=at("07-06T10:00"),
        )  # fmt: skip
    for name in ("r1", "r2"):
        await told(tx, "invoice.drafted", f"draft {name}", "07-06T10:01", cause=f"due {name}",
                   correlation=name)  # fmt: skip
    for name, state, code in (("r3", "held", "po_missing"), ("r2", "resolved", "no_rate")):
        await stopped(tx, f"run:{name}", "07-06T10:02", run_id=name, state=state, code=code)


async def stopped(tx: Transaction, key: str, when: str, **facts: Any) -> None:
    values = {"reason": key, "owner": "finance", "fix": "Do it.", "flow": "contract_to_invoice"}
    await write(tx, hold, key=key, opened_at=at(when), **{**values, **facts})


async def _open_work(tx: Transaction) -> None:
    await rated(tx, "d", "harbour", "EA-NL", "07-03", "8", "800.50", posted="07-04T10:00")
    await rated(tx, "e", "tower", "EA-US", "06-29", "3", "330", currency="USD")
    await entry(tx, "t1", "harbour", "ada", "07-08", approval="approved", hours="1")
    await entry(tx, "t2", "harbour", "ada", "07-07", approval="submitted")
    await entry(tx, "t3", "tower", "bo", "07-04", approval="approved", state="rated")
    await entry(tx, "t4", "tower", "bo", "07-09", approval="draft")
    await write(
        tx, expense_entry, id=named("x1"), connection="psa", external_id="x1", approval="submitted",
        spent_on=at("07-09").date(), amount=Decimal(50), project=named("harbour"),
        resource=named("ada"), currency="EUR", data={},
    )  # fmt: skip
    await stopped(tx, "review", "07-07T12:00", state="held", code="milestone_review",
                  object_kind="milestone", object_id=named("design"))  # fmt: skip
    await write(
        tx, bulk, act="replay", arguments={}, filter={}, per_second=5, state="awaiting_approval",
        asked_by="ada", asked_at=at("07-09T12:00"),
    )  # fmt: skip


async def _reading(tx: Transaction) -> None:
    for kind, when in (("customer", "07-10T11:59"), ("project", "07-10T11:45")):
        await write(tx, watermark, connection="salesforce", kind=kind, state={},
                    updated_at=at(when))  # fmt: skip
    for name, done in (("m1", None), ("m2", "07-10T10:00")):
        await write(
            tx, inbox, id=named(name), connection="salesforce", dedup_key=name, headers={},
            body=b"", kind="opportunity", received_at=at("07-10T11:40"),
            processed_at=done and at(done),
        )  # fmt: skip
    for bound, calls in ((10, 90), (50, 4), (250, 5), (1000, 1)):
        await write(
            tx, traffic, side="api", name="GET /events", outcome="2xx", le_ms=bound,
            hour=at("07-10T11:00"), calls=calls, total_ms=0,
        )  # fmt: skip


async def the_books(tx: Transaction) -> None:
    for part in (_objects, _deals, _invoices, _runs, _open_work, _reading):
        await part(tx)
