"""What one call of the command line works with: its options, the database, the application."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from isthmus.cli.problem import Problem

if TYPE_CHECKING:
    from isthmus.app import App
    from isthmus.settings import Settings
    from isthmus.store.database import Database
    from isthmus.store.holds import HoldRow

T = TypeVar("T")
DEMO = "demo"


@dataclass
class Session:
    """Options that stand before the command; they override the environment."""

    home: Path | None = None
    landscape: Path | None = None
    debug: bool = False

    @cached_property
    def settings(self) -> Settings:
        from isthmus.settings import load_settings

        chosen = {"home": self.home, "landscape": self.landscape}
        settings = load_settings()
        return settings.model_copy(update={k: v for k, v in chosen.items() if v is not None})

    @cached_property
    def installed(self) -> Settings:
        """Settings of the installation to look at: the demo's, where it is the only one.

        The demo lives in a folder of its own under the home, so that nothing of it is left in a
        real installation.
        """
        settings, demo = self.settings, self.settings.home / DEMO
        if settings.database_url is not None or _has_database(settings.home):
            return self.with_landscape(settings)
        if _has_database(demo):
            typer.echo(f"(no installation in {settings.home}; this is the demo's)", err=True)
            return self.with_landscape(settings.model_copy(update={"home": demo}))
        raise Problem(
            f"There is no installation in {settings.home}.",
            "Its embedded database was never started, and DATABASE_URL is not set.",
            "Start one with `isthmus up`, see one with `isthmus demo`, or name it with --home.",
        )

    def with_landscape(self, settings: Settings) -> Settings:
        """The landscape beside the installation, where none is in the current folder."""
        beside = settings.home / "isthmus.yaml"
        if self.landscape is None and not settings.landscape.exists() and beside.exists():
            return settings.model_copy(update={"landscape": beside})
        return settings


def _has_database(home: Path) -> bool:
    from isthmus.store.embedded import EmbeddedPostgresError, database_url

    try:
        database_url(home)
    except EmbeddedPostgresError:
        return False
    return True


def session(context: typer.Context) -> Session:
    found = context.find_object(Session)
    return found if found is not None else Session()


def act(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end. Logs go to the error stream, and only errors: the answer is the output."""
    from isthmus.observe.logging import configure_logging

    configure_logging("error", "console")
    with asyncio.Runner(loop_factory=_loop()) as runner:
        return runner.run(work)


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, which takes half as long for each answer of the database; there is none for
    Windows.
    """
    if sys.platform == "win32":
        return None
    from uvloop import new_event_loop

    return new_event_loop


def person() -> str:
    """Who acts, for the record: the account that runs the command."""
    return os.environ.get("ISTHMUS_ACTOR") or getpass.getuser()


@asynccontextmanager
async def database(settings: Settings, *, migrated: bool = True) -> AsyncIterator[Database]:
    """The database alone: no landscape, no engine. The embedded one is left as it was found."""
    from isthmus.store.database import Database
    from isthmus.store.embedded import EmbeddedPostgres
    from isthmus.store.reach import reach

    embedded: EmbeddedPostgres | None = None
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
    else:
        embedded = EmbeddedPostgres(settings.home)
        url = await asyncio.to_thread(embedded.start)
    opened = Database(url, pool_size=2)
    try:
        if migrated:
            await reach(opened)
        yield opened
    finally:
        await opened.close()
        if embedded is not None:
            await asyncio.to_thread(embedded.stop)


@asynccontextmanager
async def application(settings: Settings) -> AsyncIterator[App]:
    """The whole application without its background work: it can enqueue and call systems."""
    from isthmus.app import App

    app = await App.open(settings)
    try:
        yield app
    finally:
        await app.close()


async def hold_named(database: Database, label: str) -> HoldRow:
    async with database.begin() as tx:
        hold = await tx.holds.find(label)
    if hold is None:
        raise Problem(
            f"There is no hold {label}.",
            "Holds are named H-1, H-2 and so on.",
            "`isthmus hold list --all` lists them, those that are over too.",
        )
    return hold
