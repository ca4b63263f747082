"""The reference's own systems: Celery as a careful user sets it up, and what a quick one writes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from . import processes
from .reference import Unusable

REDIS = "ISTHMUS_BENCH_REDIS_URL"
FORGET = """
import redis, sys
redis.Redis.from_url(sys.argv[1]).delete(
    "celery", "unacked", "unacked_index", "unacked_mutex", "_kombu.binding.celery"
)
"""
NAIVE, CELERY = "naive_fastapi:app", "celery_app:api"
PEERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "fastapi-httpx-background": (NAIVE, {"MODE": "background"}),
    "fastapi-httpx-sync": (NAIVE, {"MODE": "sync"}),
    "celery": (CELERY, {}),
    "celery-careful": (CELERY, {"ACKS_LATE": "1"}),
}
SETTLE = {"celery": 45.0, "celery-careful": 60.0}
"""Seconds without a line until nothing more is expected, as in the reference."""


@dataclass(frozen=True)
class Peer:
    name: str
    commands: Sequence[Sequence[str]]
    environment: Mapping[str, str]
    url: str
    pidfile: Path

    def start(self) -> None:
        """Raises Unusable."""
        log = self.pidfile.with_suffix(".log")
        pids = [processes.spawn(command, log, self.environment) for command in self.commands]
        self.pidfile.write_text(" ".join(map(str, pids)))
        if not processes.answers(self.url.rsplit("/", 1)[0] + "/docs"):
            raise Unusable(f"{self.name} did not start; see {log.name} in the results.")

    def stop(self) -> None:
        if self.pidfile.exists():
            pids = map(int, self.pidfile.read_text().split())
            processes.end(pid for first in pids for pid in processes.tree(first))

    def write(self, file: Path) -> None:
        """What another process needs to start it again, see `read`."""
        file.write_text(json.dumps({**asdict(self), "pidfile": str(self.pidfile)}), "utf-8")

    @classmethod
    def read(cls, file: Path) -> Peer:
        state = json.loads(file.read_text("utf-8"))
        return cls(**{**state, "pidfile": Path(state["pidfile"])})


def peer(name: str, python: Path, reference: Path, erp: str, folder: Path) -> Peer | None:
    """Not started. None where it needs a Redis and none is named."""
    app, environment = PEERS[name]
    port, bin, where = processes.free_port(), python.parent, str(reference / "peers")
    commands = [
        [str(bin / "uvicorn"), app, "--app-dir", where, "--port", str(port), "--no-access-log",
         "--log-level", "warning"],
    ]  # fmt: skip
    environment = {**environment, "ERP": erp}
    if app == CELERY:
        if not (redis := os.environ.get(REDIS)):
            return None
        environment["REDIS"] = redis
        worker = [str(bin / "celery"), "--workdir", where, "-A", "celery_app", "worker"]
        commands.insert(0, [*worker, "-c", "2", "-l", "WARNING"])
    url = f"http://127.0.0.1:{port}/time-entries"
    return Peer(name, commands, environment, url, folder / f"{name}.pids")


def forget(python: Path, environment: Mapping[str, str]) -> None:
    """Take from Redis what an earlier run has left there: Celery's own keys and nothing else."""
    if redis := environment.get("REDIS"):
        subprocess.run([str(python), "-c", FORGET, redis], check=True)
