"""Every table of the product. Money columns are NUMERIC; instants are TIMESTAMPTZ."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def _id(**options: object) -> sa.Column[str]:
    return sa.Column("id", UUID(as_uuid=False), primary_key=True, **options)  # type: ignore[arg-type] # Column's options


def _uuid(name: str, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, UUID(as_uuid=False), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    default = None if nullable else sa.func.clock_timestamp()
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _money(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric, nullable=nullable)


record = sa.Table(
    "record", metadata,
    _text("kind"),
    sa.Column("id", UUID(as_uuid=False), nullable=False),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("data", JSONB, nullable=False),
    _at("updated_at"),
    sa.PrimaryKeyConstraint("kind", "id"),
    comment="Canonical objects, one row each, as the JSON of their model",
)  # fmt: skip
sa.Index(
    "record_data_idx", record.c.data, postgresql_using="gin",
    postgresql_ops={"data": "jsonb_path_ops"},
)  # fmt: skip

xref = sa.Table(
    "xref", metadata,
    _text("kind"),
    _uuid("canonical_id", nullable=False),
    _text("space"),
    _text("external_id"),
    _at("linked_at"),
    sa.PrimaryKeyConstraint("kind", "space", "external_id"),
    sa.UniqueConstraint("kind", "space", "canonical_id"),
    comment="One canonical id per object, every system's own id under it",
)  # fmt: skip

watermark = sa.Table(
    "watermark", metadata,
    _text("connection"),
    _text("kind"),
    sa.Column("state", JSONB, nullable=False),
    _at("updated_at"),
    sa.PrimaryKeyConstraint("connection", "kind"),
    comment="How far each connection's changes have been read",
)  # fmt: skip

inbox = sa.Table(
    "inbox", metadata,
    _id(),
    _text("connection"),
    sa.Column("dedup_key", sa.Text, nullable=False,
              comment="The vendor's event id, or a hash of the payload"),
    _text("kind", nullable=True),
    _text("external_id", nullable=True),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    _at("received_at"),
    _at("processed_at", nullable=True),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _text("error", nullable=True),
    sa.Column("deliveries", sa.Integer, nullable=False, server_default="1"),
    sa.UniqueConstraint("connection", "dedup_key"),
    comment="Every inbound message, committed before it is acknowledged",
)  # fmt: skip
sa.Index("inbox_unprocessed_idx", inbox.c.received_at,
         postgresql_where=inbox.c.processed_at.is_(None))  # fmt: skip

event = sa.Table(
    "event", metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("id", UUID(as_uuid=False), nullable=False, unique=True),
    _text("type"),
    _text("source"),
    _text("subject"),
    _at("occurred_at"),
    _text("correlation_id"),
    _text("causation_id", nullable=True),
    sa.Column("data", JSONB, nullable=False),
    comment="Outbox: every event, in order, as CloudEvents attributes",
)  # fmt: skip
sa.Index("event_subject_idx", event.c.subject, event.c.position)
sa.Index("event_correlation_id_idx", event.c.correlation_id)

run = sa.Table(
    "run", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
    _text("flow"),
    _text("subject"),
    _uuid("event_id", nullable=False),
    _text("correlation_id"),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="queued"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    _at("created_at"),
    _at("started_at", nullable=True),
    _at("finished_at", nullable=True),
    comment="One run of one flow; its id is the idempotency key",
)  # fmt: skip
sa.Index("run_state_idx", run.c.state)
sa.Index("run_subject_idx", run.c.subject)

hold = sa.Table(
    "hold", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("state", sa.Text, nullable=False, server_default="held",
              comment="held, waiting_system, waiting_period, dead, replaying, resolved"),
    _text("code"),
    _text("reason"),
    _text("owner"),
    _text("fix"),
    _text("flow"),
    _text("step", nullable=True),
    _text("run_id", nullable=True),
    _text("object_kind", nullable=True),
    _uuid("object_id"),
    _text("customer", nullable=True),
    _money("amount", nullable=True),
    _text("currency", nullable=True),
    _text("system", nullable=True),
    _text("period", nullable=True),
    sa.Column("detail", JSONB, nullable=False, server_default="{}"),
    sa.Column("key", sa.Text, nullable=False, comment="What is held; one open hold each"),
    _text("correlation_id", nullable=True),
    _at("opened_at"),
    _at("resolved_at", nullable=True),
    _text("resolution", nullable=True),
    _text("resolved_by", nullable=True),
    sa.Column("resolution_code", sa.Text, nullable=True,
              comment="What became of it, in one word that can be counted"),
    _text("assigned_to", nullable=True),
    sa.Column("severity", sa.Text, nullable=True, comment="low, normal, high, critical"),
    sa.Column("deadline_on", sa.Date, nullable=True,
              comment="Billing day that it misses if it is still open then"),
    _at("due_at", nullable=True),
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
    _id(),
    sa.Column("hold", sa.BigInteger, sa.ForeignKey("hold.number"), nullable=False),
    _text("object_kind"),
    _uuid("object_id", nullable=False),
    _text("attribute"),
    sa.Column("original", JSONB, nullable=True),
    sa.Column("value", JSONB, nullable=True),
    _text("edited_by"),
    _at("edited_at"),
    comment="A person's correction of a held object, kept beside the original",
)  # fmt: skip
sa.Index("edit_object_idx", edit.c.object_kind, edit.c.object_id)

drift = sa.Table(
    "drift", metadata,
    _id(),
    _text("kind"),
    _uuid("canonical_id", nullable=False),
    _text("connection"),
    _text("attribute"),
    _text("owner"),
    _text("policy"),
    sa.Column("kept", JSONB, nullable=True),
    sa.Column("offered", JSONB, nullable=True),
    _at("seen_at"),
    sa.UniqueConstraint("kind", "canonical_id", "connection", "attribute"),
    comment="Writes by systems that do not own the attribute",
)  # fmt: skip


def _entries(name: str, *own: sa.Column[Any], comment: str) -> sa.Table:
    """Rows that people enter by the hundred: one life cycle, columns of their own between."""
    table = sa.Table(
        name, metadata,
        _id(),
        _text("connection"),
        _text("external_id"),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.Column("state", sa.Text, nullable=False, server_default="received",
                  comment="received, rated, posted, invoiced, held, unbillable, withdrawn"),
        _text("approval"),
        *own,
        _uuid("project", nullable=False),
        _uuid("resource", nullable=False),
        _text("currency"),
        sa.Column("data", JSONB, nullable=False),
        _uuid("batch"),
        _at("updated_at"),
        sa.UniqueConstraint("connection", "external_id"),
        comment=comment,
    )  # fmt: skip
    sa.Index(f"{name}_waiting_idx", table.c.approval, table.c.batch,
             postgresql_where=table.c.state == "received")  # fmt: skip
    sa.Index(f"{name}_batch_idx", table.c.batch)
    sa.Index(f"{name}_project_idx", table.c.project)
    return table


time_entry = _entries(
    "time_entry",
    sa.Column("worked_on", sa.Date, nullable=False),
    _money("hours"),
    _money("source_rate", nullable=True),
    comment="Approved and unapproved hours; rows, not runs",
)

expense_entry = _entries(
    "expense_entry",
    sa.Column("spent_on", sa.Date, nullable=False),
    _money("amount"),
    sa.Column("journal", UUID(as_uuid=False), nullable=True,
              comment="Journal entry with its cost, in a ledger or on its way there"),
    comment="Approved and unapproved expenses; rows, not runs",
)  # fmt: skip

fact = sa.Table(
    "fact", metadata,
    _id(),
    _text("source_kind"),
    _uuid("source_id", nullable=False),
    sa.Column("source_version", sa.Integer, nullable=False),
    _uuid("reversal_of"),
    _uuid("contract", nullable=False),
    _uuid("project", nullable=False),
    _uuid("resource"),
    _text("role", nullable=True),
    sa.Column("happened_on", sa.Date, nullable=False),
    _money("hours"),
    _money("billed_hours"),
    _money("rate"),
    _money("amount"),
    _text("currency"),
    _text("description"),
    _uuid("cost_centre"),
    _uuid("profit_centre"),
    _text("legal_entity"),
    _uuid("rate_card"),
    sa.Column("trail", JSONB, nullable=False),
    _text("run_id"),
    _at("rated_at"),
    _text("posted_as", nullable=True),
    _at("posted_at", nullable=True),
    _uuid("invoice"),
    sa.Column("invoice_line", sa.Integer, nullable=True),
    _uuid("credit_memo"),
    sa.Column("in_part", sa.Boolean, nullable=False, server_default=sa.false(),
              comment="Takes back a part of an amount, and leaves the fact in force"),
    sa.Column("part", sa.SmallInteger, nullable=False, server_default="1"),
    sa.Column("charging", sa.Text, nullable=False, server_default="charged"),
    sa.Column("pricing", JSONB, nullable=False, server_default="{}",
              comment="What its price has beside a rate per hour; absent: the usual"),
    comment="Append-only ledger of rated facts; corrected by reversal, frozen once invoiced",
)  # fmt: skip
sa.Index("fact_source_idx", fact.c.source_kind, fact.c.source_id, fact.c.source_version,
         fact.c.part, unique=True, postgresql_where=fact.c.reversal_of.is_(None))  # fmt: skip
sa.Index("fact_reversal_of_idx", fact.c.reversal_of, unique=True,
         postgresql_where=sa.and_(fact.c.reversal_of.is_not(None), ~fact.c.in_part))  # fmt: skip
sa.Index("fact_credit_memo_idx", fact.c.credit_memo,
         postgresql_where=fact.c.credit_memo.is_not(None))  # fmt: skip
sa.Index("fact_contract_unbilled_idx", fact.c.contract,
         postgresql_where=fact.c.invoice.is_(None))  # fmt: skip
sa.Index("fact_invoice_idx", fact.c.invoice)

transfer = sa.Table(
    "transfer", metadata,
    _id(),
    sa.Column("posting", UUID(as_uuid=False), nullable=False,
              comment="The pair of journal entries that it is part of"),
    _uuid("source_id", nullable=False),
    _uuid("fact", nullable=False),
    sa.Column("month", sa.Date, nullable=False, comment="Its first day"),
    _text("performing"),
    _text("contracting"),
    _text("method"),
    _money("percent", nullable=True),
    sa.Column("hours", sa.Numeric, nullable=False),
    _money("basis", nullable=True),
    _money("amount"),
    _text("currency"),
    _text("run_id"),
    _at("recorded_at"),
    comment="What companies of the firm charge each other for an entry; append-only differences",
)  # fmt: skip
sa.Index("transfer_source_idx", transfer.c.source_id)
sa.Index("transfer_posting_idx", transfer.c.posting)

executor = sa.Table(
    "executor", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _at("seen_at"),
    comment="Worker processes that are alive; a stale one's runs are taken over",
)  # fmt: skip

dry_run = sa.Table(
    "dry_run", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    _at("made_at"),
    sa.Column("plan", JSONB, nullable=False),
    comment="What a billing run would have invoiced, kept to tell what changed since",
)  # fmt: skip

destination = sa.Table(
    "destination", metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False,
              comment="Last event of the log that it has, or was not meant to have"),
    sa.Column("holder", sa.Text, nullable=True, comment="Process that sends to it"),
    _at("held_until", nullable=True),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0",
              comment="Attempts that failed since the last event got through"),
    _text("error", nullable=True),
    sa.Column("sent", sa.BigInteger, nullable=False, server_default="0"),
    _at("sent_at", nullable=True),
    comment="How far each broker and webhook has been sent the events",
)  # fmt: skip

quota = sa.Table(
    "quota", metadata,
    sa.Column("connection", sa.Text, primary_key=True),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("calls", sa.Integer, nullable=True),
    sa.Column("per", sa.Interval, nullable=False),
    sa.Column("daily", sa.Integer, nullable=True),
    sa.Column("daily_is_ours", sa.Boolean, nullable=False),
    _at("narrowed_at", nullable=True),
    sa.Column("narrowed_to", sa.Integer, nullable=True,
              comment="Calls at once after the system said that it were too many"),
    _at("paused_until", nullable=True),
    sa.Column("vendor_used", sa.Integer, nullable=True),
    sa.Column("vendor_allowed", sa.Integer, nullable=True),
    _at("vendor_at", nullable=True),
    comment="What a connection allows: declared, overridden, corrected by its answers",
)  # fmt: skip

quota_lease = sa.Table(
    "quota_lease", metadata,
    _text("connection"),
    _text("holder"),
    sa.Column("slots", sa.Integer, nullable=False, comment="Calls that it may have in flight"),
    sa.Column("calls", sa.Integer, nullable=False, comment="Calls that it may yet make or ends"),
    sa.Column("wanted", sa.ARRAY(sa.Integer), nullable=False,
              comment="Calls in flight and waiting, by urgency"),
    sa.Column("waiting", sa.ARRAY(sa.Integer), nullable=False, comment="By urgency"),
    _at("expires_at"),
    sa.PrimaryKeyConstraint("connection", "holder"),
    comment="Parts of a quota in the hands of processes; a dead one's come back by expiry",
)  # fmt: skip

quota_spent = sa.Table(
    "quota_spent", metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    _text("connection"),
    sa.Column("calls", sa.Integer, nullable=False),
    _at("at"),
    comment="Calls that ended within the stretch of time that a quota is for",
)  # fmt: skip
sa.Index("quota_spent_connection_idx", quota_spent.c.connection, quota_spent.c.at)

quota_use = sa.Table(
    "quota_use", metadata,
    _text("connection"),
    _at("since"),
    sa.Column("urgency", sa.SmallInteger, nullable=False),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("connection", "since", "urgency"),
    comment="Calls made, in stretches of ten minutes",
)  # fmt: skip

circuit = sa.Table(
    "circuit", metadata,
    sa.Column("connection", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    _at("opened_at", nullable=True),
    _text("reason", nullable=True),
    sa.Column("pause", sa.Interval, nullable=True, comment="From one probe to the next"),
    _at("probe_at", nullable=True),
    _text("probed_by", nullable=True),
    _at("probe_until", nullable=True),
    _at("closed_at", nullable=True),
    comment="Whether a connection is called at all: not while its system is away",
)  # fmt: skip
