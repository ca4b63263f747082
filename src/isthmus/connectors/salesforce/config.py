"""A Salesforce org as the CRM, as the landscape describes it."""

from pydantic import Field

from isthmus.platforms.salesforce import OrgConfig


class SalesforceConfig(OrgConfig):
    organization_id: str | None = Field(
        default=None,
        pattern=r"^00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$",
        description="Id of the org (00D...) whose Outbound Messages are taken; by default the one "
        "that we are signed in to.",
    )
