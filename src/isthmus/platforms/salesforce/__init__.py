"""The Salesforce platform: one org, its API, and how objects that live in it are read and written.

Used by the CRM connector and by packages that run in the same org.
"""

from isthmus.connect import Gate
from isthmus.platforms.salesforce.auth import OrgAuth
from isthmus.platforms.salesforce.config import ClientCredentials, JwtBearer, OrgConfig
from isthmus.platforms.salesforce.limits import ApiUsage, org_quota
from isthmus.platforms.salesforce.outbound import OutboundMessages, Pushed
from isthmus.platforms.salesforce.package import package_files
from isthmus.platforms.salesforce.reading import Child, Found, Source
from isthmus.platforms.salesforce.sobject import KEY, SObject
from isthmus.platforms.salesforce.system import SalesforceSystem
from isthmus.platforms.salesforce.transport import SalesforceTransport

__all__ = [
    "KEY", "ApiUsage", "Child", "ClientCredentials", "Found", "JwtBearer", "OrgAuth", "OrgConfig",
    "OutboundMessages", "Pushed", "SObject", "SalesforceSystem", "SalesforceTransport", "Source",
    "open_transport", "org_quota", "package_files",
]  # fmt: skip


def open_transport(name: str, config: OrgConfig, gate: Gate | None = None) -> SalesforceTransport:
    auth = OrgAuth(name, config.url, config.auth)
    return SalesforceTransport(name, config.url, auth, config, gate, config.called())
