"""`Idempotency-Key` on every unsafe method: the same request twice is done once.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header: 400 without a key, 422
for a key of another request, 409 while the first one is at work. A request that failed has used no
key.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from isthmus.access import Principal
from isthmus.store.answers import Answer, Claim
from isthmus.web.caller import caller
from isthmus.web.context import app_of
from isthmus.web.correlation import add_header
from isthmus.web.doors import asked_by
from isthmus.web.problem import FieldError, Refusal

LONGEST = 200
REPLAYED = "Idempotency-Replayed"
_CLAIM = "isthmus.claim"
_KEPT = ("content-type", "etag", "location", "retry-after")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class _Replay(Exception):
    """It was answered before."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


async def once(
    request: Request,
    who: Annotated[Principal, Depends(caller)],
    idempotency_key: Annotated[
        str | None,
        Header(max_length=1000, description="Yours for this request, and the same for a repeat."),
    ] = None,
) -> None:
    """Claim the key for this request. Goes with `OnceRoute`, which keeps the answer.

    What the route asks for is looked at before the key: an answer of before is not given to who
    may not ask any more. Raises Forbidden.
    """
    for permission in asked_by(request.scope["route"].dependant):
        who.ensure(permission)
    claim = Claim(who.id, _usable(idempotency_key), await _digest(request))
    async with app_of(request).database.begin() as tx:
        if await tx.answers.claim(claim):
            request.scope[_CLAIM] = claim
            return
        earlier = await tx.answers.find(claim)
    if earlier is not None and earlier.digest != claim.digest:
        raise _refusal(
            422, "idempotency_key_used", "the Idempotency-Key belongs to another request",
            "Send this one under a key of its own.",
        )  # fmt: skip
    if earlier is None or earlier.answer is None:
        raise Refusal(
            409, "idempotency_in_flight", "the first request with this Idempotency-Key is at work",
            "Ask again after `Retry-After` seconds.", headers={"Retry-After": "1"},
        )  # fmt: skip
    raise _Replay(earlier.answer)


class OnceRoute(APIRoute):
    """Keeps what was answered under the key that `once` has claimed."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handling(request: Request) -> Response:
            try:
                response = await handle(request)
            except _Replay as replay:
                add_header(request.scope, REPLAYED, "true")
                kept = replay.answer
                return Response(kept.body, kept.status, kept.headers)
            except BaseException:
                await _free(request)
                raise
            await _keep(request, response)
            return response

        return handling


async def _keep(request: Request, response: Response) -> None:
    claim: Claim | None = request.scope.get(_CLAIM)
    if claim is None:
        return
    headers = {k: v for k, v in response.headers.items() if k in _KEPT}
    answer = Answer(response.status_code, headers, bytes(response.body))
    async with app_of(request).database.begin() as tx:
        await tx.answers.keep(claim, answer)


async def _free(request: Request) -> None:
    claim: Claim | None = request.scope.get(_CLAIM)
    if claim is not None:
        async with app_of(request).database.begin() as tx:
            await tx.answers.free(claim)


async def _digest(request: Request) -> bytes:
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return sha256(asked + await request.body()).digest()


def _usable(key: str | None) -> str:
    """As the draft writes it, in quotes, or bare."""
    text = (key or "").strip().removeprefix('"').removesuffix('"')
    if not text or len(text) > LONGEST or not text.isascii() or not text.isprintable():
        raise _refusal(
            400, "idempotency_key_missing",
            f"Idempotency-Key is missing, or no text of 1 to {LONGEST} characters",
            "Send one for each request, the same whenever you repeat it.",
        )  # fmt: skip
    return text


def _refusal(status: int, code: str, detail: str, remedy: str) -> Refusal:
    at = FieldError(field="header.idempotency-key", reason=detail)
    return Refusal(status, code, detail, remedy, errors=[at])
