"""A caller who submits the hours of a project under way."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from tests.firm import Firm
from tests.flows.work import FIRST, Work

from isthmus.api.server import serving

PATH = "/process/v1/time-entries"
JSON, NDJSON = "application/json", "application/x-ndjson"


@asynccontextmanager
async def calling(firm: Firm) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=60) as http:
        yield http


def hours_of(work: Work, id: str, hours: Any = "8", **values: Any) -> dict[str, Any]:
    """An approved entry of Consultant One on the project."""
    return {
        "external_id": id,
        "resource": work.firm.org.ids["E001"],
        "project": work.project["Id"],
        "assignment": work.assignment,
        "role": "Consultant",
        "worked_on": FIRST,
        "hours": hours,
        "approval": "approved",
        "currency": "EUR",
        **values,
    }


def as_lines(entries: Sequence[Any]) -> bytes:
    return "\n".join(e if isinstance(e, str) else json.dumps(e) for e in entries).encode()


async def post(
    http: httpx2.AsyncClient,
    body: bytes | Sequence[Any],
    key: str | None = "key-1",
    *,
    media_type: str = JSON,
    packed: bool = False,
    connection: str = "certinia",
    **headers: str,
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"content-type": media_type, **headers}
    if key is not None:
        sent["idempotency-key"] = key
    if packed:
        sent["content-encoding"], content = "gzip", gzip.compress(content)
    return await http.post(PATH, content=content, headers=sent, params={"connection": connection})


async def submitted(
    http: httpx2.AsyncClient, entries: Sequence[Any], key: str, **how: Any
) -> dict[str, Any]:
    answer = await post(http, entries, key, **how)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counted(answer: dict[str, Any]) -> tuple[int, int, int, int]:
    """(accepted, changed, unchanged, refused)."""
    named = [e["outcome"] for e in answer["entries"]]
    counts = tuple(answer[name] for name in ("accepted", "changed", "unchanged", "refused"))
    assert counts == tuple(map(named.count, ("accepted", "changed", "unchanged", "refused")))
    accepted, changed, unchanged, refused = counts
    return accepted, changed, unchanged, refused


async def rate(firm: Firm) -> None:
    """What a worker does of its own accord every two seconds."""
    await firm.wake()
