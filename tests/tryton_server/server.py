"""The sandbox's Tryton as the tests' environment asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from isthmus.sandbox import tryton
from isthmus.sandbox.tryton import Company, Shelf, TrytonServer

__all__ = ["Company", "TrytonServer", "running", "shelf"]


def shelf() -> Shelf:
    chosen = os.environ.get("ISTHMUS_TEST_CACHE")
    place = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("isthmus-tests"))
    return Shelf(
        place / "tryton",
        os.environ.get("ISTHMUS_TEST_TRYTON", "8.0"),
        os.environ.get("ISTHMUS_TEST_TRYTON_DATABASE_URL"),
    )


@contextmanager
def running(*companies: Company, **options: str) -> Iterator[TrytonServer]:
    with tryton.running(shelf(), *companies, **options) as server:
        yield server
