"""How long calls to each system took lately, from what is counted by the hour and by duration."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from isthmus.observe.telemetry import VENDOR
from isthmus.store.database import Transaction
from isthmus.store.traffic import BOUNDS

FAILED = ("no answer", "5xx")


@dataclass(frozen=True)
class Latency:
    """Of one connection; `p50` and `p95` in milliseconds, None where more calls than that took
    longer than the longest duration that is told apart.
    """

    calls: int
    failed: int
    p50: int | None
    p95: int | None


async def latencies_of(tx: Transaction, now: datetime) -> dict[str, Latency]:
    """By connection, of this hour of the clock and the one before."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    failed: Counter[str] = Counter()
    for row in await tx.traffic.since(VENDOR, hour - timedelta(hours=1)):
        counts[row.name][row.le_ms] += row.calls
        failed[row.name] += row.calls if row.outcome in FAILED else 0
    return {
        name: Latency(each.total(), failed[name], quantile(each, 50), quantile(each, 95))
        for name, each in counts.items()
    }


def quantile(counts: Mapping[int, int], percent: int) -> int | None:
    """Within a span of durations calls are taken as evenly spread, as Prometheus takes them:
    https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
    """
    rank, before, lower = sum(counts.values()) * percent / 100, 0, 0
    for bound in BOUNDS:
        here = counts.get(bound, 0)
        if here and before + here >= rank:
            return round(lower + (bound - lower) * (rank - before) / here)
        before, lower = before + here, bound
    return None
