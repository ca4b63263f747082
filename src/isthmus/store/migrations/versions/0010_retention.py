"""What is emptied once it is old: bodies of messages, recorded steps of finished runs."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column(
        "inbox",
        sa.Column(
            "emptied_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When headers and body were removed; the key stays",
        ),
    )
    op.add_column(
        "run",
        sa.Column(
            "emptied_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When its event and recorded steps were removed; the id stays",
        ),
    )
    op.create_index(
        "inbox_full_idx",
        "inbox",
        ["processed_at"],
        postgresql_where=sa.text("emptied_at is null and processed_at is not null"),
    )
    op.create_index(
        "run_full_idx",
        "run",
        ["finished_at", "id"],
        postgresql_where=sa.text("emptied_at is null and state in ('succeeded', 'skipped')"),
    )


def downgrade() -> None:
    op.drop_index("run_full_idx", "run")
    op.drop_index("inbox_full_idx", "inbox")
    op.drop_column("run", "emptied_at")
    op.drop_column("inbox", "emptied_at")
