"""What both systems of the job leave undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from isthmus.canonical import CanonicalObject
from isthmus.connect import (
    Change,
    ConnectError,
    Notice,
    Outgoing,
    Receipt,
    Refused,
    Reply,
    Webhook,
)


class Silent:
    """Sends no webhooks, is searched by nothing, and takes objects one by one."""

    transport: object = None

    def __init__(self, name: str) -> None:
        self.name = name

    async def find(
        self, model: type[CanonicalObject], criteria: Mapping[str, str]
    ) -> Sequence[Change]:
        raise Refused(self.name, f"{model.kind} is not searched here")

    async def put(self, outgoing: Outgoing) -> Receipt:
        raise NotImplementedError

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        raise Refused(self.name, "only time is written by the hundred")

    def receive(self, webhook: Webhook) -> tuple[Sequence[Notice], Reply]:
        raise Refused(self.name, "this system sends no webhooks")

    async def close(self) -> None:
        pass
