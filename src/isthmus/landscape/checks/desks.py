"""Desks close holds with a resolution code that there is."""

from __future__ import annotations

from isthmus.landscape.checks.parts import keys_at
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.rules.resolutions import SHIPPED


def check_desks(document: Document) -> None:
    known = {**SHIPPED, **keys_at(document, "exceptions", "resolutions")}
    for name, desk in keys_at(document, "exceptions", "desks").items():
        code = desk.get("closes_with") if isinstance(desk, dict) else None
        if isinstance(code, str) and code not in known:
            document.add(
                ("exceptions", "desks", name, "closes_with"),
                f"`{code}` is not a resolution code",
                f"known: {listed(known)}",
                did_you_mean(code, known, "Add it to exceptions.resolutions."),
                on_value=True,
            )
