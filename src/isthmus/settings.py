"""What the environment decides about one installation. What the firm decides is in its landscape.

`docs/reference/settings.md` is generated from the descriptions here.
"""

from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from isthmus.kit.duration import Duration, parse_duration

PREFIX = "ISTHMUS_"


def default_home() -> Path:
    return user_data_path("isthmus", appauthor=False)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    home: Path = Field(
        default_factory=default_home,
        description="Folder of this installation's own files: the embedded database, the demo. "
        "The default is the platform's data folder.",
        json_schema_extra={"shown_default": "`isthmus` in the platform's data folder"},
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL 15 or later, as `postgresql://user:password@host/database`. "
        "Unset: an embedded PostgreSQL under `ISTHMUS_HOME`.",
    )
    landscape: Path = Field(default=Path("isthmus.yaml"), description="The firm's landscape file.")
    host: str = Field(default="127.0.0.1", description="Address that the API listens on.")
    port: int = Field(
        default=8900, ge=0, le=65535, description="Port of the API; 0 picks a free one."
    )
    api_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Bearer token of those who read `GET /events` and submit time entries. Unset: "
        "only this machine may.",
    )
    intake_limit: int = Field(
        default=1_000_000,
        ge=1,
        description="Approved time entries that may wait to be rated. From then on submissions are "
        "answered 429 until fewer wait.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        default="console", description="`json` for log collectors, `console` for people."
    )
    worker_concurrency: int = Field(
        default=16, ge=1, le=1000, description="Runs that one worker process works on at a time."
    )
    worker_lease: Duration = Field(
        default=parse_duration("10s"),
        description="A worker that was silent this long is dead, and the others take its runs.",
    )
    poll_every: Duration = Field(
        default=parse_duration("60s"),
        description="How often a connection is asked for changes when the landscape does not say.",
    )

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _postgresql_only(cls, value: SecretStr | None) -> SecretStr | None:
        scheme = value.get_secret_value().partition("://")[0] if value else "postgresql"
        if scheme.partition("+")[0] not in ("postgresql", "postgres"):
            raise ValueError("only PostgreSQL is supported: postgresql://user:password@host/name")
        return value


class SettingsError(ValueError):
    """A variable cannot be used. Its value is not repeated: some are secret."""


def variable_of(field: str) -> str:
    """The environment variable behind a setting."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field.upper()}"


def load_settings() -> Settings:
    """Settings from the environment. Raises SettingsError naming every variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_explained(error))) from None


def _explained(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for problem in error.errors(include_input=False):
        field = str(problem["loc"][0])
        name = variable_of(field) if field in Settings.model_fields else field
        reason = problem["msg"].removeprefix("Value error, ")
        remedy = f"Set {name} to another value, or unset it to use the default."
        lines += [f"{name} cannot be used", f"  why: {reason}", f"  do:  {remedy}"]
    return lines
