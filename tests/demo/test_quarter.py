"""The whole demonstration, killed again and again: it finishes, and every cent ties out."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

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
