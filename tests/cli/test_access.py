"""H1: secrets of clients and keys that sign are made, replaced and ended from the shell."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Isthmus

from isthmus.access.accounts import named
from isthmus.access.log_in import Lasts, begin
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio


async def test_a_client_and_its_secrets(isthmus: Isthmus, empty_home: Path) -> None:
    async def told(*words: str) -> str:
        answer = await isthmus("access", *words)
        assert answer.code == 0, answer.err
        return answer.out

    await told("client", "add", "psa", "--role", "service@EA-NL")
    secret = ("client", "secret", "psa", "--scope", "time.submit", "--json")
    made: dict[str, Any] = json.loads(await told(*secret))
    assert made["key"].startswith(f"isc_{made['id']}_")
    replaced = await told("key", "rotate", made["id"], "--overlap", "1h")
    assert replaced.startswith("isc_"), "a secret is replaced by a secret"
    await told("key", "revoke", made["id"], "--reason", "left in a log")
    rows = json.loads(await told("key", "list", "--json"))
    assert [(r["kind"], r["client"], r["scopes"], r["revoked_at"] is None) for r in rows] == [
        ("secret", "psa", ["time.submit"], False), ("secret", "psa", ["time.submit"], True),
    ]  # fmt: skip
    assert await told("signing", "rotate") != await told("signing", "rotate", "--at-once")
    assert (empty_home / "secret.key").stat().st_mode & 0o077 == 0
    refused = await isthmus("access", "client", "secret", "nobody")
    assert refused.code != 0
    assert "There is no machine nobody." in refused.err


async def test_sessions_at_the_console_are_told_and_ended(
    isthmus: Isthmus, database_url: str
) -> None:
    for name in ("anna", "ben"):
        assert (await isthmus("access", "user", "add", name, "--role", "finance")).code == 0
    database = Database(database_url)
    async with database.begin() as tx:
        for name, address in (("anna", "192.0.2.1"), ("anna", "192.0.2.2"), ("ben", "192.0.2.3")):
            lasts = Lasts(timedelta(hours=1), timedelta(hours=9))
            await begin(tx, await named(tx, name), address, lasts)
    await database.close()

    async def seen(*words: str) -> list[tuple[str, str]]:
        rows = json.loads((await isthmus("access", "user", "sessions", *words, "--json")).out)
        return [(row["name"], row["address"]) for row in rows]

    assert await seen("anna") == [("anna", "192.0.2.2"), ("anna", "192.0.2.1")]
    assert (await isthmus("access", "user", "log-out", "Anna")).out == "2 sessions of anna ended\n"
    assert await seen() == [("ben", "192.0.2.3")]
    assert (await isthmus("access", "user", "log-out", "anna")).out == "0 sessions of anna ended\n"
    nobody = await isthmus("access", "user", "sessions", "cas")
    assert (nobody.code, "There is no person cas." in nobody.err) == (1, True)
    acts = json.loads((await isthmus("audit", "list", "--action", "sessions.ended", "--json")).out)
    assert [row["after"] for row in acts] == [{"sessions_ended": 0}, {"sessions_ended": 2}]
