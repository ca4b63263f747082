"""The job end to end, small: the connectors of `bench/job` between a caller and the mock ERP."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from bench.measuring import reference
from bench.measuring.installation import LANDSCAPE, OPENED, counted
from bench.measuring.processes import answers, free_port
from bench.measuring.submission import ours

from isthmus.api.server import serving
from isthmus.app import App
from isthmus.canonical import TimeEntry
from isthmus.canonical.base import CanonicalObject
from isthmus.connect import Capability, ConnectionContext, Outgoing, Receipt
from isthmus.installed import connectors, load_landscape
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.settings import Settings

pytestmark = pytest.mark.anyio
PROJECTS = ["P0001", "P0002", "P0003"]
CONTENT = {"content-type": "application/json"}


@pytest.fixture
def job() -> Path:
    try:
        return reference.folder()
    except reference.Unusable as missing:
        pytest.skip(str(missing))


@pytest.fixture
def payload(job: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).with_name("json_only")))
    monkeypatch.syspath_prepend(str(job))
    return importlib.import_module("payload")


@pytest.fixture
def erp(job: Path) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(job / "mock_erp.py"), "--port", str(port)],
        env={"PYTHONPATH": str(Path(__file__).with_name("json_only"))},
    )
    assert answers(f"http://127.0.0.1:{port}/stats"), "the mock ERP did not start"
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for folder in reference.connectors(tmp_path / "site").split(":"):
        monkeypatch.syspath_prepend(folder)
    connectors.cache_clear()
    yield
    connectors.cache_clear()


@asynccontextmanager
async def at_work(url: str, folder: Path, payload: ModuleType, erp: str) -> AsyncIterator[str]:
    """The address of Isthmus, whose firm has three of the job's projects, opened from deals."""
    people = sorted({e["employee_id"] for e in payload.entries(20_000)})
    firm = {"projects": PROJECTS, "people": people, "roles": payload.ROLES, "rates": payload.RATES}
    (folder / "firm.json").write_text(json.dumps(firm), "utf-8")
    text = LANDSCAPE.format(firm=folder / "firm.json", erp=erp, marks=folder / "marks")
    (folder / "isthmus.yaml").write_text(text, "utf-8")
    settings = Settings(DATABASE_URL=url, home=folder, port=0)
    app = await App.open(settings, load_landscape(folder / "isthmus.yaml"))
    try:
        await app.start(readers=False)
        await app.read()
        await until(lambda: counted(url, OPENED) == len(PROJECTS))
        async with serving(app) as address:
            yield address
    finally:
        await app.close()


async def until(holds: Any, seconds: float = 60.0) -> None:
    for _ in range(int(seconds / 0.2)):
        if await asyncio.to_thread(holds):
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"not after {seconds} s")


def chosen(payload: ModuleType, most: int = 60) -> list[dict[str, Any]]:
    """Entries of the three projects, and some of projects that nobody has."""
    known = [e for e in payload.entries(20_000) if e["project_id"] in PROJECTS][:most]
    return known + [e for e in payload.entries(500) if e["project_id"].startswith("X")]


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
async def test_every_line_reaches_the_books_once_with_its_amount(
    database_url: str, tmp_path: Path, payload: ModuleType, erp: str
) -> None:
    entries = chosen(payload)
    expected, exceptions = payload.expected(entries)
    unknown = sum(e["project_id"] not in PROJECTS for e in entries)
    assert (len(entries), len(expected), exceptions, unknown) == (73, 55, 18, 13)
    body = json.dumps([ours(entry) for entry in entries]).encode()
    async with (
        at_work(database_url, tmp_path, payload, erp) as url,
        httpx2.AsyncClient(base_url=url, timeout=60) as http,
    ):
        for number in range(2):
            reply = await http.post(
                "/process/v1/time-entries?connection=psa", content=body,
                headers={**CONTENT, "idempotency-key": f"key {number}"},
            )  # fmt: skip
            assert reply.status_code == 200, reply.text
            said = reply.json()
            told = [said[k] for k in ("accepted", "changed", "unchanged", "refused")]
            assert told == ([60, 0, 0, 13] if number == 0 else [0, 0, 60, 13])
            await until(lambda: stats(erp)["distinct"] == len(expected))
        unbillable = "SELECT count(*) FROM time_entry WHERE state = 'unbillable'"
        await until(lambda: counted(database_url, unbillable) == exceptions - unknown)
        held = "SELECT count(*) FROM hold WHERE state = 'held' AND object_kind = 'time_entry'"
        assert counted(database_url, held) == unknown
    found = stats(erp)
    assert (found["duplicates"], found["amount_cents"]) == (0, sum(expected.values()))


async def test_a_run_that_is_taken_over_sends_only_what_is_missing(
    erp: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(reference.JOB))
    books = importlib.import_module("isthmus_bench.erp")
    config = books.ErpConfig(url=erp, marks=tmp_path)
    first, second = (books.Erp(ConnectionContext("erp"), config) for _ in range(2))
    batch = [hours(number) for number in range(3)]
    sent = await first.put_many(batch[:2])
    assert sent == [Receipt(out.obj.id, created=True) for out in batch[:2]]
    again = await second.put_many(batch)
    assert again == [Receipt(out.obj.id, out is batch[2]) for out in batch]
    found = stats(erp)
    assert (found["distinct"], found["duplicates"], found["amount_cents"]) == (3, 0, 3 * 11_250)
    assert second.capabilities[TimeEntry] == Capability(writes=True, batch=200)
    await first.close()
    await second.close()


def hours(number: int) -> Outgoing:
    entry: CanonicalObject = TimeEntry.model_validate(
        {"id": derived_id("entry", str(number)), "resource": "E0001", "project": "P0001",
         "worked_on": "2026-07-06", "hours": "1.25", "currency": "USD",
         "bill_rate": Money.of("90", "USD")}
    )  # fmt: skip
    return Outgoing(entry, f"run 1:post_batch:{entry.id}")


def stats(erp: str) -> dict[str, Any]:
    answer = httpx2.get(f"{erp}/stats")
    found: dict[str, Any] = answer.json()
    return found
