"""Promises are of flows that there are."""

from __future__ import annotations

from collections.abc import Collection

from isthmus.landscape.checks.parts import keys_at
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean


def check_promises(document: Document, flows: Collection[str]) -> None:
    """No flows: they are not checked."""
    for name in keys_at(document, "sla"):
        if flows and name not in flows:
            document.add(
                ("sla", name),
                f"no flow is called `{name}`",
                "docs/reference/flows.md lists them",
                did_you_mean(name, flows, "Write the name of a flow."),
            )
