"""What runs of a release have recorded, as files: written by this release, replayed by the next.

    ISTHMUS_RECORD=tests/recorded/0.1.0 pytest tests/flows

writes one file for each order of steps of each flow that the tests of the flows bring about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import psycopg

HERE = Path(__file__).parent
MOST = 8
"""Orders of steps that are kept of each flow."""


@dataclass(frozen=True)
class Recorded:
    """One run: by which flow and version, what started it, and its steps with what they gave.

    `ended` is `SUCCESS`, or `ERROR` for one that stopped half-way and may go on.
    """

    release: str
    file: str
    flow: str
    run_id: str
    event: dict[str, Any]
    ended: str
    steps: tuple[tuple[str, Any, Any], ...]
    """(name, output, error), as the engine's serializer writes them."""

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.steps]

    @property
    def label(self) -> str:
        return f"{self.release}/{self.file}"


def recorded(release: str) -> Iterator[Recorded]:
    for path in sorted((HERE / release).glob("*.json")):
        found = json.loads(path.read_text())
        steps = tuple((s["name"], s["output"], s["error"]) for s in found.pop("steps"))
        yield Recorded(release, path.stem, steps=steps, **found)


def releases() -> list[str]:
    return sorted(path.name for path in HERE.iterdir() if (path / "README.md").exists())


def record(url: str, folder: Path) -> None:
    """Write the runs of a database that show an order of steps which the folder lacks."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {tuple(shape(json.loads(p.read_text()))) for p in folder.glob("*.json")}
    with psycopg.connect(url) as connection:
        for run in _runs(connection):
            kept = len(list(folder.glob(f"{run['flow']}-*.json")))
            if tuple(shape(run)) in known or not run["steps"] or kept >= MOST:
                continue
            known.add(tuple(shape(run)))
            text = json.dumps(run, indent=1, ensure_ascii=False)
            _write(folder / f"{run['flow']}-{kept + 1}.json", text + "\n")


def _write(path: Path, text: str) -> None:
    """Whole or not at all: several tests record at the same time."""
    with NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).rename(path)


def shape(run: dict[str, Any]) -> list[str]:
    return [run["flow"], run["ended"], *(step["name"] for step in run["steps"])]


def _runs(connection: psycopg.Connection[Any]) -> Iterator[dict[str, Any]]:
    found = connection.execute(
        "select s.workflow_uuid, s.status, i.inputs from dbos.workflow_status s"
        " join dbos.workflow_input i using (workflow_uuid)"
        " where s.name = 'execute' and s.status in ('SUCCESS', 'ERROR') order by 1"
    ).fetchall()
    for id, status, inputs in found:
        steps = connection.execute(
            "select function_name, output, error from dbos.operation_outputs"
            " where workflow_uuid = %s order by function_id", (id,),
        ).fetchall()  # fmt: skip
        flow, run_id, event = json.loads(inputs)["args"]
        yield {
            "flow": flow, "run_id": run_id, "event": event, "ended": status,
            "steps": [
                {"name": name, "output": _json(output), "error": _json(error)}
                for name, output, error in steps
            ],
        }  # fmt: skip


def _json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
