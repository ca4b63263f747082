"""Whether those who are told of events and holds can be reached, for `doctor`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from isthmus.connect.errors import ConnectError, Unauthorized

if TYPE_CHECKING:
    from isthmus.landscape import Landscape
    from isthmus.landscape.desks import Desk
    from isthmus.landscape.destinations import Destination

Looked = tuple[str, bool | None, str, str]
"""What, whether it is well (None: it cannot be seen), what was found, what to do."""
REFUSES = (401, 403)


async def receivers(landscape: Landscape) -> list[Looked]:
    """All at once; nobody is sent an event or a notice."""
    looks = [
        *(_look(f"destination {n}", _destination(n, d)) for n, d in landscape.destinations.items()),
        *(_look(f"desk {n}", _desk(n, d)) for n, d in landscape.exceptions.desks.items()),
    ]
    return list(await asyncio.gather(*looks))


async def _look(what: str, asked: Awaitable[tuple[bool | None, str]]) -> Looked:
    from isthmus.events.destinations import MissingClient

    try:
        ok, found = await asked
    except MissingClient as error:
        return what, False, error.why, error.remedy
    except ConnectError as error:
        return what, False, str(error), _remedy(error)
    return what, ok, found, ""


def _remedy(error: ConnectError) -> str:
    if isinstance(error, Unauthorized):
        return "renew its credentials in the landscape or where that points"
    return "check its address in the landscape, and whether it runs"


async def _destination(name: str, destination: Destination) -> tuple[bool, str]:
    """A broker is connected to, under the credentials of the landscape."""
    from isthmus.connect.reach import reach
    from isthmus.events.destinations import connect, ensure_client

    if destination.is_webhook:
        status = await reach(name, destination.url.get_secret_value(), {})
        return True, f"answers ({status}); its secret is not tried before an event is sent"
    ensure_client(name, destination)
    await (await connect(name, destination)).close()
    return True, f"{destination.broker} takes the connection and its credentials"


async def _desk(name: str, desk: Desk) -> tuple[bool | None, str]:
    from isthmus.connect.reach import reach
    from isthmus.holds.channels import channel_of
    from isthmus.landscape.desks import AppriseDesk

    if isinstance(desk, AppriseDesk):
        await asyncio.to_thread(channel_of, name, desk)
        return None, "Apprise knows its kind of URL; it is not tried before a hold is told"
    headers = {header: value.get_secret_value() for header, value in desk.headers.items()}
    status = await reach(name, desk.url.get_secret_value(), headers)
    if status in REFUSES:
        raise Unauthorized(name, f"refuses the headers of the landscape ({status})")
    return True, f"answers ({status}) and refuses none of its headers"
