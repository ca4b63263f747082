"""The peers on the same job, in the same run and on the same machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .bench import Bench
from .faults import suffered, wanted
from .job import TOTALS
from .peer import PEERS, REDIS, SETTLE, Peer, forget, peer


def peers(bench: Bench) -> None:
    for name in bench.options.peers or tuple(PEERS):
        system = peer(name, bench.python, bench.reference, bench.erp, bench.results.folder)
        if system is None:
            print(f"{name} is left out: set {REDIS} to a Redis that may be written to.", flush=True)
            continue
        with started(bench, system):
            _throughput(bench, system)
            _latency(bench, system)
        for test in wanted(bench):
            with started(bench, system):
                _fault(bench, system, test)


@contextmanager
def started(bench: Bench, system: Peer) -> Iterator[None]:
    forget(bench.python, system.environment)
    system.start()
    try:
        yield
    finally:
        system.stop()


def _throughput(bench: Bench, system: Peer) -> None:
    how = {"plain": True, "url": system.url, "pidfile": str(system.pidfile), "settle": 15.0}
    for batch in bench.options.batches or tuple(TOTALS):
        total = bench.options.total or TOTALS.get(batch, 50_000)
        bench.call("run", **how, batch=batch, total=max(batch, total // 10))
        for number in range(bench.options.runs):
            quiet = bench.quiet()
            found = bench.call("run", **how, batch=batch, total=total)
            bench.results.add("peers", found, peer=system.name, quiet=quiet, run=number + 1,
                              series=bench.series)  # fmt: skip


def _latency(bench: Bench, system: Peer) -> None:
    for number in range(bench.options.runs):
        quiet = bench.quiet()
        found = bench.call("latency", plain=True, url=system.url, pidfile=str(system.pidfile),
                           rate=20, seconds=20, settle=15.0)  # fmt: skip
        bench.results.add("latency", found, peer=system.name, quiet=quiet, run=number + 1,
                          series=bench.series)  # fmt: skip


def _fault(bench: Bench, system: Peer, test: str) -> None:
    settle = SETTLE.get(system.name, 15.0)

    def call(mode: str, **how: object) -> dict[str, object]:
        given = {**how, "settle": settle}
        return bench.call(mode, **given, plain=True, url=system.url, pidfile=str(system.pidfile))

    found = suffered(bench, test, system, call)
    bench.results.add("faults", found, peer=system.name, test=test, series=bench.series)
