"""Alembic environment: runs inside `isthmus db upgrade` on a connection it is given."""

from alembic import context

from isthmus.store import queue_tables  # noqa: F401 - its tables belong to the metadata
from isthmus.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
