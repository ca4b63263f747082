"""H1: secrets of clients and keys that sign are made, replaced and ended from the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Isthmus

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
