"""Durations as a person writes them: `60s`, `5m`, `1h30m`, `7d`. Never a number without a unit."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PATTERN = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"


def parse_duration(text: str) -> timedelta:
    """Days, hours, minutes and seconds, in this order.

    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    written = text.strip()
    if not written or not re.fullmatch(_PATTERN, written):
        raise ValueError(f"{text!r} is not a duration such as 60s, 5m, 1h30m or 7d")
    parts = re.findall(r"([0-9]+)([dhms])", written)
    length = timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))
    if not length:
        raise ValueError("a duration is longer than nothing")
    return length


def format_duration(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    shown = ""
    for unit, size in _SECONDS.items():
        count, seconds = divmod(seconds, size)
        shown += f"{count}{unit}" if count else ""
    return shown


def _read(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError(f"{value!r} has no unit; write a duration such as 60s, 5m, 1h30m or 7d")


Duration = Annotated[
    timedelta,
    BeforeValidator(_read),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["60s", "5m", "1h30m"]}),
]
