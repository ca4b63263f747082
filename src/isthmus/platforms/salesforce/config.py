"""How a landscape describes a Salesforce org: where it is and as whom we enter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from isthmus.connect.outbound import host_of


class JwtBearer(BaseModel):
    """OAuth 2.0 JWT bearer flow: a certificate registered at an External Client App."""

    model_config = ConfigDict(extra="forbid")

    flow: Literal["jwt_bearer"] = Field(description="Name of the OAuth flow.")
    client_id: str = Field(description="Consumer key of the External Client App.")
    username: str = Field(description="User that the calls run as.")
    private_key: SecretStr = Field(description="PEM of the RSA key whose certificate is there.")
    audience: str = Field(
        default="https://login.salesforce.com",
        description="https://test.salesforce.com for a sandbox.",
    )
    token_url: str | None = Field(
        default=None, description="Token endpoint, when it is not on the connection's own host."
    )


class ClientCredentials(BaseModel):
    """OAuth 2.0 client credentials: only the My Domain host answers it."""

    model_config = ConfigDict(extra="forbid")

    flow: Literal["client_credentials"] = Field(description="Name of the OAuth flow.")
    client_id: str = Field(description="Consumer key of the External Client App.")
    client_secret: SecretStr = Field(description="Consumer secret of the External Client App.")


Auth = Annotated[JwtBearer | ClientCredentials, Field(discriminator="flow")]


class OrgConfig(BaseModel):
    """What the transport needs; connectors add their own fields."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="My Domain address, https://acme.my.salesforce.com.")
    auth: Auth = Field(description="How to get a token.")
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Hosts that the org answers at besides that of `url`, where its tokens name "
        "another; no other is called.",
    )
    api_version: str = Field(
        default="66.0", pattern=r"^\d+\.0$", description="REST API version, such as 66.0."
    )
    single_currency: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{3}$",
        description="The org's currency, where several are not switched on: ISO 4217 code.",
    )
    max_concurrent: int = Field(
        default=8, ge=1, le=25, description="Calls in flight; the org allows 25 long ones."
    )
    bulk_over: int = Field(
        default=2000, ge=1, description="Rows above which Bulk API 2.0 is used instead of REST."
    )
    retry_pause: float = Field(
        default=0.3, ge=0, description="Seconds before a call refused by a row lock is repeated."
    )
    bulk_timeout: float = Field(
        default=600, gt=0, description="Seconds that a bulk job may take before we stop waiting."
    )

    def called(self) -> list[str]:
        """Hosts besides that of `url`."""
        place = self.auth.token_url if isinstance(self.auth, JwtBearer) else None
        return [*self.hosts, *([host_of(place)] if place else [])]
