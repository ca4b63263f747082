"""Where the name of a broker leads: never to a link-local address, as with every other call out.

The clients of brokers make their own sockets, so the name is looked up before they dial. None sends
a credential before the other side has spoken its protocol.
"""

from __future__ import annotations

import asyncio
import socket

from isthmus.connect.outbound import Guard

LOOKED_UP_WITHIN = 5.0
"""Seconds."""


async def ensure_leads(guard: Guard, host: str) -> None:
    """Raises HostRefused for a name any of whose addresses is link-local: a client tries them all.
    A name that is not known is the client's to tell.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOKED_UP_WITHIN):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_, place in found:
        guard.ensure_address(str(place[0]))
