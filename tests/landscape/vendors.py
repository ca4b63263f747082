"""Connector configuration in the shapes that connectors have: secrets, choices, shared keys."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class JwtLogin(Strict):
    flow: Literal["jwt_bearer"]
    client_id: str = Field(description="Consumer key of the connected app.")
    key: SecretStr


class PasswordLogin(Strict):
    flow: Literal["password"]
    username: str
    password: SecretStr

    @field_validator("password")
    @classmethod
    def _long(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 8:
            raise ValueError(f"{value.get_secret_value()!r} is too short")
        return value


class CrmConfig(Strict):
    url: str
    auth: Annotated[JwtLogin | PasswordLogin, Field(discriminator="flow")]
    api_version: Literal["v66.0", "v67.0"] = "v67.0"


class PsaConfig(Strict):
    platform_vendors: ClassVar[tuple[str, ...]] = ("acme_crm",)
    vendor: Literal["acme_psa"]
    platform: str


class ErpConfig(Strict):
    account: str
    token: SecretStr
    concurrency: int = Field(default=4, ge=1)


CONNECTORS: dict[str, type[BaseModel]] = {
    "acme_crm": CrmConfig,
    "acme_psa": PsaConfig,
    "acme_erp": ErpConfig,
}
ENV = {
    "CRM_CLIENT": "client-0001",
    "CRM_KEY": "not-a-real-key",
    "ERP_TOKEN": "not-a-real-token",
    "HOOK_KEY": "whsec_bm90LWEtcmVhbC1zZWNyZXQtb2YtMzItYnl0ZXMhIQ==",
    "SHORT": "tiny1",
    "EMPTY": "",
}
