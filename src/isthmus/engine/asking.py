"""A person asks a system whether it answers, before its turn comes: one cheap call, and no harm."""

from __future__ import annotations

import asyncio

from isthmus.connect.errors import ConnectError
from isthmus.engine.engine import Engine
from isthmus.engine.gate import REFRESH
from isthmus.events.links import Connected

PATIENCE = 5.0
"""Seconds that a person waits."""


async def ask_now(engine: Engine, name: str, by: str) -> str | None:
    """None where it answers: what waits for it then goes on by itself. Else why it does not."""
    connected = engine.links.connected[name]
    async with engine.database.begin() as tx:
        await tx.circuits.due(connected.space)
        tx.audit.add(by, "system.asked", "connection", name)
    await asyncio.sleep(REFRESH)  # what this process knows of the circuit may be so old
    why = await _asked(connected)
    if why is None:
        return None
    await asyncio.sleep(REFRESH)  # a worker may have been asking at this very moment
    return None if await _answered_others(engine, connected) else why


async def _asked(connected: Connected) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE):
            health = await connected.system.health()
    except TimeoutError:
        return f"it has not said anything for {PATIENCE:g} s"
    except ConnectError as error:
        return str(error)
    return None if health.ok else health.detail


async def _answered_others(engine: Engine, connected: Connected) -> bool:
    async with engine.database.begin() as tx:
        circuit = await tx.circuits.get(connected.space)
    return circuit is not None and not circuit.is_open and not circuit.failures
