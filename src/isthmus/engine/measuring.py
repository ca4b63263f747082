"""What the calendar asks for of what is measured."""

from __future__ import annotations

from datetime import datetime

from isthmus.engine.engine import Engine
from isthmus.observe.kpis import KPIS, keep_when_due
from isthmus.observe.telemetry import forget_when_due


async def figures_when_due(engine: Engine, now: datetime) -> int:
    return await keep_when_due(engine.database, engine.landscape, KPIS, now)


async def forget_spans(engine: Engine, now: datetime) -> int:
    return await forget_when_due(engine.database)
