"""What Prometheus reads. Everything is in PostgreSQL, so any one process tells of all of them.

https://prometheus.io/docs/instrumenting/exposition_formats/ . Labels are names of things that a
firm has few of: flows, connections, routes, owners. No id is ever a label.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from isthmus.kit.clock import utc_now
from isthmus.landscape import Landscape
from isthmus.observe.status import ConnectionUse, Status, status_of
from isthmus.store.database import Database, Transaction
from isthmus.store.traffic import BOUNDS, Counted

CONTENT_TYPE = CONTENT_TYPE_LATEST
FRESH = 5.0
"""Seconds for which one reading of the database answers every scrape."""
RUNNING = ("queued", "running")


@dataclass(frozen=True)
class Read:
    """One reading of the database."""

    status: Status
    traffic: tuple[Counted, ...]
    holds: tuple[tuple[str, str, str | None, int, float], ...]
    """(owner, severity, currency, number, amount)."""
    outbox: dict[str, int]
    """Destination -> events that it has not been sent."""
    oldest_message_seconds: float
    alerts: tuple[tuple[str, str, str, int], ...]
    """(flow, owner, severity, number) of those that are not over."""
    figures: tuple[tuple[str, str, float], ...]
    """(name, currency, value) of the business, as last kept."""


class Exposition:
    """The text, read again when it is no longer fresh, once for all who ask at that time."""

    def __init__(self, database: Database, landscape: Landscape) -> None:
        self._database, self._landscape = database, landscape
        self._lock = asyncio.Lock()
        self._text, self._until = b"", 0.0

    async def text(self) -> bytes:
        async with self._lock:
            if time.monotonic() >= self._until:
                async with self._database.begin() as tx:
                    read = await read_all(tx, self._landscape)
                self._text = exposed(read)
                self._until = time.monotonic() + FRESH
            return self._text


async def read_all(tx: Transaction, landscape: Landscape) -> Read:
    end = await tx.events.end()
    sent = await tx.destinations.list()
    return Read(
        status=await status_of(tx),
        traffic=tuple(await tx.traffic.totals()),
        holds=tuple(await tx.gauges.holds()),
        outbox={d.name: max(0, end - d.position) for d in sent},
        oldest_message_seconds=await tx.gauges.oldest_message(utc_now()),
        alerts=tuple(await tx.gauges.alerts()),
        figures=tuple(await tx.gauges.figures()),
    )


class _Once(Collector):
    def __init__(self, read: Read) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        return families(self._read)


def exposed(read: Read) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(read))
    return generate_latest(registry)


def families(read: Read) -> Iterator[Metric]:
    yield from _traffic(read.traffic)
    yield from _runs(read.status)
    yield _masked(read.traffic)
    yield from _holds(read)
    yield from _connections(read.status.connections)
    yield from _waiting(read)
    alerts = GaugeMetricFamily("isthmus_alerts_open", "Promises of flows that are being broken.",
                               labels=["flow", "owner", "severity"])  # fmt: skip
    for flow, owner, severity, number in read.alerts:
        alerts.add_metric([flow, owner, severity], number)
    yield alerts
    figures = GaugeMetricFamily(
        "isthmus_kpi", "Key figures of the business, as last kept; see kpis.md.",
        labels=["name", "currency"],
    )  # fmt: skip
    for name, currency, value in read.figures:
        figures.add_metric([name, currency], value)
    yield figures


def _traffic(rows: Iterable[Counted]) -> Iterator[Metric]:
    told = {
        "api": ("isthmus_api_request_duration_seconds", "Requests answered.", "route"),
        "vendor": ("isthmus_vendor_call_duration_seconds", "Calls to a connection.", "connection"),
    }
    rows = list(rows)
    for side, (name, text, label) in told.items():
        family = HistogramMetricFamily(name, text, labels=[label, "outcome"])
        groups: dict[tuple[str, str], list[Counted]] = {}
        for row in rows:
            if row.side == side:
                groups.setdefault((row.name, row.outcome), []).append(row)
        for key, counted in sorted(groups.items()):
            family.add_metric(list(key), _buckets(counted), sum(r.total_ms for r in counted) / 1000)
        yield family


def _masked(rows: Iterable[Counted]) -> Metric:
    family = GaugeMetricFamily(
        "isthmus_masked_messages",
        "Messages that went out without people whose data may not be kept there.",
        labels=["receiver"],
    )
    for row in rows:
        if row.side == "masked":
            family.add_metric([row.name], row.calls)
    return family


def _buckets(counted: list[Counted]) -> list[tuple[str, float]]:
    """Cumulative, as Prometheus wants them."""
    calls = {row.le_ms: row.calls for row in counted}
    upto, found = 0, []
    for bound in BOUNDS:
        upto += calls.get(bound, 0)
        found.append((str(bound / 1000), float(upto)))
    return [*found, ("+Inf", float(upto + calls.get(0, 0)))]


def _runs(status: Status) -> Iterator[Metric]:
    depth = GaugeMetricFamily("isthmus_queue_depth", "Runs queued or running.",
                              labels=["flow", "state"])  # fmt: skip
    ended = GaugeMetricFamily("isthmus_runs", "Runs that are kept, by how they stand.",
                              labels=["flow", "state"])  # fmt: skip
    for count in status.runs:
        family = depth if count.state in RUNNING else ended
        family.add_metric([count.flow, count.state], count.runs)
    yield depth
    yield ended
    entries = GaugeMetricFamily("isthmus_entries", "Approved billable entries.",
                                labels=["kind", "state", "currency"])  # fmt: skip
    for kind, rows in (("time", status.entries), ("expense", status.expenses)):
        for row in rows:
            entries.add_metric([kind, row.state, row.currency], row.entries)
    yield entries


def _holds(read: Read) -> Iterator[Metric]:
    count = GaugeMetricFamily("isthmus_holds_open", "Open holds.", labels=["owner", "severity"])
    amount = GaugeMetricFamily("isthmus_holds_amount", "Amount that open holds block.",
                               labels=["owner", "severity", "currency"])  # fmt: skip
    numbers: dict[tuple[str, str], int] = {}
    for owner, severity, currency, number, blocked in read.holds:
        numbers[owner, severity] = numbers.get((owner, severity), 0) + number
        if currency:
            amount.add_metric([owner, severity, currency], blocked)
    for key, number in sorted(numbers.items()):
        count.add_metric(list(key), number)
    yield count
    yield amount


def _connections(uses: Iterable[ConnectionUse]) -> Iterator[Metric]:
    label = ["connection"]
    up = GaugeMetricFamily("isthmus_connection_up", "0 while its breaker is open.", labels=label)
    paused = GaugeMetricFamily("isthmus_connection_paused", "1 while it asked for a pause.",
                               labels=label)  # fmt: skip
    at_once = GaugeMetricFamily("isthmus_connection_calls_in_flight", "Calls now.", labels=label)
    waiting = GaugeMetricFamily("isthmus_connection_calls_waiting", "Calls that wait for their "
                                "turn.", labels=label)  # fmt: skip
    used = GaugeMetricFamily("isthmus_quota_used", "Calls of the last 24 hours.", labels=label)
    left = GaugeMetricFamily("isthmus_quota_left", "Calls that are left of the day's allowance.",
                             labels=label)  # fmt: skip
    for use in uses:
        name, spent = [use.connection], sum(use.day.values())
        up.add_metric(name, use.state != "away")
        paused.add_metric(name, use.state == "paused")
        at_once.add_metric(name, use.in_flight)
        waiting.add_metric(name, use.waiting)
        used.add_metric(name, spent)
        if use.day_allowed is not None:
            left.add_metric(name, max(0, use.day_allowed - spent))
    yield from (up, paused, at_once, waiting, used, left)


def _waiting(read: Read) -> Iterator[Metric]:
    status = read.status
    lag = GaugeMetricFamily("isthmus_watermark_lag_seconds", "Since a kind was last read.",
                            labels=["connection", "kind"])  # fmt: skip
    for stream in status.systems:
        lag.add_metric([stream.connection, stream.kind], stream.seconds_since)
    yield lag
    outbox = GaugeMetricFamily("isthmus_outbox_lag_events", "Events that a destination has not "
                               "been sent.", labels=["destination"])  # fmt: skip
    for name, events in sorted(read.outbox.items()):
        outbox.add_metric([name], events)
    yield outbox
    yield _one("isthmus_inbox_waiting", "Messages that nobody has read yet.", status.inbox_waiting)
    yield _one("isthmus_inbox_oldest_seconds", "Age of the oldest of them.",
               read.oldest_message_seconds)  # fmt: skip
    yield _one("isthmus_workers_alive", "Worker processes with a fresh heartbeat.", status.workers)


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
