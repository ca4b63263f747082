"""Salesforce Sales Cloud as the CRM."""

from isthmus.canonical.base import Role
from isthmus.connect import Connector
from isthmus.connectors.salesforce.config import SalesforceConfig
from isthmus.connectors.salesforce.system import open_system

CONNECTOR = Connector("salesforce", "Salesforce", (Role.CRM,), SalesforceConfig, open_system)

__all__ = ["CONNECTOR", "SalesforceConfig"]
