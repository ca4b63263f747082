"""Quotas and circuit breakers of connections, shared by every process."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    default = None if nullable else sa.text("clock_timestamp()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "quota",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=True),
        sa.Column("per", sa.Interval(), nullable=False),
        sa.Column("daily", sa.Integer(), nullable=True),
        sa.Column("daily_is_ours", sa.Boolean(), nullable=False),
        _at("narrowed_at", nullable=True),
        sa.Column(
            "narrowed_to",
            sa.Integer(),
            nullable=True,
            comment="Calls at once after the system said that it were too many",
        ),
        _at("paused_until", nullable=True),
        sa.Column("vendor_used", sa.Integer(), nullable=True),
        sa.Column("vendor_allowed", sa.Integer(), nullable=True),
        _at("vendor_at", nullable=True),
        sa.PrimaryKeyConstraint("connection", name=op.f("quota_pkey")),
        comment="What a connection allows: declared, overridden, corrected by its answers",
    )
    op.create_table(
        "quota_lease",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column(
            "slots", sa.Integer(), nullable=False, comment="Calls that it may have in flight"
        ),
        sa.Column(
            "calls", sa.Integer(), nullable=False, comment="Calls that it may yet make or ends"
        ),
        sa.Column(
            "wanted",
            sa.ARRAY(sa.Integer()),
            nullable=False,
            comment="Calls in flight and waiting, by urgency",
        ),
        sa.Column("waiting", sa.ARRAY(sa.Integer()), nullable=False, comment="By urgency"),
        _at("expires_at"),
        sa.PrimaryKeyConstraint("connection", "holder", name=op.f("quota_lease_pkey")),
        comment="Parts of a quota in the hands of processes; a dead one's come back by expiry",
    )
    op.create_table(
        "quota_spent",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        _at("at"),
        sa.PrimaryKeyConstraint("number", name=op.f("quota_spent_pkey")),
        comment="Calls that ended within the stretch of time that a quota is for",
    )
    op.create_index("quota_spent_connection_idx", "quota_spent", ["connection", "at"])
    op.create_table(
        "quota_use",
        sa.Column("connection", sa.Text(), nullable=False),
        _at("since"),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "since", "urgency", name=op.f("quota_use_pkey")),
        comment="Calls made, in stretches of ten minutes",
    )
    op.create_table(
        "circuit",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        _at("opened_at", nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("pause", sa.Interval(), nullable=True, comment="From one probe to the next"),
        _at("probe_at", nullable=True),
        sa.Column("probed_by", sa.Text(), nullable=True),
        _at("probe_until", nullable=True),
        _at("closed_at", nullable=True),
        sa.PrimaryKeyConstraint("connection", name=op.f("circuit_pkey")),
        comment="Whether a connection is called at all: not while its system is away",
    )


def downgrade() -> None:
    for table in ("circuit", "quota_use", "quota_spent", "quota_lease", "quota"):
        op.drop_table(table)
