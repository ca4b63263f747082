"""Steady work with faults, for minutes: does what we hold level off?

    make soak MINUTES=15

Two processes of Isthmus, by their own commands, on simulated systems that fail by seeded rules.
Clients are renamed all the time; ages of retention are cut to a fifteenth of the run, so that
everything that is written is also purged, many times. Ends with 1 where something still rises.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg
from tests.crash.processes import COMMAND, Running, running
from tests.databases import bare
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account

from chaos.soak_rule import Trend, trend
from chaos.soak_samples import Sample, all_of, kept
from isthmus.observe.logging import configure_logging

SEED = 20261129
CLIENTS = 6
EVERY = 0.5
"""Seconds between two changes of a client."""
FAULTS = (
    {"kind": "error", "rate": 0.04},
    {"kind": "timeout_after_commit", "method": "PUT", "rate": 0.03},
    {"kind": "drop_before", "rate": 0.02},
    {"kind": "throttle", "rate": 0.02, "retry_after": 1},
    {"kind": "latency", "rate": 0.1, "seconds": 0.3},
)
OUTAGE = {"kind": "outage", "seconds": 4.0}
SHORT_LIVED = """
from datetime import timedelta
import isthmus.background
import isthmus.landscape.retention
isthmus.landscape.retention.SHORTEST = timedelta(0)
isthmus.background.by_the_clock.__defaults__ = ({every},)
"""
"""Ages that no firm may choose, and a purge every few seconds."""


@dataclass
class Soak:
    """One run: how long, in seconds, and what it has seen."""

    seconds: float
    samples: list[tuple[float, Sample]] = field(default_factory=list)
    changes: int = 0
    kept: list[float] = field(default_factory=list)

    @property
    def age(self) -> int:
        return max(4, round(self.seconds / 15))

    def retention(self) -> str:
        age, longer = f"{self.age}s", f"{self.age * 2}s"
        return (
            f"retention: {{runs: {age}, messages: {age}, events: {age}, "
            f"message_keys: {longer}, run_keys: {longer}}}"
        )

    def trends(self) -> list[Trend]:
        names = self.samples[0][1]
        return [
            trend(what, unit, [(at, s[what, unit]) for at, s in self.samples])
            for what, unit in names
        ]


@asynccontextmanager
async def _processes(firm: Firm, url: str, soak: Soak) -> AsyncIterator[dict[str, Running]]:
    command = SHORT_LIVED.format(every=max(2.0, soak.age / 3)) + COMMAND
    settings = {"ISTHMUS_POLL_EVERY": "2s", "ISTHMUS_LOG_LEVEL": "warning"}
    async with (
        running(firm, url, "up", "--port", "0", command=command, settings=settings) as up,
        running(firm, url, "worker", command=command, settings=settings) as worker,
    ):
        yield {"isthmus up": up, "isthmus worker": worker}


def _with_short_ages(landscape: Path, soak: Soak) -> Path:
    """Our own process, which only looks, has the landscape that a firm may have."""
    path = landscape.with_name("soak.yaml")
    path.write_text(landscape.read_text() + soak.retention() + "\n")
    return path


async def _clients(firm: Firm) -> list[str]:
    """Each with a won deal, so that the ledger knows it and is told of every change."""
    accounts = [await an_account(firm, Name=f"Client {n}") for n in range(CLIENTS)]
    for number, account in enumerate(accounts):
        deal = await a_deal(firm, account, Name=f"Work {number}")
        await firm.org.update("Opportunity", deal, StageName="Closed Won")
    await firm.app.read()
    await firm.settle(120)
    return accounts


async def _work(firm: Firm, accounts: list[str], soak: Soak) -> None:
    while True:
        number = soak.changes
        await firm.org.update(
            "Account", accounts[number % CLIENTS], Name=f"Client {number % CLIENTS} ({number})"
        )
        soak.changes += 1
        await asyncio.sleep(EVERY)


async def _fail(firm: Firm, soak: Soak) -> None:
    """Small faults all the time, and the whole ledger away once in a while."""
    for rule in FAULTS:
        await firm.books.control("faults", {**rule, "seed": SEED})
    for rule in FAULTS[3:]:
        await firm.org.control("faults", {**rule, "seed": SEED})
    while True:
        await asyncio.sleep(max(15.0, soak.seconds / 12))
        await firm.books.control("faults", OUTAGE)


async def _push(firm: Firm, up: Running) -> None:
    url = up.said().rpartition("isthmus is up: ")[2].split()[0]
    message = {"object": "Account", "fields": ["Id"], "when": None,
               "endpoint": f"{url}/webhooks/salesforce"}  # fmt: skip
    await firm.org.control("outbound-messages/settings", {"retry_seconds": 0.2})
    await firm.org.control("outbound-messages", message)


async def _sample(processes: dict[str, Running], url: str, soak: Soak) -> None:
    pids = {name: process.pid for name, process in processes.items()}
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        while (at := time.monotonic() - began) < soak.seconds:
            for process in processes.values():
                assert process.process.returncode is None, process.said()
            soak.samples.append((at, await asyncio.to_thread(all_of, pids, connection)))
            soak.kept.append(kept(connection))
            await asyncio.sleep(max(1.0, soak.seconds / 180))


async def soak(minutes: float, server_url: str) -> Soak:
    """On a database of its own on a server; the samples are in what comes back."""
    run = Soak(minutes * 60)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(psycopg.connect(server_url, autocommit=True))
        url = stack.enter_context(bare(server))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="isthmus-soak-")))
        firm = await stack.enter_async_context(a_firm(url, folder, works=False))
        firm.landscape_path = _with_short_ages(firm.landscape_path, run)
        processes = await stack.enter_async_context(_processes(firm, url, run))
        accounts = await _clients(firm)
        await _push(firm, processes["isthmus up"])
        others = [asyncio.create_task(_work(firm, accounts, run)),
                  asyncio.create_task(_fail(firm, run))]  # fmt: skip
        try:
            await _sample(processes, url, run)
            for task in others:
                assert not task.done(), task.exception()
        finally:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        await _end(firm)
    return run


async def _end(firm: Firm) -> None:
    """The systems are well again, and what was asked for is done."""
    await firm.books.clear_faults()
    async with httpx2.AsyncClient(base_url=firm.org.url) as http:
        await http.delete("/__control/faults")
    await firm.settle(120, with_messages=False)


def table(run: Soak) -> str:
    rows = [f"{'what':28} {'mean':>12} {'rises by':>10} {'at most':>9}  levels off"]
    rows += [
        f"{t.what:28} {t.mean:8.0f} {t.unit[:3]:>3} {t.rise:10.1f} {t.most:9.1f}  "
        f"{'yes' if t.levels_off else 'NO'}"
        for t in run.trends()
    ]
    rows.append(
        f"{run.changes} changes in {run.seconds:.0f} s, {len(run.samples)} samples; everything "
        f"else grew from {run.kept[0]:.0f} to {run.kept[-1]:.0f} KB"
    )
    return "\n".join(rows)


def main() -> int:
    configure_logging("error", "console")
    minutes = float(os.environ.get("MINUTES", "15"))
    server = os.environ.get(
        "ISTHMUS_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
    )
    run = asyncio.run(soak(minutes, server))
    sys.stdout.write(table(run) + "\n")
    return 0 if all(t.levels_off for t in run.trends()) else 1


if __name__ == "__main__":
    sys.exit(main())
