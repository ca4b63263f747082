"""While the database is away whoever asks is told to ask again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psycopg
import pytest
from sqlalchemy.engine import make_url
from tests.firm import Firm

from isthmus.api.server import serving

pytestmark = pytest.mark.anyio


@contextmanager
def away(server_url: str, firm: Firm) -> Iterator[None]:
    """Nobody is connected to the firm's database, and nobody may connect."""
    name = make_url(firm.app.database.url).database
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        yield
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.mark.parametrize("path", ["/events", "/healthz"])
async def test_an_outage_is_answered_503(firm: Firm, server_url: str, path: str) -> None:
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        assert (await http.get(path)).status_code == 200
        with away(server_url, firm):
            answer = await http.get(path)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert answer.headers["Content-Type"] == "application/problem+json"
            told = answer.json()
            assert (told["code"], told["detail"]) == (
                "database_away",
                "the database does not answer",
            )
        assert (await http.get(path)).status_code == 200
