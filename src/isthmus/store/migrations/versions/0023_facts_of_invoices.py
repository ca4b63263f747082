"""Facts that are on an invoice are found by it; those that wait for one are in no index of it."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.drop_index("fact_invoice_idx", "fact")
    op.create_index(
        "fact_invoice_idx", "fact", ["invoice"], postgresql_where=sa.text("invoice IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("fact_invoice_idx", "fact")
    op.create_index("fact_invoice_idx", "fact", ["invoice"])
