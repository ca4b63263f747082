"""What request handlers share: the running application, and bodies of a bounded size."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Request

from isthmus.app import App

MAX_BODY = 2_000_000


def app_of(request: Request) -> App:
    app: App = request.app.state.isthmus
    return app


async def running_app(request: Request) -> App:
    """As a dependency: one that is not async costs each request a thread's turn."""
    return app_of(request)


def public_url(request: Request) -> str:
    """Where this installation is for whoever asks, without a slash at the end."""
    return app_of(request).settings.public_url or str(request.base_url).rstrip("/")


Running = Annotated[App, Depends(running_app)]
"""The application, as a parameter of a handler."""


async def bounded_body(request: Request, what: str = "a webhook", limit: int = MAX_BODY) -> bytes:
    """Raises 413."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413, f"{what} of more than {limit:,} bytes is refused")
    return bytes(body)
