"""A receiver of webhooks that checks signatures with the library of the scheme's own project, and
fails as often as it is told to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook, WebhookVerificationError
from tests.events.out.sides import Arrived

from isthmus.sandbox.serve import serving

SECRET = "whsec_bm90LWEtcmVhbC1zZWNyZXQtb2YtMzItYnl0ZXMhIQ=="


@dataclass
class Receiver:
    """`failing` answers of `status` come before the next 200; -1: until it is set to 0."""

    url: str = ""
    failing: int = 0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    content_types: set[str] = field(default_factory=set)

    async def take(self, request: Request) -> Response:
        status = await self._judge(request)
        self.answers[status] += 1
        return Response(status_code=status, headers=self.headers if status != 200 else None)

    async def _judge(self, request: Request) -> int:
        body = await request.body()
        try:
            event: dict[str, Any] = Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError:
            return 401
        if self.failing:
            self.failing -= self.failing > 0
            return self.status
        self.content_types.add(request.headers["content-type"])
        self.arrived.append(
            Arrived(request.headers["webhook-id"], request.url.path, request.headers, event)
        )
        return 200


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver, web = Receiver(), FastAPI()
    web.add_api_route("/hooks/isthmus", receiver.take, methods=["POST"])
    async with serving(web) as url:
        receiver.url = f"{url}/hooks/isthmus"
        yield receiver
