"""Groups of a provider have roles that there are, in parts of the firm that there are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from isthmus.landscape.access import Provider
from isthmus.landscape.checks.parts import each, keys_at
from isthmus.landscape.checks.systems import NAME
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.landscape.mistake import KeyPath

PROVIDERS = ("access", "providers")


def check_access(document: Document, roles: Collection[str]) -> None:
    """No roles: they are not checked."""
    access: dict[str, Any] = keys_at(document, "access")
    if access.get("local_accounts") is False and not access.get("providers"):
        document.add(
            ("access", "local_accounts"),
            "nobody could log in",
            "passwords are switched off, and there is no provider",
            "Add one to access.providers, or remove the line.",
            on_value=True,
        )
    places = {*keys_at(document, "firm", "legal_entities"), *keys_at(document, "access", "regions")}
    for path, provider in each(document, Provider, *PROVIDERS):
        _check_name(document, path)
        for at, written in _granted(path, provider):
            _check_grant(document, at, written, roles, places)


def _granted(path: KeyPath, provider: Provider) -> Iterator[tuple[KeyPath, str]]:
    for group, granted in provider.groups.items():
        yield from (((*path, "groups", group), written) for written in granted)


def _check_name(document: Document, path: KeyPath) -> None:
    if not re.fullmatch(NAME, str(path[-1])):
        document.add(
            path, f"`{path[-1]}` cannot be part of an address",
            "the provider sends people back to one that holds it",
            "Use small letters, digits, - and _, and start with a letter.",
        )  # fmt: skip


def _check_grant(
    document: Document, at: KeyPath, written: str, roles: Collection[str], places: set[str]
) -> None:
    role, has_place, place = written.partition("@")
    if roles and role not in roles:
        document.add(
            at, f"`{role}` is not a role", f"there are {listed(roles)}",
            did_you_mean(role, roles, "Write one of them."), on_value=True,
        )  # fmt: skip
    if has_place and place not in places:
        document.add(
            at, f"`{place}` is neither a legal entity nor a region", f"there are {listed(places)}",
            did_you_mean(place, places, "Add it to access.regions."), on_value=True,
        )  # fmt: skip
