"""The background work on exception queues: every worker makes a pass each few seconds.

Workers share it by row locks and named locks, so each thing is done by one of them at a time.
"""

from __future__ import annotations

from datetime import datetime

from isthmus.engine.engine import Engine
from isthmus.holds.triage import triage


async def keep(engine: Engine, now: datetime) -> int:
    """One pass; the number of holds that it concerned."""
    return await triage(engine, now)
