"""Isthmus as it is measured: one API process and some workers, each started as a user starts it."""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg

from isthmus.store.migrations import versions

from . import processes
from .postgres import Server
from .reference import Unusable

LANDSCAPE = """\
firm:
  name: Benchmark Consulting
  legal_entities:
    BENCH-US: {{country: US, currency: USD}}
connections:
  psa: {{vendor: bench_psa, firm: {firm}}}
  erp: {{vendor: bench_erp, url: "{erp}", marks: {marks}}}
roles:
  crm: [{{connection: psa}}]
  psa: [{{connection: psa}}]
  erp: [{{connection: erp}}]
"""
RELEASE = max(path.stem for path in Path(versions.__path__[0]).glob("[0-9]*.py")).partition("_")[0]
TEMPLATE = f"bench_firm_{RELEASE}"
"""Database with the firm's clients, people, prices and projects, of the newest migration; it is
copied for each measurement.
"""
OPENED = "SELECT count(*) FROM run WHERE flow = 'opportunity_to_project' AND state = 'succeeded'"


@dataclass(frozen=True)
class Isthmus:
    """How it is run. The same values start it again after a crash."""

    home: Path
    environment: Mapping[str, str]
    port: int
    workers: int = 1
    profiled: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pidfile(self) -> Path:
        return self.home / "pids"

    @property
    def pids(self) -> dict[str, list[int]]:
        """Process ids of the API and of the workers."""
        if not self.pidfile.exists():
            return {"api": [], "worker": []}
        api, *workers = map(int, self.pidfile.read_text().split())
        return {"api": [api], "worker": workers}

    def start(self) -> None:
        """Until every process answers. Raises Unusable."""
        names = ["api", *(f"worker-{number + 1}" for number in range(self.workers))]
        pids = [
            processes.spawn(self._command(name), self.home / f"{name}.log", self.environment)
            for name in names
        ]
        self.pidfile.write_text(" ".join(map(str, pids)))
        if not self._is_up():
            self.stop()
            raise Unusable(f"Isthmus did not start; see {self.home.name}/api.log in the results.")

    def stop(self) -> None:
        processes.end(pid for pids in self.pids.values() for pid in pids)

    def _command(self, name: str) -> list[str]:
        what, _, _ = name.partition("-")
        arguments = ["api", "--port", str(self.port)] if what == "api" else ["worker"]
        if not self.profiled:
            return [str(Path(sys.executable).with_name("isthmus")), *arguments]
        sampler = Path(__file__).with_name("sampler.py")
        return [sys.executable, str(sampler), str(self.home / f"{name}.profile"), *arguments]

    def _is_up(self, seconds: float = 90.0) -> bool:
        until = time.monotonic() + seconds
        pids = [pid for group in self.pids.values() for pid in group]
        while time.monotonic() < until and all(map(processes.is_alive, pids)):
            if processes.answers(f"{self.url}/healthz", 0.2) and self._working() >= self.workers:
                return True
            time.sleep(0.1)
        return False

    def _working(self) -> int:
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
            return int(json.load(answer)["workers"])

    def write(self, file: Path) -> None:
        """What another process needs to start it again, see `read`."""
        state = asdict(self) | {"home": str(self.home), "environment": dict(self.environment)}
        file.write_text(json.dumps(state), "utf-8")

    @classmethod
    def read(cls, file: Path) -> Isthmus:
        state = json.loads(file.read_text("utf-8"))
        return cls(**{**state, "home": Path(state["home"])})


def installed(
    home: Path,
    database_url: str,
    erp: str,
    firm: Path,
    connectors: str,
    *,
    workers: int = 1,
    profiled: bool = False,
) -> Isthmus:
    """An installation in a folder of its own, which is emptied; not started."""
    if home.is_dir():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    landscape = home / "isthmus.yaml"
    landscape.write_text(LANDSCAPE.format(firm=firm, erp=erp, marks=home / "marks"), "utf-8")
    environment = {
        "DATABASE_URL": database_url,
        "ISTHMUS_LANDSCAPE": str(landscape),
        "ISTHMUS_HOME": str(home),
        "ISTHMUS_LOG_LEVEL": "warning",
        "PYTHONPATH": connectors,
    }
    return Isthmus(home, environment, processes.free_port(), workers, profiled)


def ensure_template(server: Server, start: Isthmus, projects: int) -> float | None:
    """The firm's database, made by Isthmus itself: it reads clients, people, prices and won deals
    and opens a project for each deal. Seconds that took; None where it was there.

    Raises Unusable.
    """
    if server.has(TEMPLATE):
        return None
    making = f"{TEMPLATE}_in_the_making"
    url = server.create(making)
    first = replace(start, environment={**start.environment, "DATABASE_URL": url})
    first.start()
    begun = time.monotonic()
    try:
        _until_opened(url, projects)
    finally:
        first.stop()
    seconds = time.monotonic() - begun
    server.create(TEMPLATE, making)
    server.drop(making)
    return seconds


def _until_opened(url: str, projects: int, patience: float = 600.0) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        time.sleep(1.0)
        if counted(url, OPENED) >= projects:
            return
        if (stopped := counted(url, "SELECT count(*) FROM hold")) > 0:
            raise Unusable(f"{stopped} of the {projects} projects were not opened; see its holds.")
    raise Unusable(f"The {projects} projects were not opened within {patience:.0f} s.")


def counted(url: str, query: str, values: Sequence[object] = ()) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(query, values).fetchone()
    return int(found[0]) if found else 0
