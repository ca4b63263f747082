"""H2: every door, tried as every role; what no role was given is denied."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from tests.firm import Firm

from isthmus.access import AccessRole
from isthmus.access.accounts import add_machine
from isthmus.access.keys import add_key
from isthmus.api.server import api
from isthmus.web.doors import doors, matrix

pytestmark = pytest.mark.anyio
PAGE = Path("docs/reference/access.md")


def ensure_fresh(page: str) -> None:
    if os.environ.get("ISTHMUS_TEST_WRITE"):
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page, (
        "docs/reference/access.md is stale; run this test once with ISTHMUS_TEST_WRITE=1"
    )


async def test_every_door_is_shut_to_every_role_that_it_does_not_name(firm: Firm) -> None:
    web, database = api(firm.app), firm.app.database
    found = doors(web)
    holes = [f"{door.method} {door.path}" for door in found if not door.asks and not door.who]
    assert holes == []
    ensure_fresh(matrix(found))
    keys = {}
    for role in AccessRole:
        await add_machine(database, role, role, [(role, "")], "test")
        keys[role] = (await add_key(database, role, None, timedelta(days=1), "test")).key
    transport = httpx2.ASGITransport(web, client=("203.0.113.7", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://isthmus") as http:
        denied = 0
        for door in (door for door in found if door.asks):
            path = re.sub(r"\{[^}]*\}", "x", door.path)
            nobody = await http.request(door.method, path)
            assert nobody.status_code in (303, 401, 403), f"{door.method} {path} as nobody"
            for role in AccessRole:
                if door.admits(role):
                    continue
                headers = {"Authorization": f"Bearer {keys[role]}", "Idempotency-Key": "k" * 16}
                answer = await http.request(door.method, path, headers=headers)
                assert answer.status_code == 403, f"{door.method} {path} as {role}"
                denied += 1
    assert denied > len(found)
    assert all(any(door.admits(role) for role in AccessRole) for door in found if door.asks)
