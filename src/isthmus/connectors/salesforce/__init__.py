"""Salesforce Sales Cloud as the CRM."""

from isthmus.canonical.base import Role
from isthmus.connect import Connector
from isthmus.connectors.salesforce.config import SalesforceConfig
from isthmus.connectors.salesforce.system import open_system
from isthmus.platforms.salesforce import org_quota

CONNECTOR = Connector(
    "salesforce", "Salesforce", (Role.CRM,), SalesforceConfig, open_system, org_quota
)

__all__ = ["CONNECTOR", "SalesforceConfig"]
