"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "drift",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("canonical_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("kept", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("offered", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("drift_pkey")),
        sa.UniqueConstraint(
            "kind",
            "canonical_id",
            "connection",
            "attribute",
            name=op.f("drift_kind_canonical_id_connection_attribute_key"),
        ),
        comment="Writes by systems that do not own the attribute",
    )
    op.create_table(
        "event",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("causation_id", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("event_pkey")),
        sa.UniqueConstraint("id", name=op.f("event_id_key")),
        comment="Outbox: every event, in order, as CloudEvents attributes",
    )
    op.create_index("event_correlation_id_idx", "event", ["correlation_id"], unique=False)
    op.create_index("event_subject_idx", "event", ["subject", "position"], unique=False)
    op.create_table(
        "executor",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("executor_pkey")),
        comment="Worker processes that are alive; a stale one's runs are taken over",
    )
    op.create_table(
        "fact",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("source_version", sa.Integer(), nullable=False),
        sa.Column("reversal_of", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("contract", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("project", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("resource", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Numeric(), nullable=False),
        sa.Column("billed_hours", sa.Numeric(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("cost_centre", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("profit_centre", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("legal_entity", sa.Text(), nullable=False),
        sa.Column("rate_card", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("trail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column(
            "rated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("posted_as", sa.Text(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invoice", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("invoice_line", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("fact_pkey")),
        comment="Append-only ledger of rated facts; corrected by reversal, frozen once invoiced",
    )
    op.create_index(
        "fact_contract_unbilled_idx",
        "fact",
        ["contract"],
        unique=False,
        postgresql_where=sa.text("invoice IS NULL"),
    )
    op.create_index("fact_invoice_idx", "fact", ["invoice"], unique=False)
    op.create_index(
        "fact_reversal_of_idx",
        "fact",
        ["reversal_of"],
        unique=True,
        postgresql_where=sa.text("reversal_of IS NOT NULL"),
    )
    op.create_index(
        "fact_source_idx",
        "fact",
        ["source_kind", "source_id", "source_version"],
        unique=True,
        postgresql_where=sa.text("reversal_of IS NULL"),
    )
    op.create_table(
        "hold",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            server_default="held",
            nullable=False,
            comment="held, waiting_system, waiting_period, dead, replaying, resolved",
        ),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("object_kind", sa.Text(), nullable=True),
        sa.Column("object_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("period", sa.Text(), nullable=True),
        sa.Column(
            "detail", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("key", sa.Text(), nullable=False, comment="What is held; one open hold each"),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("hold_pkey")),
        comment="What cannot go on, why, who owns it and how to mend it",
    )
    op.create_index(
        "hold_key_open_idx",
        "hold",
        ["key"],
        unique=True,
        postgresql_where=sa.text("state != 'resolved'"),
    )
    op.create_index("hold_run_id_idx", "hold", ["run_id"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column(
            "dedup_key",
            sa.Text(),
            nullable=False,
            comment="The vendor's event id, or a hash of the payload",
        ),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("deliveries", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("inbox_pkey")),
        sa.UniqueConstraint("connection", "dedup_key", name=op.f("inbox_connection_dedup_key_key")),
        comment="Every inbound message, committed before it is acknowledged",
    )
    op.create_index(
        "inbox_unprocessed_idx",
        "inbox",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.create_table(
        "record",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("record_pkey")),
        comment="Canonical objects, one row each, as the JSON of their model",
    )
    op.create_index(
        "record_data_idx",
        "record",
        ["data"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"data": "jsonb_path_ops"},
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("run_pkey")),
        sa.UniqueConstraint("number", name=op.f("run_number_key")),
        comment="One run of one flow; its id is the idempotency key",
    )
    op.create_index("run_state_idx", "run", ["state"], unique=False)
    op.create_index("run_subject_idx", "run", ["subject"], unique=False)
    op.create_table(
        "time_entry",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            server_default="received",
            nullable=False,
            comment="received, rated, posted, invoiced, held, unbillable, withdrawn",
        ),
        sa.Column("approval", sa.Text(), nullable=False),
        sa.Column("worked_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Numeric(), nullable=False),
        sa.Column("project", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("resource", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source_rate", sa.Numeric(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("batch", sa.UUID(as_uuid=False), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("time_entry_pkey")),
        sa.UniqueConstraint(
            "connection", "external_id", name=op.f("time_entry_connection_external_id_key")
        ),
        comment="Approved and unapproved hours; rows, not runs",
    )
    op.create_index("time_entry_batch_idx", "time_entry", ["batch"], unique=False)
    op.create_index("time_entry_project_idx", "time_entry", ["project"], unique=False)
    op.create_index(
        "time_entry_waiting_idx",
        "time_entry",
        ["approval", "batch"],
        unique=False,
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_table(
        "watermark",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("connection", "kind", name=op.f("watermark_pkey")),
        comment="How far each connection's changes have been read",
    )
    op.create_table(
        "xref",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("canonical_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("space", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column(
            "linked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("kind", "space", "external_id", name=op.f("xref_pkey")),
        sa.UniqueConstraint(
            "kind", "space", "canonical_id", name=op.f("xref_kind_space_canonical_id_key")
        ),
        comment="One canonical id per object, every system's own id under it",
    )
    op.create_table(
        "edit",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("hold", sa.BigInteger(), nullable=False),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("original", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("edited_by", sa.Text(), nullable=False),
        sa.Column(
            "edited_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("edit_hold_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("edit_pkey")),
        comment="A person's correction of a held object, kept beside the original",
    )
    op.create_index("edit_object_idx", "edit", ["object_kind", "object_id"], unique=False)


def downgrade() -> None:
    op.drop_index("edit_object_idx", table_name="edit")
    op.drop_table("edit")
    op.drop_table("xref")
    op.drop_table("watermark")
    op.drop_index(
        "time_entry_waiting_idx",
        table_name="time_entry",
        postgresql_where=sa.text("state = 'received'"),
    )
    op.drop_index("time_entry_project_idx", table_name="time_entry")
    op.drop_index("time_entry_batch_idx", table_name="time_entry")
    op.drop_table("time_entry")
    op.drop_index("run_subject_idx", table_name="run")
    op.drop_index("run_state_idx", table_name="run")
    op.drop_table("run")
    op.drop_index(
        "record_data_idx",
        table_name="record",
        postgresql_using="gin",
        postgresql_ops={"data": "jsonb_path_ops"},
    )
    op.drop_table("record")
    op.drop_index(
        "inbox_unprocessed_idx",
        table_name="inbox",
        postgresql_where=sa.text("processed_at IS NULL"),
    )
    op.drop_table("inbox")
    op.drop_index("hold_run_id_idx", table_name="hold")
    op.drop_index(
        "hold_key_open_idx", table_name="hold", postgresql_where=sa.text("state != 'resolved'")
    )
    op.drop_table("hold")
    op.drop_index(
        "fact_source_idx", table_name="fact", postgresql_where=sa.text("reversal_of IS NULL")
    )
    op.drop_index(
        "fact_reversal_of_idx",
        table_name="fact",
        postgresql_where=sa.text("reversal_of IS NOT NULL"),
    )
    op.drop_index("fact_invoice_idx", table_name="fact")
    op.drop_index(
        "fact_contract_unbilled_idx", table_name="fact", postgresql_where=sa.text("invoice IS NULL")
    )
    op.drop_table("fact")
    op.drop_table("executor")
    op.drop_index("event_subject_idx", table_name="event")
    op.drop_index("event_correlation_id_idx", table_name="event")
    op.drop_table("event")
    op.drop_table("drift")
