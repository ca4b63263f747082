"""Exception queues: severity, clock, comments; acts on many holds; what service desks are told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "bulk",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("act", sa.Text(), nullable=False, comment="replay, resolve, assign, comment"),
        sa.Column("arguments", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("per_second", sa.Numeric(), nullable=False),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="awaiting_approval, running, done, declined"
        ),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("bulk_pkey")),
        comment="One act on every hold that a filter found when it was asked for",
    )
    op.create_table(
        "bulk_hold",
        sa.Column("bulk", sa.BigInteger(), nullable=False),
        sa.Column("hold", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            server_default="waiting",
            nullable=False,
            comment="waiting, done, nothing_to_do, still_held, refused",
        ),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["bulk"], ["bulk.number"], name=op.f("bulk_hold_bulk_fkey")),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("bulk_hold_hold_fkey")),
        sa.PrimaryKeyConstraint("bulk", "hold", name=op.f("bulk_hold_pkey")),
        comment="The holds of a bulk act, and how each went",
    )
    op.create_index("bulk_hold_hold_idx", "bulk_hold", ["hold"], unique=False)
    op.create_table(
        "comment",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("hold", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column(
            "said_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column(
            "dedup_key",
            sa.Text(),
            nullable=True,
            comment="Of a comment that came from a service desk: its message",
        ),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("comment_hold_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("comment_pkey")),
        sa.UniqueConstraint("dedup_key", name=op.f("comment_dedup_key_key")),
        comment="What people say about a hold",
    )
    op.create_index("comment_hold_idx", "comment", ["hold"], unique=False)
    op.create_table(
        "notice",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("hold", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="opened, overdue, over"),
        sa.Column(
            "round",
            sa.Integer(),
            nullable=False,
            comment="From 1; a hold that stops again after the desk closed it is told again",
        ),
        sa.Column(
            "state",
            sa.Text(),
            server_default="waiting",
            nullable=False,
            comment="waiting, told, dropped",
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "next_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the desk closed it",
        ),
        sa.ForeignKeyConstraint(["hold"], ["hold.number"], name=op.f("notice_hold_fkey")),
        sa.PrimaryKeyConstraint("desk", "hold", "kind", "round", name=op.f("notice_pkey")),
        comment="What service desks are told of holds, and what they call them",
    )
    op.create_index("notice_reference_idx", "notice", ["desk", "reference"], unique=False)
    op.create_index(
        "notice_waiting_idx",
        "notice",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.add_column(
        "hold",
        sa.Column(
            "resolution_code",
            sa.Text(),
            nullable=True,
            comment="What became of it, in one word that can be counted",
        ),
    )
    op.add_column("hold", sa.Column("assigned_to", sa.Text(), nullable=True))
    op.add_column(
        "hold",
        sa.Column("severity", sa.Text(), nullable=True, comment="low, normal, high, critical"),
    )
    op.add_column(
        "hold",
        sa.Column(
            "deadline_on",
            sa.Date(),
            nullable=True,
            comment="Billing day that it misses if it is still open then",
        ),
    )
    op.add_column("hold", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "hold",
        sa.Column(
            "overdue_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was told that it is overdue",
        ),
    )
    op.add_column(
        "hold",
        sa.Column(
            "look_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=True,
            comment="When its severity and its clock are to be looked at next",
        ),
    )
    op.create_index(
        "hold_look_at_idx",
        "hold",
        ["look_at"],
        unique=False,
        postgresql_where=sa.text("state != 'resolved'"),
    )
    op.execute(
        "UPDATE hold SET assigned_to = detail ->> 'assigned_to', detail = detail - 'assigned_to'"
    )


def downgrade() -> None:
    op.execute(
        "UPDATE hold SET detail = detail || jsonb_build_object('assigned_to', assigned_to) "
        "WHERE assigned_to IS NOT NULL"
    )
    op.drop_index("hold_look_at_idx", table_name="hold")
    op.drop_column("hold", "look_at")
    op.drop_column("hold", "overdue_at")
    op.drop_column("hold", "due_at")
    op.drop_column("hold", "deadline_on")
    op.drop_column("hold", "severity")
    op.drop_column("hold", "assigned_to")
    op.drop_column("hold", "resolution_code")
    op.drop_index("notice_waiting_idx", table_name="notice")
    op.drop_index("notice_reference_idx", table_name="notice")
    op.drop_table("notice")
    op.drop_index("comment_hold_idx", table_name="comment")
    op.drop_table("comment")
    op.drop_index("bulk_hold_hold_idx", table_name="bulk_hold")
    op.drop_table("bulk_hold")
    op.drop_table("bulk")
