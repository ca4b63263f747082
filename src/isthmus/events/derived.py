"""Events with a business meaning, told from what changed in a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from isthmus.canonical import CanonicalObject

Raw = Mapping[str, Any]


def _became(attribute: str, *values: str) -> Callable[[Raw, Raw], bool]:
    return lambda before, after: (
        after.get(attribute) in values and before.get(attribute) != after.get(attribute)
    )


def _milestone_delivered(before: Raw, after: Raw) -> bool:
    return _moved_to("delivered", "delivered_on", before, after) and not after.get("accepted_on")


def _milestone_accepted(before: Raw, after: Raw) -> bool:
    return _moved_to("accepted", "accepted_on", before, after)


def _moved_to(state: str, day: str, before: Raw, after: Raw) -> bool:
    """Into the state; of a milestone that was invoiced in advance, its day became known."""
    if after.get("state") == "invoiced":
        return after.get(day) is not None and before.get(day) is None
    return after.get("state") == state and before.get("state") != state


def _project_closed(before: Raw, after: Raw) -> bool:
    """Not one that was over before it was first read."""
    return bool(before) and _became("status", "closed")(before, after)


def _deal_won(*, amendment: bool) -> Callable[[Raw, Raw], bool]:
    won = _became("stage", "closed_won")
    return lambda before, after: (
        won(before, after) and (after.get("amends") is not None) is amendment
    )


def _status_of_a_posted_invoice(before: Raw, after: Raw) -> bool:
    """What the ledger says of an invoice moved: its status, or what is still to pay."""
    watched = ("status", "amount_due", "credited", "paid_on", "number")
    return after.get("status") != "draft" and any(before.get(k) != after.get(k) for k in watched)


_RULES: Mapping[str, tuple[tuple[str, Callable[[Raw, Raw], bool]], ...]] = {
    "opportunity": (
        ("opportunity.closed_won", _deal_won(amendment=False)),
        ("opportunity.amendment_won", _deal_won(amendment=True)),
    ),
    "milestone": (
        ("milestone.delivered", _milestone_delivered),
        ("milestone.accepted", _milestone_accepted),
        ("milestone.ready_to_bill", _became("state", "ready_to_bill")),
    ),
    "project": (("project.closed", _project_closed),),
    "invoice": (("invoice.status_changed", _status_of_a_posted_invoice),),
    "accounting_period": (("accounting_period.opened", _became("state", "open")),),
}


def derived_events(obj: CanonicalObject, before: Raw, after: Raw) -> list[str]:
    """Types of the events that this change means, besides `<kind>.changed`."""
    return [name for name, holds in _RULES.get(obj.kind, ()) if holds(before, after)]
