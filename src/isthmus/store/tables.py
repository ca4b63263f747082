"""Records, runs, holds, entries and what keeps the processes together."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

from isthmus.store.columns import at, id_column, metadata, money, text, uuid

record = sa.Table(
    "record", metadata,
    text("kind"),
    sa.Column("id", UUID(as_uuid=False), nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("data", JSONB, nullable=False),
    at("updated_at"),
    sa.PrimaryKeyConstraint("kind", "id"),
    comment="Canonical objects, one row each, as the JSON of their model",
)  # fmt: skip
sa.Index(
    "record_data_idx", record.c.data, postgresql_using="gin",
    postgresql_ops={"data": "jsonb_path_ops"},
)  # fmt: skip

sa.Index("record_id_idx", record.c.id)

xref = sa.Table(
    "xref", metadata,
    text("kind"),
    uuid("canonical_id", nullable=False),
    text("space"),
    text("external_id"),
    at("linked_at"),
    sa.PrimaryKeyConstraint("kind", "space", "external_id"),
    sa.UniqueConstraint("kind", "space", "canonical_id"),
    comment="One canonical id per object, every system's own id under it",
)  # fmt: skip

watermark = sa.Table(
    "watermark", metadata,
    text("connection"),
    text("kind"),
    sa.Column("state", JSONB, nullable=False),
    at("updated_at"),
    sa.Column("first_read_at", sa.DateTime(timezone=True), nullable=True,
              comment="When the first reading came to its end, shown or refused"),
    sa.PrimaryKeyConstraint("connection", "kind"),
    comment="How far each connection's changes have been read",
)  # fmt: skip

inbox = sa.Table(
    "inbox", metadata,
    id_column(),
    text("connection"),
    sa.Column("dedup_key", sa.Text, nullable=False,
              comment="The vendor's event id, or a hash of the payload"),
    text("kind", nullable=True),
    text("external_id", nullable=True),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    at("received_at"),
    at("processed_at", nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    text("error", nullable=True),
    sa.Column("deliveries", sa.Integer, nullable=False, server_default="1"),
    sa.Column("emptied_at", sa.DateTime(timezone=True), nullable=True,
              comment="When headers and body were removed; the key stays"),
    sa.UniqueConstraint("connection", "dedup_key"),
    comment="Every inbound message, committed before it is acknowledged",
)  # fmt: skip
sa.Index("inbox_unprocessed_idx", inbox.c.received_at,
         postgresql_where=inbox.c.processed_at.is_(None))  # fmt: skip
sa.Index("inbox_full_idx", inbox.c.processed_at,
         postgresql_where=sa.text("emptied_at is null and processed_at is not null"))  # fmt: skip
sa.Index("inbox_emptied_idx", inbox.c.processed_at,
         postgresql_where=inbox.c.emptied_at.is_not(None))  # fmt: skip

run = sa.Table(
    "run", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
    text("flow"),
    text("subject"),
    uuid("event_id", nullable=False),
    text("correlation_id"),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="queued"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    at("created_at"),
    at("started_at", nullable=True),
    at("finished_at", nullable=True),
    sa.Column("emptied_at", sa.DateTime(timezone=True), nullable=True,
              comment="When its event and recorded steps were removed; the id stays"),
    comment="One run of one flow; its id is the idempotency key",
)  # fmt: skip
sa.Index("run_state_idx", run.c.state)
sa.Index("run_subject_idx", run.c.subject)
sa.Index(
    "run_full_idx", run.c.finished_at, run.c.id,
    postgresql_where=sa.text("emptied_at is null and state in ('succeeded', 'skipped')"),
)  # fmt: skip
sa.Index("run_emptied_idx", run.c.flow, run.c.finished_at,
         postgresql_where=run.c.emptied_at.is_not(None))  # fmt: skip

hold = sa.Table(
    "hold", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("state", sa.Text, nullable=False, server_default="held",
              comment="held, waiting_system, waiting_period, dead, replaying, resolved"),
    text("code"),
    text("reason"),
    text("owner"),
    text("fix"),
    text("flow"),
    text("step", nullable=True),
    text("run_id", nullable=True),
    text("object_kind", nullable=True),
    uuid("object_id"),
    text("customer", nullable=True),
    money("amount", nullable=True),
    text("currency", nullable=True),
    text("system", nullable=True),
    text("period", nullable=True),
    sa.Column("detail", JSONB, nullable=False, server_default="{}"),
    sa.Column("key", sa.Text, nullable=False, comment="What is held; one open hold each"),
    text("correlation_id", nullable=True),
    at("opened_at"),
    at("resolved_at", nullable=True),
    text("resolution", nullable=True),
    text("resolved_by", nullable=True),
    sa.Column("resolution_code", sa.Text, nullable=True,
              comment="What became of it, in one word that can be counted"),
    text("assigned_to", nullable=True),
    sa.Column("severity", sa.Text, nullable=True, comment="low, normal, high, critical"),
    sa.Column("deadline_on", sa.Date, nullable=True,
              comment="Billing day that it misses if it is still open then"),
    at("due_at", nullable=True),
    sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True,
              comment="When it was told that it is overdue"),
    sa.Column("look_at", sa.DateTime(timezone=True), nullable=True,
              server_default=sa.func.clock_timestamp(),
              comment="When its severity and its clock are to be looked at next"),
    comment="What cannot go on, why, who owns it and how to mend it",
)  # fmt: skip
sa.Index("hold_key_open_idx", hold.c.key, unique=True,
         postgresql_where=hold.c.state != "resolved")  # fmt: skip
sa.Index("hold_run_id_idx", hold.c.run_id)
sa.Index("hold_look_at_idx", hold.c.look_at,
         postgresql_where=hold.c.state != "resolved")  # fmt: skip

edit = sa.Table(
    "edit", metadata,
    id_column(),
    sa.Column("hold", sa.BigInteger, sa.ForeignKey("hold.number"), nullable=False),
    text("object_kind"),
    uuid("object_id", nullable=False),
    text("attribute"),
    sa.Column("original", JSONB, nullable=True),
    sa.Column("value", JSONB, nullable=True),
    text("edited_by"),
    at("edited_at"),
    comment="A person's correction of a held object, kept beside the original",
)  # fmt: skip
sa.Index("edit_object_idx", edit.c.object_kind, edit.c.object_id)

drift = sa.Table(
    "drift", metadata,
    id_column(),
    text("kind"),
    uuid("canonical_id", nullable=False),
    text("connection"),
    text("attribute"),
    text("owner"),
    text("policy"),
    sa.Column("kept", JSONB, nullable=True),
    sa.Column("offered", JSONB, nullable=True),
    at("seen_at"),
    sa.UniqueConstraint("kind", "canonical_id", "connection", "attribute"),
    comment="Writes by systems that do not own the attribute",
)  # fmt: skip


def _entries(name: str, *own: sa.Column[Any], comment: str) -> sa.Table:
    """Rows that people enter by the hundred: one life cycle, columns of their own between."""
    table = sa.Table(
        name, metadata,
        id_column(),
        text("connection"),
        text("external_id"),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("state", sa.Text, nullable=False, server_default="received",
                  comment="received, rated, posted, invoiced, held, unbillable, withdrawn"),
        text("approval"),
        *own,
        uuid("project", nullable=False),
        uuid("resource", nullable=False),
        text("currency"),
        sa.Column("data", JSONB, nullable=False),
        uuid("batch"),
        at("updated_at"),
        sa.UniqueConstraint("connection", "external_id"),
        comment=comment,
    )  # fmt: skip
    sa.Index(f"{name}_batch_idx", table.c.batch)
    sa.Index(f"{name}_project_idx", table.c.project)
    return table


time_entry = _entries(
    "time_entry",
    sa.Column("worked_on", sa.Date, nullable=False),
    money("hours"),
    money("source_rate", nullable=True),
    comment="Approved and unapproved hours; rows, not runs",
)
# No index of hours knows their state: a row that moves on is written where it is, and in no index.
sa.Index("time_entry_unbatched_idx", time_entry.c.approval, time_entry.c.worked_on,
         time_entry.c.id, postgresql_where=time_entry.c.batch.is_(None))  # fmt: skip

expense_entry = _entries(
    "expense_entry",
    sa.Column("spent_on", sa.Date, nullable=False),
    money("amount"),
    sa.Column("journal", UUID(as_uuid=False), nullable=True,
              comment="Journal entry with its cost, in a ledger or on its way there"),
    comment="Approved and unapproved expenses; rows, not runs",
)  # fmt: skip
sa.Index("expense_entry_waiting_idx", expense_entry.c.approval, expense_entry.c.batch,
         postgresql_where=expense_entry.c.state == "received")  # fmt: skip

executor = sa.Table(
    "executor", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    at("seen_at"),
    comment="Worker processes that are alive; a stale one's runs are taken over",
)  # fmt: skip

dry_run = sa.Table(
    "dry_run", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    at("made_at"),
    sa.Column("plan", JSONB, nullable=False),
    comment="What a billing run would have invoiced, kept to tell what changed since",
)  # fmt: skip

destination = sa.Table(
    "destination", metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False,
              comment="Last event of the log that it has, or was not meant to have"),
    sa.Column("holder", sa.Text, nullable=True, comment="Process that sends to it"),
    at("held_until", nullable=True),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0",
              comment="Attempts that failed since the last event got through"),
    text("error", nullable=True),
    sa.Column("sent", sa.BigInteger, nullable=False, server_default="0"),
    at("sent_at", nullable=True),
    comment="How far each broker and webhook has been sent the events",
)  # fmt: skip

submission = sa.Table(
    "submission", metadata,
    sa.Column("key", sa.Text, primary_key=True, comment="The caller's Idempotency-Key"),
    sa.Column("digest", sa.LargeBinary, nullable=False,
              comment="SHA-256 of what was asked, uncompressed"),
    sa.Column("answer", sa.Text, nullable=True, comment="JSON, as it was sent"),
    at("received_at"),
    comment="Requests that are answered once: a repeat of the key gets the same answer",
)  # fmt: skip
sa.Index("submission_received_at_idx", submission.c.received_at)
