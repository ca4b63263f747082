"""Destinations of events: their names, and the types that they ask for."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Any

from isthmus.landscape.checks.parts import keys_at
from isthmus.landscape.checks.systems import NAME
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean
from isthmus.landscape.mistake import KeyPath


def check_destinations(document: Document, event_types: Collection[str]) -> None:
    """No types: they are not checked."""
    for name, keys in keys_at(document, "destinations").items():
        path = ("destinations", name)
        if not re.fullmatch(NAME, name):
            document.add(
                path,
                f"`{name}` cannot be the name of a destination",
                "names stand in commands and holds: small letters, digits, - and _",
                "Write a name such as warehouse.",
            )
        if isinstance(keys, dict) and event_types:
            _check_types(document, (*path, "types"), keys.get("types"), event_types)


def _check_types(
    document: Document, path: KeyPath, written: Any, event_types: Collection[str]
) -> None:
    patterns = [written] if isinstance(written, str) else written
    for pattern in patterns if isinstance(patterns, list) else ():
        if not any(fnmatchcase(known, str(pattern)) for known in event_types):
            document.add(
                path,
                f"no event is called `{pattern}`",
                "docs/reference/events.md lists them",
                did_you_mean(str(pattern), event_types, "Write a type, or a part of one and *."),
                on_value=True,
            )
