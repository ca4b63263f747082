"""Certinia PSA, a package in a Salesforce org, as the PSA."""

from isthmus.canonical.base import Role
from isthmus.connect import Connector
from isthmus.connectors.certinia.config import CertiniaConfig
from isthmus.connectors.certinia.system import open_system, quota

CONNECTOR = Connector("certinia", "Certinia PSA", (Role.PSA,), CertiniaConfig, open_system, quota)

__all__ = ["CONNECTOR", "CertiniaConfig"]
