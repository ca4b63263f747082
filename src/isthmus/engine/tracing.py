"""Runs and steps as spans of their story."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from isthmus.connect.story import Story, new_span_id, telling
from isthmus.kit.clock import utc_now
from isthmus.observe.spans import Span, cause_of, event_span, milliseconds, run_span, trace_id

if TYPE_CHECKING:
    from isthmus.engine.flow import Run
    from isthmus.observe.telemetry import Telemetry


@contextmanager
def step_span(telemetry: Telemetry, run: Run, name: str) -> Iterator[None]:
    """One execution of a step, its repetitions included."""
    correlation, began = run.event.correlation_id, utc_now()
    story, failed = Story(correlation, trace_id(correlation), new_span_id()), None
    try:
        with telling(story):
            yield
    except BaseException as error:
        failed = type(error).__name__
        raise
    finally:
        telemetry.ended(
            Span(
                story.span_id, run_span(run.event.id, run.flow.name), correlation, "step", name,
                began, _since(began), failed, {"run": run.id, "flow": run.flow.name},
            )
        )  # fmt: skip


@contextmanager
def run_span_of(telemetry: Telemetry, run: Run) -> Iterator[None]:
    """The run, and before it the time that its event waited for it."""
    began, failed = utc_now(), None
    try:
        yield
    except BaseException as error:
        failed = type(error).__name__
        raise
    finally:
        for span in _spans(run, began, failed):
            telemetry.ended(span)


def _spans(run: Run, began: datetime, failed: str | None) -> tuple[Span, Span]:
    event, flow = run.event, run.flow.name
    waited = max(0.0, (began - event.occurred_at).total_seconds())
    return (
        Span(
            event_span(event.id, flow), _cause(run), event.correlation_id, "event", event.type,
            event.occurred_at, milliseconds(waited), None, {"event": event.id},
        ),
        Span(
            run_span(event.id, flow), event_span(event.id, flow), event.correlation_id, "run", flow,
            began, _since(began), failed, {"run": run.id},
        ),
    )  # fmt: skip


def _cause(run: Run) -> str | None:
    """None for what the clock or a person started."""
    event = run.event
    told = event.causation_id is not None or event.source in run.engine.landscape.connections
    return cause_of(event.id, event.causation_id, event.source) if told else None


def _since(began: datetime) -> Decimal:
    return milliseconds((utc_now() - began).total_seconds())
