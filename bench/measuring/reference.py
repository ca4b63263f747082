"""The job that is measured: a folder beside this repository, and the packages that it needs.

Its payloads, its load generator and its mock ERP are run where they lie.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "ISTHMUS_BENCH_REFERENCE"
ROOT = Path(__file__).resolve().parents[2]
JOB = ROOT / "bench" / "job"
DEFAULT = ROOT.parent / "shared" / "reference" / "bench"
NEEDED = ("payload.py", "mock_erp.py", "loadgen.py", "raw_limits.py", "peers/celery_app.py")
PACKAGES = (
    "orjson", "httptools", "uvloop", "asyncpg", "httpx", "fastapi", "uvicorn", "celery", "redis",
    "requests", "packaging",
)  # fmt: skip
"""Of the load generator, the mock ERP, the raw limits and the peers; none is one of ours."""


class Unusable(Exception):
    """Something that the measurement stands on is missing; the text says what to do."""


def folder() -> Path:
    """Raises Unusable."""
    found = Path(os.environ.get(VARIABLE) or DEFAULT)
    missing = [name for name in NEEDED if not (found / name).is_file()]
    if missing:
        raise Unusable(
            f"The job to measure is not here ({missing[0]} is missing): set {VARIABLE} to the "
            "folder that holds loadgen.py, mock_erp.py and payload.py."
        )
    return found.resolve()


def tools(results: Path) -> Path:
    """Python of an environment with `PACKAGES`, made once below the results folder.

    Raises Unusable.
    """
    home = results / "tools"
    python, done = home / "bin" / "python", home / "done"
    if done.is_file() and done.read_text("utf-8").split() == list(PACKAGES):
        return python
    print("Making an environment for the load generator and the peers ...", flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(home)], [*pip, *PACKAGES]):
        done_so_far = subprocess.run(command, capture_output=True, text=True, check=False)
        if done_so_far.returncode:
            raise Unusable(
                f"The packages {', '.join(PACKAGES)} could not be installed; give pip an index. "
                f"It said: {done_so_far.stderr.strip()[-300:]}"
            )
    done.write_text(" ".join(PACKAGES), "utf-8")
    return python


def connectors(folder: Path) -> str:
    """The PYTHONPATH under which the job's connectors are found by their entry points: what an
    installer writes about a package goes into `folder`, its code is used where it lies.
    """
    about = tomllib.loads((JOB / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = about["name"].replace("-", "_"), about["version"]
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    known = f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {version}\n"
    (info / "METADATA").write_text(known, "utf-8")
    (info / "entry_points.txt").write_text(_entry_points(about["entry-points"]), "utf-8")
    return os.pathsep.join((str(folder), str(JOB)))


def _entry_points(groups: Mapping[str, Mapping[str, str]]) -> str:
    lines: list[str] = []
    for group, named in groups.items():
        lines += [f"[{group}]", *(f"{name} = {where}" for name, where in named.items()), ""]
    return "\n".join(lines)
