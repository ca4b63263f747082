"""Certinia PSA, a package in a Salesforce org, as the PSA."""

from isthmus.canonical.base import Role
from isthmus.connect import Connector
from isthmus.connectors.certinia.config import CertiniaConfig
from isthmus.connectors.certinia.system import open_system

CONNECTOR = Connector("certinia", "Certinia PSA", (Role.PSA,), CertiniaConfig, open_system)

__all__ = ["CONNECTOR", "CertiniaConfig"]
