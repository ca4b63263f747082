"""Rows in pieces of a size that the other side takes."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunked(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size`, in order; `itertools.batched` of Python 3.12, as lists."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield chunk
