from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.connectors.tryton.world import World
from tests.tryton_server.server import TrytonServer

from isthmus.connect import ConnectionContext
from isthmus.connectors.tryton import CONNECTOR
from isthmus.connectors.tryton.system import TrytonSystem


@asynccontextmanager
async def opened(server: TrytonServer, **changed: Any) -> AsyncIterator[TrytonSystem]:
    """The connector as a landscape would open it, on a real server."""
    config = CONNECTOR.config.model_validate(server.connection(**changed))
    system = CONNECTOR.open(ConnectionContext("ledger"), config)
    assert isinstance(system, TrytonSystem)
    try:
        yield system
    finally:
        await system.close()


@pytest.fixture
async def ledger(tryton: TrytonServer) -> AsyncIterator[TrytonSystem]:
    async with opened(tryton) as system:
        yield system


@pytest.fixture
def world(tryton: TrytonServer) -> World:
    return World(tryton)
