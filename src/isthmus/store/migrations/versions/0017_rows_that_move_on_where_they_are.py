"""Hours and facts that move on are written on their own page, and in no index.

PostgreSQL does so where no index knows what changes and the page has room for the next version
(https://www.postgresql.org/docs/current/storage-hot.html). Rows that are there stay as they are.
A process of the release before counts what waits by reading the table until it is replaced.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_index(
        "time_entry_unbatched_idx",
        "time_entry",
        ["approval", "worked_on", "id"],
        postgresql_where=sa.text("batch is null"),
    )
    op.drop_index("time_entry_waiting_idx", "time_entry")
    for table in ("time_entry", "fact"):
        op.execute(f"alter table {table} set (fillfactor = 50)")


def downgrade() -> None:
    for table in ("time_entry", "fact"):
        op.execute(f"alter table {table} reset (fillfactor)")
    op.create_index(
        "time_entry_waiting_idx",
        "time_entry",
        ["approval", "batch"],
        postgresql_where=sa.text("state = 'received'"),
    )
    op.drop_index("time_entry_unbatched_idx", "time_entry")
