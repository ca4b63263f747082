"""NetSuite over SuiteTalk REST and SuiteQL."""

from typing import Any

from isthmus.canonical.base import Role
from isthmus.connect import ConnectionContext, Connector, System
from isthmus.connectors.netsuite.config import NetSuiteConfig
from isthmus.connectors.netsuite.limits import quota
from isthmus.connectors.netsuite.system import NetSuite


def _open(context: ConnectionContext, config: Any) -> System:
    return NetSuite(context, config)


CONNECTOR = Connector("netsuite", "Oracle NetSuite", (Role.ERP,), NetSuiteConfig, _open, quota)

__all__ = ["CONNECTOR"]
