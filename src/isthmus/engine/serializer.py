"""What DBOS writes to its tables: JSON only, with our values and errors named by type.

Its default is pickle, and a row marked as pickled would be unpickled even with another serializer
configured: whoever can write the table could run code. So unpickling is refused outright.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import dbos._serialization as dbos_serialization
from dbos import Serializer

from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.connect.errors import ERRORS, ConnectError
from isthmus.engine.hold import Hold
from isthmus.events.envelope import Event
from isthmus.kit.money import Money


class StepFailed(Exception):
    """An error of another kind that a step raised before a restart; its text is kept."""


_ENCODERS: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    (datetime, "datetime", datetime.isoformat),
    (date, "date", date.isoformat),
    (Decimal, "decimal", lambda v: format(v, "f")),
    (Money, "money", lambda v: [format(v.amount, "f"), v.currency]),
    (CanonicalObject, "object", lambda v: [v.kind, v.model_dump(mode="json")]),
    (Event, "event", lambda v: v.model_dump(mode="json")),
    (Hold, "hold", Hold.state),
    (ConnectError, "error", lambda v: [type(v).__name__, v.state()]),
    (BaseException, "failure", lambda v: f"{type(v).__name__}: {v}"),
)

_DECODERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "money": lambda v: Money.of(*v),
    "object": lambda v: BY_KIND[v[0]].model_validate(v[1]),
    "event": Event.model_validate,
    "hold": Hold.restore,
    "error": lambda v: ERRORS[v[0]].restore(v[1]),
    "failure": StepFailed,
}


def _encode(value: object) -> Any:
    for kind, tag, encode in _ENCODERS:
        if isinstance(value, kind):
            return {"$t": tag, "v": encode(value)}
    raise TypeError(f"a step may not return {type(value).__name__}: it cannot be checkpointed")


def _decode(value: dict[str, Any]) -> Any:
    decode = _DECODERS.get(value.get("$t", ""))
    return value if decode is None else decode(value["v"])


class TypedJSON(Serializer):
    def name(self) -> str:
        return "isthmus_json_v1"

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_encode)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data, object_hook=_decode)


def _refuse(self: object, serialized_data: str) -> Any:
    raise ValueError("a pickled row is refused")


def forbid_pickle() -> None:
    dbos_serialization.DefaultSerializer.deserialize = _refuse  # type: ignore[method-assign,assignment] # closes the one path to unpickling
