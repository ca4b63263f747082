"""Whether an address that takes our messages answers, without sending it one."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from isthmus.connect.errors import Unavailable
from isthmus.connect.outbound import host_of, outbound

TIMEOUT = httpx2.Timeout(10.0, connect=5.0)


async def reach(name: str, url: str, headers: Mapping[str, str]) -> int:
    """The status of a HEAD, which changes nothing there; most receivers say 405. Raises Unavailable
    where there is none, or one that a failing server gives. The address may hold a token and is not
    repeated.
    """
    try:
        async with outbound(name, {host_of(url)}, timeout=TIMEOUT) as http:
            answer = await http.head(url, headers=dict(headers))
    except httpx2.TransportError as error:
        raise Unavailable(name, f"no answer: {type(error).__name__}") from error
    if answer.is_server_error and answer.status_code != httpx2.codes.NOT_IMPLEMENTED:
        raise Unavailable(name, f"answered {answer.status_code}")
    return answer.status_code
