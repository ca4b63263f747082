"""What every question stands on: the reference, the tools, the mock ERP, the database."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import installation, postgres, processes, quiet, reference
from .installation import Isthmus
from .postgres import Server
from .reference import Unusable
from .results import Results

CALLER = Path(__file__).with_name("caller.py")


@dataclass(frozen=True)
class Options:
    """`batches`, `total`, `peers`: None is what the question has of its own."""

    quick: bool = False
    batches: tuple[int, ...] | None = None
    total: int | None = None
    runs: int = 3
    workers: int = 1
    profiled: bool = False
    quiet_seconds: float = 120.0
    peers: tuple[str, ...] | None = None
    test: str = ""
    """Part of the name of the fault tests that are wanted."""


@dataclass
class Bench:
    reference: Path
    results: Results
    server: Server
    options: Options
    python: Path
    connectors: str
    erp_port: int
    erp_pid: int
    series: str = field(default_factory=lambda: f"{time.time_ns():x}")
    """What was measured together."""

    @property
    def erp(self) -> str:
        return f"http://127.0.0.1:{self.erp_port}"

    @property
    def home(self) -> Path:
        return self.results.folder / "isthmus"

    @contextmanager
    def running(self, *, workers: int | None = None, database: str = "bench") -> Iterator[Isthmus]:
        """Isthmus on a fresh copy of the firm's database."""
        firm = self._firm()
        made = installation.installed(
            self.home, self.server.database(database), self.erp, firm, self.connectors,
            workers=self.options.workers if workers is None else workers,
            profiled=self.options.profiled,
        )  # fmt: skip
        projects = len(json.loads(firm.read_text("utf-8"))["projects"])
        seconds = installation.ensure_template(self.server, replace(made, profiled=False), projects)
        if seconds is not None:
            print(f"{projects} projects opened from their deals in {seconds:.0f} s", flush=True)
        self.server.create(database, installation.TEMPLATE)
        made.start()
        try:
            yield made
        finally:
            made.stop()

    def _firm(self) -> Path:
        file = self.results.folder / "firm.json"
        if not file.exists():
            file.write_text(json.dumps(self.call("firm")), "utf-8")
        return file

    def call(self, mode: str, **given: Any) -> dict[str, Any]:
        """What the load generator finds. Raises Unusable with what it says when it fails."""
        values = json.dumps({"erp": self.erp, **given})
        command = [str(self.python), str(CALLER), str(self.reference), mode, values]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unusable(f"The load generator failed: {done.stderr.strip()[-500:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        if mode == "run" and not found["entries"]:
            raise Unusable("The system took none of the entries; see its log in the results.")
        return found

    def submit(self, mode: str, made: Isthmus, **given: Any) -> dict[str, Any]:
        """As `call`, to Isthmus, with what it answered checked against what it holds."""
        before = Held.read(made)
        url = f"{made.url}/process/v1/time-entries?connection=psa"
        found = self.call(mode, url=url, pidfile=str(made.pidfile), **given)
        now, said = Held.read(made), found["answers"]
        return {
            **found,
            "exceptions_ok": said["refused"] == said["unknown"] == now.refused - before.refused
            and now.unbillable - before.unbillable == said["unbillable"],
            "other_holds": now.holds - before.holds - (now.refused - before.refused),
        }

    def quiet(self) -> str:
        return quiet.wait(self.options.quiet_seconds)

    def groups(self, made: Isthmus | None = None) -> dict[str, list[int]]:
        """Process ids by what they are."""
        found = {"mock ERP": [self.erp_pid]}
        if self.server.pid is not None:
            found["PostgreSQL"] = processes.tree(self.server.pid)
        if made is not None:
            found |= {"API": made.pids["api"], "workers": made.pids["worker"]}
        return found


@dataclass(frozen=True)
class Held:
    """What Isthmus keeps of the job's exceptions."""

    unbillable: int
    refused: int
    """Holds of entries that were refused at the door."""
    holds: int

    @classmethod
    def read(cls, made: Isthmus) -> Held:
        url = made.environment["DATABASE_URL"]
        return cls(
            installation.counted(url, "SELECT count(*) FROM time_entry WHERE state = 'unbillable'"),
            installation.counted(
                url,
                "SELECT count(*) FROM hold WHERE flow = 'ingest' AND object_kind = 'time_entry'"
                " AND state = 'held'",
            ),
            installation.counted(url, "SELECT count(*) FROM hold WHERE resolved_at IS NULL"),
        )


@contextmanager
def opened(results: Results, options: Options, database: str | None = None) -> Iterator[Bench]:
    """Raises Unusable."""
    where = reference.folder()
    python = reference.tools(results.folder)
    connectors = reference.connectors(results.folder / "connectors")
    with ExitStack() as stack:
        server = stack.enter_context(postgres.server(results.folder / "postgres", database))
        port = processes.free_port()
        command = [str(python), str(where / "mock_erp.py"), "--port", str(port)]
        erp = processes.spawn(command, results.folder / "erp.log")
        stack.callback(processes.end, [erp])
        if not processes.answers(f"http://127.0.0.1:{port}/stats"):
            raise Unusable("The mock ERP did not start; see erp.log in the results.")
        yield Bench(where, results, server, options, python, connectors, port, erp)
