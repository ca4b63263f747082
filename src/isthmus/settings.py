"""What the environment decides about one installation. What the firm decides is in its landscape.

`docs/reference/settings.md` is generated from the descriptions here.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from isthmus.kit.duration import Duration, parse_duration
from isthmus.kit.masking import SECRETS

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
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#\s]+$",
        description="Address that browsers and programs know it by, such as "
        "`https://isthmus.example.com`, without a path. Unset: as each request names it.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks of proxies in front of it, with commas between them, "
        "such as `10.0.0.5, 10.1.0.0/16`. Who asks and whether by https is then what their "
        "`X-Forwarded-For` and `X-Forwarded-Proto` say. Unset: nobody's are believed.",
    )
    api_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Bearer token of those who read `GET /events` and submit time entries. Unset: "
        "only this machine may.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Keys of the secrets that are kept in the database: base64 of 32 random bytes, "
        "several with commas between, of which the first seals. Unset: the file `secret.key` in "
        "`ISTHMUS_HOME`, made at first use.",
    )
    secrets_every: Duration = Field(
        default=parse_duration("5m"),
        description="How often secret managers are asked whether a secret has changed. A file is "
        "looked at on every use, and a secret that a system refuses at once.",
    )
    session_idle: Duration = Field(
        default=parse_duration("1h"),
        description="A person who did nothing this long logs in again.",
    )
    session_lifetime: Duration = Field(
        default=parse_duration("12h"),
        description="A person logs in again after this long, whatever happens.",
    )
    api_rate: int = Field(
        default=6_000,
        ge=1,
        description="Requests that one client may send in a minute, to each process. Above that it "
        "is answered 429 with `Retry-After`. Webhooks have limits of their own.",
    )
    intake_limit: int = Field(
        default=1_000_000,
        ge=1,
        description="Approved time entries that may wait to be rated. From then on submissions are "
        "answered 429 until fewer wait.",
    )
    inbox_limit: int = Field(
        default=100_000,
        ge=1,
        description="Webhook messages that may wait to be read. From then on webhooks are answered "
        "429 until fewer wait.",
    )
    disk_floor: int = Field(
        default=500,
        ge=0,
        description="Megabytes that stay free where the embedded database is. With less, webhooks "
        "are answered 429. The disk of a server behind `DATABASE_URL` is not known here.",
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
    worker_batches: int = Field(
        default=4,
        ge=0,
        le=1000,
        description="Batches of hours and expenses that one worker process works on at a time, "
        "beside other runs. A batch is up to 1,000 entries in memory. A worker with 0 leaves them "
        "to others, so that no burst slows its deals and invoices.",
    )
    worker_lease: Duration = Field(
        default=parse_duration("10s"),
        description="A worker that was silent this long is dead, and the others take its runs.",
    )
    worker_drain: Duration = Field(
        default=parse_duration("5s"),
        description="How long a worker that is told to stop waits for the runs it has in hand. "
        "The others go on at once with what is not done by then.",
    )
    poll_every: Duration = Field(
        default=parse_duration("60s"),
        description="How often a connection is asked for changes when the landscape does not say.",
    )

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            try:
                ip_network(part)
            except ValueError as error:
                raise ValueError(f"{part} is neither an address nor a network") from error
        return value

    @field_validator("database_url", "api_token", "secret_key", mode="before")
    @classmethod
    def _from_file(cls, value: object) -> object:
        """A secret may be in a file: `file:/path`."""
        if not isinstance(value, str) or not value.startswith("file:"):
            return value
        try:
            return Path(value.removeprefix("file:")).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise ValueError(f"the file that it names cannot be read: {reason}") from error

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
        settings = Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(_explained(error))) from None
    for secret in (settings.api_token, settings.database_url, settings.secret_key):
        if secret is not None:
            SECRETS.add(secret.get_secret_value())
    return settings


def _explained(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for problem in error.errors(include_input=False):
        field = str(problem["loc"][0])
        name = variable_of(field) if field in Settings.model_fields else field
        reason = problem["msg"].removeprefix("Value error, ")
        remedy = f"Set {name} to another value, or unset it to use the default."
        lines += [f"{name} cannot be used", f"  why: {reason}", f"  do:  {remedy}"]
    return lines
