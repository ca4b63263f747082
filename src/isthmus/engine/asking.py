"""A person asks a system whether it answers, before its turn comes: one cheap call, and no harm."""

from __future__ import annotations

import asyncio

from isthmus.connect.errors import BreakerOpen, ConnectError
from isthmus.engine.engine import Engine
from isthmus.engine.gate import REFRESH
from isthmus.events.links import Connected


async def ask_now(engine: Engine, name: str, by: str) -> str | None:
    """None where it answers: what waits for it then goes on by itself. Else why it does not."""
    connected = engine.links.connected[name]
    async with engine.database.begin() as tx:
        await tx.circuits.due(connected.space)
        tx.audit.add(by, "system.asked", "connection", name)
    try:
        return await _asked(connected)
    except BreakerOpen:
        await asyncio.sleep(REFRESH)  # what this process knew of the circuit was so old
    try:
        return await _asked(connected)
    except BreakerOpen:
        return "another process is asking it this moment"


async def _asked(connected: Connected) -> str | None:
    """Raises BreakerOpen."""
    try:
        health = await connected.system.health()
    except BreakerOpen:
        raise
    except ConnectError as error:
        return str(error)
    return None if health.ok else health.detail
