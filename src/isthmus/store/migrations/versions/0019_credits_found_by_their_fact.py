"""What credits took of a fact is looked up by it: the sums of margins read the ledger once for each
fact without this.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_index(
        "fact_reversed_in_part_idx", "fact", ["reversal_of"], postgresql_where=sa.text("in_part")
    )


def downgrade() -> None:
    op.drop_index("fact_reversed_in_part_idx", "fact")
