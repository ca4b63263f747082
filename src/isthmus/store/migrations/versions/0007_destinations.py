"""How far each broker and webhook has been sent the events."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "destination",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "position",
            sa.BigInteger(),
            nullable=False,
            comment="Last event of the log that it has, or was not meant to have",
        ),
        sa.Column("holder", sa.Text(), nullable=True, comment="Process that sends to it"),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "failures",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Attempts that failed since the last event got through",
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("destination_pkey")),
        comment="How far each broker and webhook has been sent the events",
    )


def downgrade() -> None:
    op.drop_table("destination")
