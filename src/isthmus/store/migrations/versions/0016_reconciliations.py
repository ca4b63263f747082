"""Reconciliations: runs, totals, breaks, and acts that the database itself keeps for good."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"

REFUSE = """
CREATE FUNCTION reconciliation_act_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'act % is not to be %: what was done stays', OLD.number, lower(TG_OP) || 'd'
        USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def upgrade() -> None:
    op.create_table(
        "reconciliation_run",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("promise", sa.Text(), nullable=False),
        sa.Column(
            "plan",
            postgresql.JSONB(),
            nullable=False,
            comment="Connections, companies, grace, owner and signatures, as they were",
        ),
        sa.Column("first_on", sa.Date(), nullable=True, comment="First day compared; none: all"),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column(
            "state",
            sa.Text(),
            server_default="running",
            nullable=False,
            comment="running, finished",
        ),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("reconciliation_run_pkey")),
        sa.UniqueConstraint("number", name=op.f("reconciliation_run_number_key")),
        comment="One comparison of two systems",
    )
    op.create_index(
        "reconciliation_run_name_idx", "reconciliation_run", ["name", "asked_at"], unique=False
    )
    op.create_table(
        "reconciliation_break",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column(
            "key", sa.Text(), nullable=False, comment="Canonical id, or what a system calls it"
        ),
        sa.Column(
            "copy", sa.Integer(), nullable=False, comment="From 2: the same once more on a side"
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="missing, extra, different, late"),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("hours", sa.Numeric(), nullable=False, comment="Source less target"),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="Source less target"),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("source_values", postgresql.JSONB(), nullable=True),
        sa.Column("target_values", postgresql.JSONB(), nullable=True),
        sa.Column("source_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("target_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="open, explained, accepted, repaired (looked at by the next run), closed",
        ),
        sa.Column(
            "cause", sa.Text(), nullable=True, comment="What explains or ended it, as a code"
        ),
        sa.Column("hold", sa.BigInteger(), nullable=True),
        sa.Column("waiting_run", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("first_run", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("last_run", sa.UUID(as_uuid=False), nullable=False),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "last_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("times_seen", sa.Integer(), server_default="1", nullable=False),
        sa.Column("repairs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["first_run"],
            ["reconciliation_run.id"],
            name=op.f("reconciliation_break_first_run_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["hold"], ["hold.number"], name=op.f("reconciliation_break_hold_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["last_run"], ["reconciliation_run.id"], name=op.f("reconciliation_break_last_run_fkey")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("reconciliation_break_pkey")),
        comment="What two systems do not agree on, from when it is seen until it is gone",
    )
    op.create_index(
        "reconciliation_break_last_run_idx", "reconciliation_break", ["last_run"], unique=False
    )
    op.create_index(
        "reconciliation_break_open_idx",
        "reconciliation_break",
        ["name", "leg", "key", "copy"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "reconciliation_total",
        sa.Column("run", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("leg", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False, comment="Company; empty: of none"),
        sa.Column("period", sa.Text(), nullable=False, comment="YYYY-MM; empty: of none"),
        sa.Column("currency", sa.Text(), nullable=False, comment="Empty: of none"),
        sa.Column("source_count", sa.BigInteger(), nullable=False),
        sa.Column("target_count", sa.BigInteger(), nullable=False),
        sa.Column("source_hours", sa.Numeric(), nullable=False),
        sa.Column("target_hours", sa.Numeric(), nullable=False),
        sa.Column("source_amount", sa.Numeric(), nullable=False),
        sa.Column("target_amount", sa.Numeric(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False, comment="Pairs that agree"),
        sa.Column(
            "under_way", sa.BigInteger(), nullable=False, comment="Differences within the grace"
        ),
        sa.ForeignKeyConstraint(
            ["run"], ["reconciliation_run.id"], name=op.f("reconciliation_total_run_fkey")
        ),
        sa.PrimaryKeyConstraint(
            "run", "leg", "entity", "period", "currency", name=op.f("reconciliation_total_pkey")
        ),
        comment="Control totals of both sides of a run",
    )
    op.create_table(
        "reconciliation_act",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run", sa.UUID(as_uuid=False), nullable=True),
        sa.Column("break", sa.BigInteger(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False, comment="repair, accept, sign"),
        sa.Column("role", sa.Text(), nullable=True, comment="Of a signature: finance, delivery"),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column(
            "evidence",
            sa.Text(),
            nullable=True,
            comment="Of a signature: SHA-256 of the totals and breaks that were signed",
        ),
        sa.Column(
            "done_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["break"], ["reconciliation_break.number"], name=op.f("reconciliation_act_break_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["run"], ["reconciliation_run.id"], name=op.f("reconciliation_act_run_fkey")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("reconciliation_act_pkey")),
        comment="Repairs, acceptances and signatures; append-only",
    )
    op.create_index("reconciliation_act_break_idx", "reconciliation_act", ["break"], unique=False)
    op.create_index(
        "reconciliation_act_signature_idx",
        "reconciliation_act",
        ["run", "role"],
        unique=True,
        postgresql_where=sa.text("act = 'sign'"),
    )
    op.execute(REFUSE)
    op.execute(
        "CREATE TRIGGER reconciliation_act_append_only BEFORE DELETE OR UPDATE "
        "ON reconciliation_act FOR EACH ROW EXECUTE FUNCTION reconciliation_act_refused()"
    )


def downgrade() -> None:
    op.drop_table("reconciliation_act")
    op.execute("DROP FUNCTION reconciliation_act_refused()")
    op.drop_table("reconciliation_break")
    op.drop_table("reconciliation_total")
    op.drop_table("reconciliation_run")
