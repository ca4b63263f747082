"""Tryton 8.0 LTS and 8.2 as the ledger, over its JSON-RPC."""

from isthmus.canonical.base import Role
from isthmus.connect import Connector, Quota
from isthmus.connectors.tryton.config import TrytonConfig
from isthmus.connectors.tryton.system import TrytonSystem

CONNECTOR = Connector(
    vendor="tryton",
    title="Tryton",
    roles=(Role.ERP,),
    config=TrytonConfig,
    open=TrytonSystem,
    quota=lambda config: Quota(concurrency=config.concurrency),
)

__all__ = ["CONNECTOR"]
