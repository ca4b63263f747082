"""What one process has done lately, added to what all of them did every few seconds.

Nothing of it is worth the work that it tells of: it is kept in memory until then, at most so much,
and a database that is away only makes it late.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from isthmus.connect.gate import Pass
from isthmus.connect.story import Call
from isthmus.kit.clock import utc_now
from isthmus.kit.first_line import first_line
from isthmus.observe.otlp import Exporter, MissingExporter, wanted
from isthmus.observe.spans import Span, milliseconds
from isthmus.store.database import Database
from isthmus.store.traffic import BOUNDS, Counted

log = structlog.get_logger()
EVERY = 2.0
"""Seconds between two writings."""
MOST = 5_000
"""Spans that wait; more are dropped, and said to be."""
KEPT = timedelta(days=35)
"""Age of spans, and of hours of traffic that are told one by one."""
API, VENDOR = "api", "vendor"


class Telemetry:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._calls: Counter[tuple[str, str, str, int]] = Counter()
        self._total_ms: Counter[tuple[str, str, str, int]] = Counter()
        self._spans: deque[Span] = deque()
        self._dropped = 0
        self._exporter: Exporter | None = None

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request to our API; `route` is its template, never a path with ids."""
        self._count(API, route, f"{status // 100}xx", seconds)

    def called(self, connection: str, passed: Pass) -> None:
        """A call to a vendor has ended, or was never sent."""
        if (call := passed.call) is None:
            return
        outcome = "no answer" if call.status is None else f"{call.status // 100}xx"
        self._count(VENDOR, connection, outcome, call.seconds)
        if call.story is not None:
            self.ended(_span_of(connection, call, call.story.correlation_id, call.story.span_id))

    def _count(self, side: str, name: str, outcome: str, seconds: float) -> None:
        ms = seconds * 1000
        bound = next((b for b in BOUNDS if ms <= b), 0)
        self._calls[side, name, outcome, bound] += 1
        self._total_ms[side, name, outcome, bound] += round(ms)

    def ended(self, span: Span) -> None:
        if self._exporter is not None:
            self._exporter(span)
        if span.kind not in ("run", "event"):
            self._keep(span)

    def _keep(self, span: Span) -> None:
        """Runs and events have rows of their own."""
        if len(self._spans) >= MOST:
            self._dropped += 1
            return
        self._spans.append(span)

    def export(self) -> None:
        """Send spans on from now on, where the environment says whereto."""
        if self._exporter is not None or not wanted():
            return
        try:
            self._exporter = Exporter()
        except MissingExporter as error:
            log.warning("telemetry.not_exported", reason=str(error))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.flush()
            except (SQLAlchemyError, OSError) as error:
                log.warning("telemetry.late", reason=first_line(error))

    async def close(self) -> None:
        """What nobody can be told any more is lost."""
        if self._exporter is not None:
            await asyncio.to_thread(self._exporter.close)
        try:
            await self.flush()
        except (SQLAlchemyError, OSError) as error:
            log.warning("telemetry.lost", reason=first_line(error))

    async def flush(self) -> None:
        if not self._calls and not self._spans:
            return
        calls, total = self._calls, self._total_ms
        spans, self._spans = list(self._spans), deque()
        self._calls, self._total_ms = Counter(), Counter()
        rows = [Counted(*key, calls=n, total_ms=total[key]) for key, n in sorted(calls.items())]
        try:
            async with self._database.begin() as tx:
                await tx.traffic.add(rows, utc_now())
                await tx.spans.add([vars(span) for span in spans])
        except BaseException:
            self._calls.update(calls)
            self._total_ms.update(total)
            self._spans.extendleft(reversed(spans))
            raise
        if self._dropped:
            log.warning("telemetry.dropped", spans=self._dropped)
            self._dropped = 0


def _span_of(connection: str, call: Call, correlation_id: str, parent: str) -> Span:
    asked_in_vain = call.method == "GET" and call.status == 404
    failed = call.status is None or (call.status >= 400 and not asked_in_vain)
    return Span(
        call.span_id, parent, correlation_id, "call", f"{call.method} {connection}",
        call.started_at, milliseconds(call.seconds),
        error=("no answer" if call.status is None else f"answered {call.status}")
        if failed else None,
        detail={"path": call.path, "status": call.status, "connection": connection},
    )  # fmt: skip


async def forget_when_due(database: Database) -> int:
    """Remove old spans; hours that are old are added up in one. The number of spans."""
    async with database.begin() as tx:
        before = utc_now() - KEPT
        await tx.traffic.fold(before)
        return await tx.spans.remove(before)
