"""PostgreSQL without installing it: `EmbeddedPostgres(home).start()` gives a database URL.

Linux and macOS. Which account runs it and where its files are: `account.py`, `place.py`.
"""

from isthmus.store.embedded.errors import EmbeddedPostgresError
from isthmus.store.embedded.server import EmbeddedPostgres, Status, database_url

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "Status", "database_url"]
