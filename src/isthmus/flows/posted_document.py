"""What an invoice and a credit memo share: one draft per request, and the amount and the period
that the ledger made of what it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from isthmus.canonical import CreditMemo, Invoice
from isthmus.engine import Hold
from isthmus.events.envelope import Event
from isthmus.store.events import EventRow

Document = Invoice | CreditMemo


def drafted_by(request: Event, drafted: Iterable[EventRow]) -> str | None:
    """The document that this request has led to, for a step that is repeated after a crash."""
    return next((e.subject for e in drafted if e.causation_id == request.id), None)


def check_posted(what: str, sent: Document, posted: Document, compare: str) -> None:
    """Raises Hold where the ledger changed the amount or moved it to another period."""
    if problem := _differs(what, sent, posted):
        raise Hold(
            problem, code="ledger_differs", owner="finance",
            fix=f"{compare}; correct the cause in the ledger, then replay.",
        )  # fmt: skip


def _differs(what: str, sent: Document, posted: Document) -> str | None:
    expected = sent.lines_total()
    if posted.subtotal is not None and posted.subtotal != expected:
        return f"{what} {posted.number}: sent {expected}, the ledger holds {posted.subtotal}"
    if sent.period and posted.posted_period and sent.period != posted.posted_period:
        return f"{what} {posted.number} was moved to another accounting period by the ledger"
    return None
