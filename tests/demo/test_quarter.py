"""The whole demonstration, killed again and again: it finishes, and every cent ties out."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from tests.console.reading import read
from tests.demo import by_hand

from isthmus.api.server import serving
from isthmus.app import App
from isthmus.installed import load_landscape
from isthmus.settings import Settings
from isthmus.store.embedded import EmbeddedPostgres
from isthmus.store.embedded.place import recorded

PLAY = (
    "import asyncio, sys; from pathlib import Path; from isthmus.demo import run_demo; "
    "sys.exit(asyncio.run(run_demo(Path(sys.argv[1]))))"
)
KILLS = (
    ("begun", 3.0),
    ("seeded", 2.0),
    ("july_deals", 5.0),
    ("july_time", 0.5),
    ("august_2", 2.0),
    ("september_2", 1.0),
)
"""Stage in the journal, and seconds after it."""


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


def start(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PLAY, str(home)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip


def reaches(home: Path, stage: str, player: subprocess.Popen[str]) -> None:
    journal = home / "journal.json"
    while not journal.exists() or stage not in json.loads(journal.read_text()):
        assert player.poll() is None, player.communicate()[0]
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_any_moment_it_finishes_and_ties_out(home: Path) -> None:
    for stage, seconds in KILLS:
        player = start(home)
        reaches(home, stage, player)
        time.sleep(seconds)
        player.send_signal(signal.SIGKILL)
        player.communicate()
    player = start(home)
    told, _ = player.communicate()
    assert player.returncode == 0, told
    assert "it ties out" in told
    assert "deals won 30 -> projects 27 · amended 1 · waiting for a person 2" in told
    assert (
        "approved 5,018 -> billable 3,966 -> rated 3,935 -> posted 3,935 -> invoiced 3,935 · "
        "held 31" in told
    )
    page = asyncio.run(projects_of(home))
    assert "not known" not in page
    assert page.count("have no cost") == 2, "the 35 hours that are held, in their row and in all"
    assert re.search(
        r"Copperleaf Verzekeringen B\.V\.: Claims intake Copperleaf Verzekeringen B\.V\. · C-\d+ · "
        r"EA-NL · 524\.5 h billed sold 37,000\.00 EUR earned 37,000\.00 EUR 100 % of sold "
        r"in progress \S margin 7,933\.91 EUR 21\.4 % after cost of 29,066\.09 EUR", page,
    )  # fmt: skip
    key_figures_are_those_worked_out_by_hand(home)


def key_figures_are_those_worked_out_by_hand(home: Path) -> None:
    """Of the thirteen those that follow from what the systems hold; the others say how long this
    play took.
    """
    expected = by_hand.figures(home / "vendors")
    place = {"ISTHMUS_HOME": str(home), "ISTHMUS_LANDSCAPE": str(home / "isthmus.yaml")}
    told = subprocess.run(
        [Path(sys.executable).with_name("isthmus"), "kpi", "--json"],
        capture_output=True, text=True, check=True, env={**os.environ, **place},
    )  # fmt: skip
    found = {
        (row["name"], row["currency"]): row["value"] for row in json.loads(told.stdout)["figures"]
    }
    assert {name: Decimal(found[name]) for name in expected} == expected


async def projects_of(home: Path) -> str:
    """The console's page on what the demonstration left."""
    landscape = home / "isthmus.yaml"
    settings = Settings(DATABASE_URL=None, home=home, landscape=landscape)
    app = await App.open(settings, load_landscape(landscape))
    try:
        async with serving(app) as url, httpx2.AsyncClient(base_url=url) as http:
            return await read(http, "/projects")
    finally:
        await app.close()
