"""What a run has rated is found by it: some of it may have gone on elsewhere while it was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_index(
        "fact_run_id_idx", "fact", ["run_id"], postgresql_where=sa.text("reversal_of IS NULL")
    )


def downgrade() -> None:
    op.drop_index("fact_run_id_idx", "fact")
