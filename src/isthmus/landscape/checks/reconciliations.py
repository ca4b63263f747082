"""Reconciliations: their names, the connections that they compare, the companies they are of."""

from __future__ import annotations

import re
from typing import Any

from isthmus.landscape.checks.parts import keys_at
from isthmus.landscape.checks.systems import NAME
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.landscape.mistake import KeyPath

SIDES = {"time": ("psa", "erp"), "invoices": ("erp", "crm"), "customers": ("crm", "erp")}
"""Promise -> roles of the side that decides and of the side that follows."""


def check_reconciliations(document: Document) -> None:
    companies = keys_at(document, "firm", "legal_entities")
    for name, keys in keys_at(document, "reconciliations").items():
        path = ("reconciliations", name)
        if not re.fullmatch(NAME, name):
            document.add(
                path,
                f"`{name}` cannot be the name of a reconciliation",
                "names stand in commands and breaks: small letters, digits, - and _",
                "Write a name such as time-nl.",
            )
        if isinstance(keys, dict):
            _check_sides(document, path, keys)
            _check_companies(document, (*path, "legal_entities"), keys, companies)


def _check_sides(document: Document, path: KeyPath, keys: dict[str, Any]) -> None:
    named, roles = keys.get("connections"), SIDES.get(str(keys.get("promise")))
    if not isinstance(named, list) or len(named) != 2 or roles is None:
        return
    known = keys_at(document, "connections")
    for place, (connection, role) in enumerate(zip(named, roles, strict=True)):
        at = (*path, "connections", place)
        if connection not in known:
            document.add(
                at,
                f"no connection is named `{connection}`",
                f"connections: {listed(known)}",
                did_you_mean(str(connection), known, "Write one of them."),
                on_value=True,
            )
        elif connection not in _playing(document, role):
            document.add(
                at,
                f"`{connection}` does not play {role}",
                f"`{keys['promise']}` is between {' and '.join(roles)}, in this order",
                f"Name a connection of roles.{role}.",
                on_value=True,
            )


def _playing(document: Document, role: str) -> set[str]:
    bindings = keys_at(document, "roles").get(role)
    return {
        str(b["connection"])
        for b in (bindings if isinstance(bindings, list) else ())
        if isinstance(b, dict) and "connection" in b
    }


def _check_companies(
    document: Document, path: KeyPath, keys: dict[str, Any], companies: dict[str, Any]
) -> None:
    written = keys.get("legal_entities")
    for place, code in enumerate(written if isinstance(written, list) else ()):
        if companies and code not in companies:
            document.add(
                (*path, place),
                f"`{code}` is none of the firm's companies",
                f"companies: {listed(companies)}",
                did_you_mean(str(code), companies, "Write one of them."),
                on_value=True,
            )
