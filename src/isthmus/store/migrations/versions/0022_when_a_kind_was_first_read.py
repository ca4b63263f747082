"""What a system was not read for to the end cannot be told from what it does not have. A kind that
was read before is taken as read: the next reading goes on where the last one stopped.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column(
        "watermark",
        sa.Column(
            "first_read_at", sa.DateTime(timezone=True), nullable=True,
            comment="When the first reading came to its end, shown or refused",
        ),
    )  # fmt: skip
    op.execute("update watermark set first_read_at = updated_at where state ? 'position'")


def downgrade() -> None:
    op.drop_column("watermark", "first_read_at")
