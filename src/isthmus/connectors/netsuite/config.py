"""What a landscape says about one NetSuite account."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.journal_entry import Account
from isthmus.canonical.opportunity import BillingModel

KEYS: dict[str, type[RSAKey] | type[ECKey]] = {"PS256": RSAKey, "ES256": ECKey}


class Auth(BaseModel):
    """OAuth 2.0 client credentials with a certificate (NetSuite: "M2M")."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    client_id: str = Field(description="Consumer key of the integration record.")
    certificate_id: str = Field(description="Id that NetSuite gave the uploaded certificate.")
    private_key: SecretStr = Field(description="The certificate's private key, PEM.")
    algorithm: Literal["PS256", "ES256"] = Field(
        default="PS256", description="PS256 for an RSA key, ES256 for an EC P-256 key."
    )
    scopes: tuple[str, ...] = Field(
        default=("rest_webservices",), description="Scopes of the integration record."
    )

    @model_validator(mode="after")
    def _key_fits(self) -> Auth:
        self.key()
        return self

    def key(self) -> RSAKey | ECKey:
        """Raises ValueError when the PEM is not a key of the algorithm's kind."""
        kind = KEYS[self.algorithm]
        try:
            return kind.import_key(self.private_key.get_secret_value())
        except (JoseError, ValueError, TypeError) as error:
            raise ValueError(
                f"private_key is not a PEM key for {self.algorithm}; "
                "give the unencrypted key of the certificate that was uploaded"
            ) from error


class NetSuiteConfig(BaseModel):
    """One of `account` and `url` is needed; `url` wins (a simulator, a proxy)."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    vendor: Literal["netsuite"] = "netsuite"
    account: str | None = Field(
        default=None, description="Account id, such as 1234567 or 1234567_SB1 for a sandbox."
    )
    url: str | None = Field(default=None, description="Base address instead of the account's own.")
    auth: Auth = Field(description="How to log in.")
    concurrency: int = Field(
        default=4,
        ge=1,
        description="Calls at once, of all workers; keep it below the account's limit.",
    )
    time_zone: str = Field(
        default="UTC", description="Time zone of the integration user; SuiteQL answers in it."
    )
    items: dict[LineKind, str] = Field(
        default_factory=dict,
        description="External id of the NetSuite item that sells each kind: time, milestone, …",
    )
    accounts: dict[Account, str] = Field(
        default_factory=dict,
        description="Account number in NetSuite of what journal entries post to: revenue, due_to, "
        "…",
    )
    billing_types: dict[BillingModel, str] = Field(
        default_factory=dict,
        description="jobBillingType id by billing model; a model not listed is left to NetSuite.",
    )
    project_fields: dict[Literal["profit_centre"], str] = Field(
        default_factory=dict,
        description="Field of `job` that takes a dimension of the project, such as `profit_centre: "
        "custentity_class`; a job has no department or class of its own.",
    )
    billing_schedules: bool = Field(
        default=True,
        description="Whether the instalments of a fixed fee are written as a `billingSchedule`.",
    )
    defaults: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Constant fields sent with every record of a type, as the form asks for them.",
    )
    poll_seconds: Decimal = Field(
        default=Decimal(1), gt=0, description="First pause between looks at an asynchronous job."
    )

    @model_validator(mode="after")
    def _reachable(self) -> NetSuiteConfig:
        if not self.url and not self.account:
            raise ValueError("neither account nor url is given; set account, such as 1234567_SB1")
        return self

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"{value!r} is no time zone; use a name such as Europe/Oslo"
            ) from error
        return value

    @property
    def base_url(self) -> str:
        """The host has the account in lower case with a hyphen (section_156338994830)."""
        if self.url:
            return self.url.rstrip("/")
        host = (self.account or "").lower().replace("_", "-")
        return f"https://{host}.suitetalk.api.netsuite.com"
