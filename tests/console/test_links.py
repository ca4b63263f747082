"""G4: no page leads a role to where it may not go."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from tests.console.govern import as_role
from tests.firm import Firm
from tests.flows.work import Work

from isthmus.access import AccessRole
from isthmus.access.accounts import first_person
from isthmus.api.server import serving

pytestmark = pytest.mark.anyio
Place = tuple[Firm, Work]
_LINK = re.compile(r'<a [^>]*?href="(/[^"#]*)')
_ID = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}")
_PARTS = re.compile(r"(?<=/model/)(objects|events)/[^/]+")
ROLES = [AccessRole.ADMIN, AccessRole.INTEGRATION, AccessRole.FINANCE, AccessRole.PMO,
         AccessRole.DELIVERY, AccessRole.EXECUTIVE, AccessRole.AUDITOR]  # fmt: skip


@pytest.fixture(scope="module")
async def http(place: Place) -> AsyncIterator[httpx2.AsyncClient]:
    await first_person(place[0].app.database, "test")
    async with serving(place[0].app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("role", ROLES)
async def test_every_link_opens(place: Place, http: httpx2.AsyncClient, role: AccessRole) -> None:
    headers = await as_role(place[0], f"a-{role}", role)
    opened = await crawled(http, headers)
    shut = {path: answer for path, answer in opened.items() if answer[0] != 200}
    assert shut == {}
    assert len(opened) > 5


async def crawled(
    http: httpx2.AsyncClient, headers: Mapping[str, str]
) -> dict[str, tuple[int, str]]:
    """Address -> status, and the page that leads there; one address of each shape."""
    found: dict[str, tuple[int, str]] = {}
    seen: set[str] = set()
    left = deque([("/", "")])
    while left:
        path, before = left.popleft()
        if shape(path) in seen or path.startswith("/static/"):
            continue
        seen.add(shape(path))
        answer = await http.get(path, headers=dict(headers))
        found[path] = answer.status_code, before
        links = [html.unescape(link) for link in _LINK.findall(answer.text)]
        left.extend((link, path) for link in links)
    return found


def shape(address: str) -> str:
    """The path without ids, and the names of what is asked for."""
    split = urlsplit(address)
    asked = sorted(name for name, _ in parse_qsl(split.query))
    return f"{_PARTS.sub('one', _ID.sub('n', split.path))}?{','.join(asked)}"
