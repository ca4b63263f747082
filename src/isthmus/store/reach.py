"""Whether the database answers and has this release's schema, told for a person."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from isthmus.kit.first_line import first_line
from isthmus.store.database import Database
from isthmus.store.migrate import head, revision


class DatabaseProblem(Exception):
    """What, why, what to do."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}\n{why}\n{remedy}")
        self.what, self.why, self.remedy = what, why, remedy


async def reach(database: Database) -> str:
    """The server's version. Raises DatabaseProblem when it does not answer or is not migrated."""
    try:
        async with database.begin() as tx:
            version = await tx.server_version()
        found = await revision(database.engine)
    except (DBAPIError, OSError) as error:
        raise DatabaseProblem(
            "The database does not answer.",
            first_line(getattr(error, "orig", None) or error),
            "Start the server, or correct DATABASE_URL.",
        ) from error
    if found != head():
        raise DatabaseProblem(
            "The database does not have this release's schema.",
            f"it is at {found or 'nothing'}, this release needs {head()}",
            "Run `isthmus db upgrade`.",
        )
    return version
