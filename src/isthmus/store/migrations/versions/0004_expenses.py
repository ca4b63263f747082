"""Expenses, as rows like time entries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "expense_entry",
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
        sa.Column("spent_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column(
            "journal",
            sa.UUID(as_uuid=False),
            nullable=True,
            comment="Journal entry with its cost, in a ledger or on its way there",
        ),
        sa.Column("project", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("resource", sa.UUID(as_uuid=False), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("batch", sa.UUID(as_uuid=False), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("expense_entry_pkey")),
        sa.UniqueConstraint(
            "connection", "external_id", name=op.f("expense_entry_connection_external_id_key")
        ),
        comment="Approved and unapproved expenses; rows, not runs",
    )
    op.create_index("expense_entry_batch_idx", "expense_entry", ["batch"], unique=False)
    op.create_index("expense_entry_project_idx", "expense_entry", ["project"], unique=False)
    op.create_index(
        "expense_entry_waiting_idx",
        "expense_entry",
        ["approval", "batch"],
        unique=False,
        postgresql_where=sa.text("state = 'received'"),
    )


def downgrade() -> None:
    op.drop_index(
        "expense_entry_waiting_idx",
        table_name="expense_entry",
        postgresql_where=sa.text("state = 'received'"),
    )
    op.drop_index("expense_entry_project_idx", table_name="expense_entry")
    op.drop_index("expense_entry_batch_idx", table_name="expense_entry")
    op.drop_table("expense_entry")
