"""The story of a hold: each act on it is an event, with who, what it was before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.engine.engine import Engine
from isthmus.events.envelope import Event
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow

SOURCE = "operator"


async def tell(
    engine: Engine,
    tx: Transaction,
    type: str,
    hold: HoldRow,
    by: str,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reason: str | None = None,
) -> None:
    data = {
        "hold": hold.label, "by": by, "object_kind": hold.object_kind,
        "object_id": hold.object_id, "run": hold.run_id,
        "before": dict(before), "after": dict(after),
    }  # fmt: skip
    event = Event(
        type=type, source=SOURCE, subject=hold.label,
        correlation_id=hold.correlation_id or hold.object_id or hold.label,
        data={**data, "reason": reason} if reason else data,
    )  # fmt: skip
    await engine.outbox.emit(tx, event)
