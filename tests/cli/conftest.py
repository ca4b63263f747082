"""One call of the command line, in a thread of its own: it brings its own event loop."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
import pytest
import structlog
from tests.firm import Firm, a_firm
from tests.landscapes import ENVIRONMENT
from typer.testing import CliRunner

from isthmus.cli.root import cli


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Isthmus = Callable[..., Awaitable[Answer]]


def call(*words: str) -> Answer:
    """The command sets logging up for its own streams, which end with it."""
    logging_before = structlog.get_config()
    result = CliRunner().invoke(cli, list(words), prog_name="isthmus")
    structlog.configure(**logging_before)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No installation anywhere, and a current folder without a landscape."""
    for name in ("DATABASE_URL", "ISTHMUS_HOME", "ISTHMUS_LANDSCAPE", "ISTHMUS_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ISTHMUS_ACTOR", "a tester")
    monkeypatch.setenv("ISTHMUS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def isthmus(empty_home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Isthmus:
    """The command line on a database of the test's own."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    async def answer(*words: str) -> Answer:
        return await anyio.to_thread.run_sync(lambda: call(*words))

    return answer


@pytest.fixture
async def firm(
    database_url: str, isthmus: Isthmus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Firm]:
    """A firm at work, whose landscape the command line finds in the current folder.

    Its log goes to a stream of its own: what a command prints is its answer alone.
    """
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.__stderr__))
    async with a_firm(database_url, tmp_path) as made:
        yield made
    structlog.configure(**before)
