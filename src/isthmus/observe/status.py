"""How an installation stands: what was read, what runs, what is held and what that blocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from isthmus.connect.quota import Urgency
from isthmus.connect.watermark import BEGINNING
from isthmus.kit.clock import utc_now
from isthmus.store.circuits import Circuit
from isthmus.store.database import Transaction
from isthmus.store.quotas import QuotaRow

ALIVE_SECONDS = 10.0


@dataclass(frozen=True)
class Stream:
    """How far one kind of object of one system has been read."""

    connection: str
    kind: str
    latest_change: datetime | None
    """When the youngest record changed there; None: none has been seen."""
    read_at: datetime
    seconds_since: int


@dataclass(frozen=True)
class FlowCount:
    flow: str
    state: str
    runs: int


@dataclass(frozen=True)
class EntryCount:
    """`value` is at the PSA's own rate, of expenses what was spent."""

    state: str
    currency: str
    entries: int
    value: Decimal


@dataclass(frozen=True)
class HeldBy:
    owner: str
    state: str
    holds: int
    currency: str | None
    blocked: Decimal | None


@dataclass(frozen=True)
class ToReview:
    """A new project whose billing schedule finance reviews before its first invoice."""

    project: str
    name: str
    requested_at: datetime


@dataclass(frozen=True)
class ConnectionUse:
    """How much of a connection's limits is in use, and whether its system is called at all.

    `calls` ended in the last `per` seconds; `day` in the last 24 hours, by urgency.
    """

    connection: str
    state: str
    """`answers`, `failing`, `away`, `paused` or `coming back`."""
    detail: str | None
    in_flight: int
    waiting: int
    concurrency: int
    calls: int
    calls_allowed: int | None
    per: int
    day: dict[str, int]
    day_allowed: int | None
    vendor_used: int | None
    """Of the day, as the vendor last said, all clients together."""
    vendor_allowed: int | None


@dataclass(frozen=True)
class Status:
    workers: int
    inbox_waiting: int
    systems: tuple[Stream, ...]
    runs: tuple[FlowCount, ...]
    entries: tuple[EntryCount, ...]
    expenses: tuple[EntryCount, ...]
    holds: tuple[HeldBy, ...]
    billing_to_review: tuple[ToReview, ...]
    connections: tuple[ConnectionUse, ...]


async def status_of(tx: Transaction) -> Status:
    _, _, waiting = await tx.inbox.counts()
    runs = await tx.runs.counts()
    return Status(
        workers=await tx.executors.alive(ALIVE_SECONDS),
        inbox_waiting=waiting,
        systems=tuple([_stream(*row) for row in await tx.watermarks.list()]),
        runs=tuple(FlowCount(f, s, n) for (f, s), n in sorted(runs.items())),
        entries=_counts(await tx.entries.values_by_state()),
        expenses=_counts(await tx.expenses.values_by_state()),
        holds=tuple([HeldBy(o, s, n, c, a)
                     for o, s, c, n, a in await tx.holds.blocked_by_owner()]),
        billing_to_review=await _to_review(tx),
        connections=await connections_of(tx),
    )  # fmt: skip


async def connections_of(tx: Transaction) -> tuple[ConnectionUse, ...]:
    """Those that were called since they were connected."""
    circuits = {circuit.connection: circuit for circuit in await tx.circuits.list()}
    return tuple([await _use(tx, q, circuits.get(q.connection)) for q in await tx.quotas.list()])


async def _use(tx: Transaction, quota: QuotaRow, circuit: Circuit | None) -> ConnectionUse:
    held = await tx.quotas.held(quota.connection)
    used = await tx.quotas.used(quota.connection)
    state, detail = _state(quota, circuit)
    return ConnectionUse(
        quota.connection, state, detail,
        in_flight=sum(held.wanted) - sum(held.waiting), waiting=sum(held.waiting),
        concurrency=quota.concurrency_now(circuit.closed_at if circuit else None),
        calls=await tx.quotas.spent_lately(quota.connection, quota.per) if quota.calls else 0,
        calls_allowed=quota.calls, per=int(quota.per.total_seconds()),
        day={Urgency(u).name.lower(): n for u, n in sorted(used.by_urgency.items())},
        day_allowed=quota.daily_now,
        vendor_used=quota.vendor_used, vendor_allowed=quota.vendor_allowed,
    )  # fmt: skip


def _state(quota: QuotaRow, circuit: Circuit | None) -> tuple[str, str | None]:
    if circuit is not None and circuit.opened_at is not None:
        return "away", f"since {circuit.opened_at:%Y-%m-%d %H:%M} UTC: {circuit.reason}"
    if quota.paused_until is not None and quota.paused_until > quota.now:
        return "paused", f"until {quota.paused_until:%Y-%m-%d %H:%M:%S} UTC, as it asked"
    limit = quota.concurrency_now(circuit.closed_at if circuit else None)
    if limit < quota.concurrency:
        return "coming back", f"{limit} of {quota.concurrency} calls at once for the moment"
    if circuit is not None and circuit.failures:
        return "failing", f"{circuit.failures} in a row without an answer: {circuit.reason}"
    return "answers", None


def _counts(values: list[tuple[str, str, Decimal, int]]) -> tuple[EntryCount, ...]:
    return tuple(EntryCount(s, c, n, v) for s, c, v, n in sorted(values))


def _stream(connection: str, kind: str, position: str, read_at: datetime) -> Stream:
    latest = datetime.fromisoformat(position)
    return Stream(
        connection, kind, latest if latest > BEGINNING else None, read_at,
        int((utc_now() - read_at).total_seconds()),
    )  # fmt: skip


async def _to_review(tx: Transaction) -> tuple[ToReview, ...]:
    asked = await tx.events.of(type="billing_schedule.review_requested")
    billed = {e.correlation_id for e in await tx.events.of(type="invoice.drafted")}
    return tuple(
        ToReview(e.subject, str(e.data.get("name", "")), e.occurred_at)
        for e in asked
        if e.correlation_id not in billed
    )
