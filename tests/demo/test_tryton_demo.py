"""Another ledger in the landscape, and nothing else: the quarter ties out on a real Tryton, though
it is killed while Tryton posts invoices.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.tryton_server.fixtures import require_tryton
from tests.tryton_server.server import shelf

from isthmus.store.embedded import EmbeddedPostgres
from isthmus.store.embedded.place import recorded

PLAY = (
    "import asyncio, sys; from pathlib import Path; from isthmus.demo import run_demo; "
    "sys.exit(asyncio.run(run_demo(Path(sys.argv[1]), erp='tryton')))"
)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="isthmus-demo-"))
    folder.chmod(0o711)  # as root, another account runs the server and must pass
    yield folder / "demo"
    place = recorded(folder / "demo")
    EmbeddedPostgres(folder / "demo").stop(force=True)
    if place is not None:
        shutil.rmtree(place.base)
    shutil.rmtree(folder)


def start(home: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PLAY, str(home)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env=environment,
    )  # fmt: skip


def reaches(home: Path, stage: str, player: subprocess.Popen[str]) -> None:
    journal = home / "journal.json"
    while not journal.exists() or stage not in json.loads(journal.read_text()):
        assert player.poll() is None, player.communicate()[0]
        time.sleep(0.1)


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / "vendors" / "tryton.sqlite")) as books:
        return books.execute(query).fetchall()


@pytest.mark.slow
@pytest.mark.tryton
@pytest.mark.timeout(900)
def test_the_quarter_ties_out_on_tryton(home: Path) -> None:
    require_tryton()
    environment = {**os.environ, "NO_COLOR": "1", "ISTHMUS_CACHE": str(shelf().folder.parent)}
    player = start(home, environment)
    reaches(home, "august_2", player)
    time.sleep(5)
    player.kill()
    player.communicate()
    posted = rows(home, "SELECT COUNT(*) FROM account_invoice WHERE state = 'posted'")
    player = start(home, environment)
    told, _ = player.communicate()
    assert player.returncode == 0, told
    assert posted != rows(home, "SELECT COUNT(*) FROM account_invoice")
    assert "it ties out" in told
    assert "deals won 30 -> projects 27 · amended 1 · waiting for a person 2" in told
    assert "the answers to 2 written invoices got lost; each is there once" in told
    assert (
        "approved 5,018 -> billable 3,966 -> rated 3,935 -> posted 3,935 -> invoiced 3,935 · "
        "held 31" in told
    )
    assert re.findall(r"^ +(EUR|GBP|USD) .* 0\.00$", told, re.MULTILINE) == ["EUR", "GBP", "USD"]
    assert "connection: tryton" in (home / "isthmus.yaml").read_text()
    assert "vendor: netsuite" not in (home / "isthmus.yaml").read_text()
    invoices = rows(home, "SELECT company, state, COUNT(*) FROM account_invoice GROUP BY 1, 2")
    assert {state for _, state, _ in invoices} == {"posted", "paid"}
    assert {company for company, _, _ in invoices} == {1, 2}
    assert rows(home, "SELECT reference FROM account_invoice GROUP BY 1 HAVING COUNT(*) > 1") == []
