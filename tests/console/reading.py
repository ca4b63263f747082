"""A page as a person reads it."""

from __future__ import annotations

import html
import re

import httpx2

PAGE = {"accept": "text/html"}


def text_of(answer: httpx2.Response) -> str:
    """In one line."""
    bare = re.sub(r"<script.*?</script>|<svg.*?</svg>|<[^>]+>", " ", answer.text, flags=re.S)
    return " ".join(html.unescape(bare).split())


async def read(http: httpx2.AsyncClient, path: str) -> str:
    answer = await http.get(path, headers=PAGE)
    assert answer.status_code == 200, (path, answer.text)
    return text_of(answer)
