"""Certinia PSA, as the landscape describes it: in another connection's org, or with its own key."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from isthmus.platforms.salesforce import OrgConfig
from isthmus.platforms.salesforce.config import Auth


class CertiniaConfig(BaseModel):
    """The connection named under `platform` lends its transport; else `url` and `auth` are ours."""

    model_config = ConfigDict(extra="forbid")
    platform_vendors: ClassVar[tuple[str, ...]] = ("salesforce",)

    platform: str | None = Field(
        default=None, description="Salesforce connection in whose org the package is installed."
    )

    url: str | None = Field(default=None, description="My Domain address of the org.")
    auth: Auth | None = Field(default=None, description="How to get a token.")
    hosts: tuple[str, ...] = Field(
        default=(), description="Hosts that the org answers at besides that of `url`."
    )
    api_version: str = Field(
        default="66.0", pattern=r"^\d+\.0$", description="REST API version, such as 66.0."
    )
    single_currency: str | None = Field(
        default=None,
        pattern=r"^[A-Z]{3}$",
        description="The org's currency, where several are not switched on and it has its own key.",
    )
    organization_id: str | None = Field(
        default=None,
        pattern=r"^00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$",
        description="Id of the org (00D...) whose Outbound Messages are taken; by default the one "
        "that we are signed in to.",
    )

    budgets: bool = Field(
        default=True,
        description="Whether what a contract is worth is written as budgets of its project; switch "
        "it off where people or the package make them.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> CertiniaConfig:
        if (self.url is None) != (self.auth is None):
            raise ValueError("`url` and `auth` go together: give both, or neither and `platform`")
        if (self.url is None) == (self.platform is None):
            raise ValueError("give either `platform`, or `url` and `auth`")
        return self

    def org(self) -> OrgConfig | None:
        if self.url is None or self.auth is None:
            return None
        return OrgConfig(
            url=self.url,
            auth=self.auth,
            hosts=self.hosts,
            api_version=self.api_version,
            single_currency=self.single_currency,
        )
