"""A firm that keeps books on itself: nobody has an account yet, and nothing was done."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import httpx2
from tests.firm import Firm

from isthmus.access.accounts import add_machine
from isthmus.access.keys import add_key

PAGE = {"accept": "text/html"}
ACCESS = """\
access:
  regions: {benelux: [EA-NL]}
"""


def text_of(answer: httpx2.Response) -> str:
    """What a person reads, in one line."""
    bare = re.sub(r"<script.*?</script>|<svg.*?</svg>|<[^>]+>", " ", answer.text, flags=re.S)
    return " ".join(html.unescape(bare).split())


async def read(
    http: httpx2.AsyncClient, path: str, headers: dict[str, str] = PAGE, status: int = 200
) -> str:
    answer = await http.get(path, headers=headers)
    assert answer.status_code == status, (path, answer.text)
    return text_of(answer)


async def as_role(firm: Firm, name: str, role: str, scope: str = "") -> dict[str, str]:
    """Headers of a machine that has that role."""
    database = firm.app.database
    await add_machine(database, name, name, [(role, scope)], "test")
    key = (await add_key(database, name, None, timedelta(hours=1), "test")).key
    return {**PAGE, "Authorization": f"Bearer {key}"}
