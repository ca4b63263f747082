"""Spans by OTLP over HTTP, to where `OTEL_EXPORTER_OTLP_ENDPOINT` says.

The SDK reads its own variables: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ .
Without the endpoint nothing of it is imported.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from isthmus.kit.masking import scrub
from isthmus.observe.spans import Span, trace_id

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Link, SpanContext, SpanKind
    from requests import Session

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class MissingExporter(RuntimeError):
    """An endpoint is named and the client for it is not installed."""


def wanted() -> bool:
    return any(os.environ.get(name) for name in ENDPOINTS)


class Exporter:
    """Collects in the background and sends in batches; what cannot be sent is dropped by the SDK.

    Raises MissingExporter.
    """

    def __init__(self) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise MissingExporter(
                "spans are not exported: the OpenTelemetry SDK is not installed; install "
                "isthmus[telemetry], or unset OTEL_EXPORTER_OTLP_ENDPOINT"
            ) from error
        self._resource = Resource.create({"service.name": _service_name()})
        self._processor = BatchSpanProcessor(OTLPSpanExporter(session=_session()))

    def __call__(self, span: Span) -> None:
        self._processor.on_end(_readable(span, self._resource))

    def close(self) -> None:
        """Send what waits; blocks for some seconds at most."""
        self._processor.shutdown()  # type: ignore[no-untyped-call] # the SDK does not type it


def _session() -> Session | None:
    """One that follows no redirect to another host; None where the environment names its own."""
    from requests import Session

    if any("CREDENTIAL_PROVIDER" in name for name in os.environ):
        return None
    session = Session()
    session.max_redirects = 0
    return session


def _service_name() -> str:
    return os.environ.get("OTEL_SERVICE_NAME") or "isthmus"


def _readable(span: Span, resource: Resource) -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Status, StatusCode

    trace, began = trace_id(span.correlation_id), int(span.started_at.timestamp() * 1e9)
    link = span.detail.get("link")
    return ReadableSpan(
        scrub(span.name),
        context=_context(trace, span.span_id),
        parent=None if span.parent_id is None else _context(trace, span.parent_id),
        resource=resource,
        attributes=_attributes(span),
        links=[_link(link)] if isinstance(link, str) else [],
        kind=_kind(span.kind),
        status=Status(StatusCode.ERROR, scrub(span.error)) if span.error else Status(StatusCode.OK),
        start_time=began,
        end_time=began + int((span.ms or 0) * 1_000_000),
    )


def _attributes(span: Span) -> dict[str, str | int]:
    told = {k: v for k, v in span.detail.items() if k != "link" and isinstance(v, str | int)}
    return {
        "isthmus.correlation_id": span.correlation_id,
        "isthmus.kind": span.kind,
        **{f"isthmus.{k}": scrub(v) if isinstance(v, str) else v for k, v in told.items()},
    }


def _context(trace: str, span_id: str) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace, 16), int(span_id, 16), is_remote=False, trace_flags=flags)


def _link(traceparent: str) -> Link:
    from opentelemetry.trace import Link

    _, trace, span_id, _ = traceparent.split("-")
    return Link(_context(trace, span_id))


def _kind(kind: str) -> SpanKind:
    from opentelemetry.trace import SpanKind

    kinds = {"take": SpanKind.CONSUMER, "event": SpanKind.PRODUCER, "call": SpanKind.CLIENT}
    return kinds.get(kind, SpanKind.INTERNAL)
