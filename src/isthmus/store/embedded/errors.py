"""The one error this room raises: what happened, why, what to do."""


class EmbeddedPostgresError(Exception):
    """Three lines, so that a person who has never seen this server can go on."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}\nWhy: {why}\nWhat to do: {remedy}")
        self.what = what
        self.why = why
        self.remedy = remedy


USE_A_SERVER = "set DATABASE_URL to a PostgreSQL server of version 15 or newer"
