"""How an installation stands: what was read, what runs, what is held and what that blocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from isthmus.connect.watermark import BEGINNING
from isthmus.kit.clock import utc_now
from isthmus.store.database import Transaction

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
class Status:
    workers: int
    inbox_waiting: int
    systems: tuple[Stream, ...]
    runs: tuple[FlowCount, ...]
    entries: tuple[EntryCount, ...]
    expenses: tuple[EntryCount, ...]
    holds: tuple[HeldBy, ...]
    billing_to_review: tuple[ToReview, ...]


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
    )  # fmt: skip


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
