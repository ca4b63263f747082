"""Amounts that press are given for every currency in which the firm keeps books."""

from __future__ import annotations

from isthmus.landscape.checks.parts import each, keys_at
from isthmus.landscape.document import Document
from isthmus.landscape.firm import LegalEntity


def check_pressing_amounts(document: Document) -> None:
    """A warning: without an amount in its currency no blocked sum makes a hold more severe."""
    booked = {company.currency: path[2] for path, company in
              each(document, LegalEntity, "firm", "legal_entities")}  # fmt: skip
    for key in ("critical_from", "high_from"):
        given = keys_at(document, "exceptions", "severity", key)
        for currency in booked.keys() - given.keys() if given else ():
            document.add(
                ("exceptions", "severity", key),
                f"no amount in {currency} is given",
                f"{booked[currency]} keeps its books in it, and an amount in another currency "
                "says nothing of it",
                f"Add {currency} and an amount.",
                severity="warning",
            )
