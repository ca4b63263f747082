"""Credit memos take facts back in part or whole; companies charge each other for work."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("fact", sa.Column("credit_memo", sa.UUID(as_uuid=False), nullable=True))
    op.add_column(
        "fact",
        sa.Column(
            "in_part",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="Takes back a part of an amount, and leaves the fact in force",
        ),
    )
    op.drop_index("fact_reversal_of_idx", table_name="fact")
    op.create_index(
        "fact_reversal_of_idx",
        "fact",
        ["reversal_of"],
        unique=True,
        postgresql_where=sa.text("reversal_of IS NOT NULL AND NOT in_part"),
    )
    op.create_index(
        "fact_credit_memo_idx",
        "fact",
        ["credit_memo"],
        unique=False,
        postgresql_where=sa.text("credit_memo IS NOT NULL"),
    )
    op.create_table(
        "transfer",
        sa.Column("id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column(
            "posting",
            sa.UUID(as_uuid=False),
            nullable=False,
            comment="The pair of journal entries that it is part of",
        ),
        sa.Column("source_id", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("fact", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="Its first day"),
        sa.Column("performing", sa.Text(), nullable=False),
        sa.Column("contracting", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("percent", sa.Numeric(), nullable=True),
        sa.Column("hours", sa.Numeric(), nullable=False),
        sa.Column("basis", sa.Numeric(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("transfer_pkey")),
        comment=(
            "What companies of the firm charge each other for an entry; append-only differences"
        ),
    )
    op.create_index("transfer_source_idx", "transfer", ["source_id"], unique=False)
    op.create_index("transfer_posting_idx", "transfer", ["posting"], unique=False)


def downgrade() -> None:
    op.drop_table("transfer")
    op.drop_index("fact_credit_memo_idx", table_name="fact")
    op.drop_index("fact_reversal_of_idx", table_name="fact")
    op.create_index(
        "fact_reversal_of_idx",
        "fact",
        ["reversal_of"],
        unique=True,
        postgresql_where=sa.text("reversal_of IS NOT NULL"),
    )
    op.drop_column("fact", "in_part")
    op.drop_column("fact", "credit_memo")
