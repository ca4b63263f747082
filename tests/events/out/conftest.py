from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest
from tests.events.out.sides import SIDES, Side

from isthmus.events.destinations import kafka
from isthmus.store.database import Database
from isthmus.store.migrate import upgrade


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await upgrade(opened.engine)
    yield opened
    await opened.close()


@pytest.fixture(params=sorted(SIDES))
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    async with SIDES[request.param]() as opened:
        yield opened


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message to Kafka is given seconds, of which a test has few."""
    monkeypatch.setattr(kafka, "ANSWERS_WITHIN", 2.0)
    monkeypatch.setattr(kafka, "ONE_ANSWER_WITHIN", 1.0)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
