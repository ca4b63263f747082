"""A body of many elements: a JSON array or NDJSON, plain or gzip, never more than it may be.

https://github.com/ndjson/ndjson-spec: one JSON text a line; empty lines are left out.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

JSON, NDJSON = "application/json", "application/x-ndjson"
_WHOLE = 18
"""Digits that are read as an integer; a longer number stays the text that it is."""
_GZIP = zlib.MAX_WBITS | 16


class TooLarge(ValueError):
    """More bytes or more elements than one request may have."""


class Unreadable(ValueError):
    """Not what its headers say, or no JSON."""


def plain(body: bytes, encoding: str, limit: int) -> bytes:
    """Without its compression, which is undone no further than the limit."""
    if encoding in ("", "identity"):
        return body
    whole = bytearray()
    while body:
        stream = zlib.decompressobj(_GZIP)
        try:
            whole += stream.decompress(body, limit + 1 - len(whole))
        except zlib.error as error:
            raise Unreadable(f"the body is no gzip: {error}") from error
        if len(whole) > limit:
            raise TooLarge(f"a body of more than {limit:,} bytes is refused, packed or not")
        if not stream.eof:
            raise Unreadable("the gzip ends before its end: the body was cut off")
        body = stream.unused_data
    return bytes(whole)


def elements(body: bytes, media_type: str, most: int) -> list[Any]:
    """Numbers with a point are exact. A line that is no JSON is an exception in its place."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"the body is not UTF-8 from byte {error.start} on") from error
    found = _lines(text, most) if media_type == NDJSON else _array(text)
    if len(found) > most:
        raise TooLarge(f"more than {most:,} entries in one request are refused")
    return found


def _array(text: str) -> list[Any]:
    try:
        found = _loads(text)
    except ValueError as error:
        raise Unreadable(f"the body is no JSON: {error}") from error
    if not isinstance(found, list):
        raise Unreadable(f"the body is no JSON array; send an array, or {NDJSON}")
    return found


def _lines(text: str, most: int) -> list[Any]:
    lines = [line for line in text.split("\n") if line.strip()]
    return [_line(line) for line in lines[: most + 1]]


def _line(line: str) -> Any:
    try:
        return _loads(line)
    except ValueError as error:
        return Unreadable(f"the line is no JSON: {error}")


def _kept(read: Callable[[str], Any], most: int) -> Callable[[str], Any]:
    """A number that cannot be read stays text, and its entry alone is refused for it."""

    def number(text: str) -> Any:
        try:
            return read(text) if len(text) <= most else text
        except InvalidOperation:
            return text

    return number


_DECODER = json.JSONDecoder(
    parse_float=_kept(Decimal, 1000), parse_int=_kept(int, _WHOLE), parse_constant=str
)


def _loads(text: str) -> Any:
    """Raises ValueError."""
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
