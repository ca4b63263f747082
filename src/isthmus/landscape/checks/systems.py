"""Connections: their names, the platform they live on, the objects they tell of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from isthmus.canonical import BY_KIND
from isthmus.landscape.checks.parts import keys_at
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.landscape.mistake import KeyPath

NAME = r"^[a-z][a-z0-9_-]*$"


def check_systems(document: Document, connectors: Mapping[str, type[BaseModel]]) -> None:
    connections = keys_at(document, "connections")
    for name, keys in connections.items():
        path = ("connections", name)
        if not re.fullmatch(NAME, name):
            document.add(
                path,
                f"`{name}` cannot be the name of a connection",
                "names stand in ids and addresses: small letters, digits, - and _",
                "Write a name such as salesforce-emea.",
            )
        if isinstance(keys, dict):
            check_kinds(document, (*path, "changes"), keys_at(document, *path, "changes"))
            if isinstance(keys.get("platform"), str):
                _check_platform(document, name, connections, connectors)


def check_kinds(document: Document, path: KeyPath, kinds: Iterable[str]) -> None:
    for kind in kinds:
        if kind not in BY_KIND:
            unknown_kind(document, (*path, kind), kind)


def unknown_kind(document: Document, path: KeyPath, kind: str) -> None:
    document.add(
        path,
        f"`{kind}` is not an object",
        f"known: {listed(BY_KIND)}",
        did_you_mean(kind, BY_KIND, "Write one of them."),
    )


def check_schedules(document: Document) -> None:
    path = ("schedules", "poll", "objects")
    check_kinds(document, path, keys_at(document, *path))


def _check_platform(
    document: Document,
    name: str,
    connections: dict[str, Any],
    connectors: Mapping[str, type[BaseModel]],
) -> None:
    path = ("connections", name, "platform")
    platform = connections[name]["platform"]
    under = connections.get(platform)
    if under is None:
        others = [other for other in connections if other != name]
        document.add(
            path,
            f"no connection is named `{platform}`",
            f"connections: {listed(others)}",
            did_you_mean(platform, others, "Write one of them."),
            on_value=True,
        )
    elif isinstance(under, dict):
        reason = _wrong_platform(name, platform, connections, connectors)
        if reason:
            document.add(
                path,
                f"`{name}` cannot live on `{platform}`",
                reason,
                "Name a connection of its platform, or remove `platform`.",
                on_value=True,
            )


def _wrong_platform(
    name: str,
    platform: str,
    connections: dict[str, Any],
    connectors: Mapping[str, type[BaseModel]],
) -> str | None:
    vendor, under = connections[name].get("vendor"), connections[platform]
    if platform == name:
        return "a connection is not its own platform"
    if under.get("platform"):
        return f"`{platform}` itself lives on `{under['platform']}`"
    model = connectors.get(vendor) if isinstance(vendor, str) else None
    wanted: tuple[str, ...] | None = getattr(model, "platform_vendors", None)
    if model is None or wanted is None or under.get("vendor") in wanted:
        return None
    if not wanted:
        return f"{vendor} has a login of its own"
    return f"{vendor} lives on {' or '.join(wanted)}, and `{platform}` is {under.get('vendor')}"
