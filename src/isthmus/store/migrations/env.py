"""Alembic environment: runs inside `isthmus db upgrade` on a connection it is given."""

from alembic import context

from isthmus.store import (  # noqa: F401 - their tables belong to the metadata
    access_tables,
    answer_tables,
    event_tables,
    fact_tables,
    measure_tables,
    queue_tables,
    quota_tables,
    reconciliation_tables,
    tables,
)
from isthmus.store.columns import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
