"""What callers submitted under their idempotency keys, and what they were answered."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "submission",
        sa.Column("key", sa.Text(), nullable=False, comment="The caller's Idempotency-Key"),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of what was asked, uncompressed",
        ),
        sa.Column("answer", sa.Text(), nullable=True, comment="JSON, as it was sent"),
        sa.Column(
            "received_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("submission_pkey")),
        comment="Requests that are answered once: a repeat of the key gets the same answer",
    )
    op.create_index(op.f("submission_received_at_idx"), "submission", ["received_at"])


def downgrade() -> None:
    op.drop_table("submission")
