"""The event log: what lasts in one table, what passes in partitions by time.

    event                        partitioned by `lasts`
      event_lasting              kept for good
      event_passing              partitioned by `occurred_at`, dropped whole
        event_passing_<from>     one each for some days
        event_passing_rest       what no partition was made for in time

Every unique key has to contain what a table is partitioned by. Positions come from one sequence, so
`position` is unique by itself all the same.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from isthmus.store.columns import at, metadata, text

event = sa.Table(
    "event", metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("id", UUID(as_uuid=False), nullable=False),
    sa.Column("lasts", sa.Boolean, nullable=False, server_default=sa.true(),
              comment="Kept for good, because flows and people read it later"),
    text("type"),
    text("source"),
    text("subject"),
    at("occurred_at"),
    text("correlation_id"),
    text("causation_id", nullable=True),
    sa.Column("data", JSONB, nullable=False),
    sa.PrimaryKeyConstraint("position", "lasts", "occurred_at"),
    sa.UniqueConstraint("id", "lasts", "occurred_at"),
    comment="Outbox: every event, in order, as CloudEvents attributes",
    postgresql_partition_by="list (lasts)",
)  # fmt: skip
sa.Index("event_subject_idx", event.c.subject, event.c.position)
sa.Index("event_correlation_id_idx", event.c.correlation_id)
sa.Index("event_type_idx", event.c.type, event.c.position)

event_floor = sa.Table(
    "event_floor", metadata,
    sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("position", sa.BigInteger, nullable=False, server_default="0",
              comment="Last event that passes and was removed"),
    at("moved_at"),
    sa.CheckConstraint("one", name="event_floor_one_check"),
    comment="One row: from where on the event log is whole",
)  # fmt: skip
