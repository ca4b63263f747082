"""Answers of the API by idempotency key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="The caller's Idempotency-Key"),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of method, path, query and body",
        ),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("status", sa.SmallInteger(), nullable=True, comment="None while it is at work"),
        sa.Column("headers", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("principal", "key", name=op.f("answer_pkey")),
        comment="Answers of the API by idempotency key, kept for a day",
    )
    op.create_index(op.f("answer_asked_at_idx"), "answer", ["asked_at"])


def downgrade() -> None:
    op.drop_table("answer")
