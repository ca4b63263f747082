"""What the relay asks of a broker or a webhook."""

from __future__ import annotations

from typing import Protocol

from isthmus.events.message import Message


class Connected(Protocol):
    """An open connection. It may be asked to send several messages at the same time, of which no
    two have the same subject.
    """

    async def send(self, message: Message) -> None:
        """Return once the other side has stored it. Raises ConnectError: Refused where this
        message will never be taken, another kind where it may be tried again.
        """

    async def close(self) -> None: ...
