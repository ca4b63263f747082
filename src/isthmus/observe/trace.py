"""The trace of one story, from what is kept: events, runs, takings, steps and vendor calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from isthmus.observe.spans import Span, cause_of, event_span, milliseconds, run_span, span_id
from isthmus.store.database import Transaction
from isthmus.store.events import EventRow
from isthmus.store.runs import RunRow

MOST_RUNS = 10_000


async def story(tx: Transaction, correlation_id: str) -> list[Span]:
    """Every span of a story in the order in which they began; a parent may be gone with its time,
    and is then None.
    """
    events = {e.id: e for e in await tx.events.of(correlation_id=correlation_id)}
    runs = await tx.runs.list(correlation_id=correlation_id, limit=MOST_RUNS)
    kept = [Span(**row) for row in await tx.spans.of(correlation_id)]
    spans = [*kept, *_of_runs(events, runs), *_without_runs(events, runs)]
    known = {span.span_id for span in spans}
    return sorted((_rooted(span, known) for span in spans), key=lambda s: (s.started_at, s.name))


def _rooted(span: Span, known: set[str]) -> Span:
    if span.parent_id is None or span.parent_id in known:
        return span
    return Span(**{**vars(span), "parent_id": None})


def _of_runs(events: dict[str, EventRow], runs: Iterable[RunRow]) -> Iterable[Span]:
    for run in runs:
        event = events.get(run.event_id)
        if event is not None:
            yield _waited(event, run)
        if run.started_at is not None:
            yield Span(
                run_span(run.event_id, run.flow), event_span(run.event_id, run.flow),
                run.correlation_id, "run", run.flow, run.started_at,
                _between(run.started_at, run.finished_at),
                error=None if run.state in ("succeeded", "running", "queued") else run.state,
                detail={"run": run.id, "label": run.label, "state": run.state},
            )  # fmt: skip


def _waited(event: EventRow, run: RunRow) -> Span:
    return Span(
        event_span(event.id, run.flow), cause_of(event.id, event.causation_id, event.source),
        event.correlation_id, "event", event.type, event.occurred_at,
        _between(event.occurred_at, run.started_at),
        detail={"event": event.id, "subject": event.subject, "source": event.source},
    )  # fmt: skip


def _without_runs(events: dict[str, EventRow], runs: Iterable[RunRow]) -> Iterable[Span]:
    """What nobody acts upon is told all the same."""
    acted = {run.event_id for run in runs}
    return (
        Span(
            span_id("event", e.id), cause_of(e.id, e.causation_id, e.source), e.correlation_id,
            "event", e.type, e.occurred_at, Decimal(0),
            detail={"event": e.id, "subject": e.subject, "source": e.source},
        )
        for e in events.values() if e.id not in acted
    )  # fmt: skip


def _between(began: datetime, ended: datetime | None) -> Decimal | None:
    return None if ended is None else milliseconds(max(0.0, (ended - began).total_seconds()))
