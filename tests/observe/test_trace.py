"""G1: one deal is one trace, from the CRM's message to the ledger; and what it took is counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account
from tests.observe.collector import Collector, collecting

from isthmus.api.server import serving
from isthmus.app import App
from isthmus.observe.spans import Span, trace_id
from isthmus.observe.trace import story

pytestmark = pytest.mark.anyio
SENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CHAIN = [
    ("run", "opportunity_to_project"),
    ("event", "opportunity.closed_won"),
    ("take", "webhook salesforce"),
]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        yield server


def _one(spans: Sequence[Span], kind: str, name: str) -> Span:
    [span] = [s for s in spans if (s.kind, s.name) == (kind, name)]
    return span


def _above(spans: Sequence[Span], span: Span) -> list[tuple[str, str]]:
    by_id = {s.span_id: s for s in spans}
    found = []
    while span.parent_id is not None:
        span = by_id[span.parent_id]
        found.append((span.kind, span.name))
    return found


async def test_a_deal_is_one_trace(collector: Collector, database_url: str, tmp_path: Path) -> None:
    """Two applications on one database: one reads the systems and answers, one does the work."""
    async with a_firm(database_url, tmp_path) as firm:
        face = await App.open(firm.app.settings, firm.app.landscape)
        face.telemetry.export()
        try:
            deal = await _won(firm, face)
            spans = await _told(firm, deal)
            _the_chain(spans)
            await _the_scrape(face, deal)
        finally:
            await face.close()
        await firm.app.telemetry.close()
    _the_same_by_otlp(spans, collector)


async def _won(firm: Firm, face: App) -> str:
    """The message reaches the face; the worker's process runs what follows."""
    account = await an_account(firm)
    deal = await a_deal(firm, account)
    await firm.read()
    async with face.database.begin() as tx:
        await tx.inbox.accept("salesforce", "m1", kind="opportunity", external_id=deal,
                              headers={"traceparent": SENT}, body=b"{}")  # fmt: skip
    await firm.org.update("Opportunity", deal, StageName="Closed Won")
    assert await face.readers["salesforce"].messages() == 1
    await firm.settle()
    assert await firm.holds() == []
    await face.telemetry.flush()
    await firm.app.telemetry.flush()
    return deal


async def _told(firm: Firm, deal: str) -> list[Span]:
    async with firm.app.database.begin() as tx:
        found = await tx.xref.canonical("opportunity", "salesforce", deal)
        assert found is not None
        return await story(tx, found)


def _the_chain(spans: Sequence[Span]) -> None:
    """The message, what it meant, the run, its step, the call; and what came of the run."""
    assert all(s.ms is not None and s.ms >= 0 and s.error is None for s in spans)
    take = _one(spans, "take", "webhook salesforce")
    assert (take.parent_id, take.detail["link"]) == (None, SENT)
    assert _above(spans, _one(spans, "run", "opportunity_to_project")) == CHAIN[1:]
    assert _above(spans, _one(spans, "event", "project.opened")) == CHAIN
    calls = [s for s in spans if s.kind == "call"]
    assert {c.detail["connection"] for c in calls} == {"salesforce", "netsuite"}
    of_the_run = [_above(spans, call) for call in calls]
    assert [above[1:] for above in of_the_run if above[1] == CHAIN[0]]
    assert all(above[0][0] == "step" for above in of_the_run)


def _the_same_by_otlp(spans: Sequence[Span], collector: Collector) -> None:
    trace = trace_id(spans[0].correlation_id)
    sent = {s.span_id.hex(): s for s in collector.spans if s.trace_id.hex() == trace}
    assert collector.services == {"isthmus"}
    for span in spans:
        if span.kind in ("run", "step", "call", "take"):
            assert sent[span.span_id].parent_span_id.hex() == (span.parent_id or "")
            assert sent[span.span_id].name == span.name
    [link] = [link for s in sent.values() for link in s.links]
    assert link.trace_id.hex() == SENT.split("-")[1]


async def _the_scrape(face: App, deal: str) -> None:
    async with serving(face) as url, httpx2.AsyncClient(base_url=url) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/no/such/page")).status_code == 404
        await face.telemetry.flush()
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    samples = {
        (s.name, *sorted(s.labels.items())): s.value
        for family in text_string_to_metric_families(answer.text)
        for s in family.samples
    }
    _counts(samples)
    assert deal not in answer.text, "no id is a label"


def _counts(samples: dict[Any, float]) -> None:
    def of(name: str, **labels: str) -> float:
        return samples[(name, *sorted(labels.items()))]

    api = "isthmus_api_request_duration_seconds_count"
    assert of(api, route="GET /healthz", outcome="2xx") == 1
    assert of(api, route="no such route", outcome="4xx") == 1
    vendor = "isthmus_vendor_call_duration_seconds"
    assert of(f"{vendor}_count", connection="netsuite", outcome="2xx") > 0
    assert of(f"{vendor}_bucket", connection="netsuite", outcome="2xx", le="+Inf") == of(
        f"{vendor}_count", connection="netsuite", outcome="2xx"
    )
    assert of("isthmus_workers_alive") == 1
    assert of("isthmus_inbox_waiting") == 0
    assert of("isthmus_runs", flow="opportunity_to_project", state="succeeded") == 1
    assert of("isthmus_connection_up", connection="netsuite") == 1
    assert of("isthmus_watermark_lag_seconds", connection="salesforce", kind="opportunity") >= 0
