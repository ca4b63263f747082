"""What is told of a break: the sentence behind its kind and its cause."""

from __future__ import annotations

from isthmus.kit.money import Money
from isthmus.reconcile.plans import PROMISES
from isthmus.store.reconciliation_breaks import BreakRow

_CAUSES = {
    "held": "the work is held",
    "period_closed": "it waits for its accounting period to open",
    "system_away": "it waits for a system that is away",
    "run_waiting": "a run of it is at work",
    "corrected_here": "a person corrected it here",
    "arrived_late": "it arrived after the time allowed",
    "repaired": "it was repaired",
    "agrees_again": "both sides agree",
}


def finding(found: BreakRow, promise: str) -> str:
    """What is wrong, with both values."""
    leg = PROMISES[promise].leg(found.leg)
    match found.kind:
        case "missing":
            return f"{found.label} is {leg.source_name} and not {leg.target_name}"
        case "extra":
            again = f" {found.copy} times" if found.copy > 1 else ""
            return f"{found.label} is {leg.target_name}{again} and not {leg.source_name}"
        case "different":
            told = "; ".join(
                f"{name} {_or_none(ours)} / {_or_none(theirs)}"
                for name, (ours, theirs) in found.differs.items()
            )
            return f"{found.label}: {told} ({leg.source_name} / {leg.target_name})"
        case _:
            assert found.source_at is not None, "only what has both instants is late"
            assert found.target_at is not None, "only what has both instants is late"
            return (
                f"{found.label}: {leg.source_name} at {found.source_at:%Y-%m-%d %H:%M}, "
                f"{leg.target_name} at {found.target_at:%Y-%m-%d %H:%M}"
            )


def _or_none(value: object) -> object:
    return "none" if value is None else value


def cause(found: BreakRow) -> str:
    """Why it is so, as far as that is known."""
    if found.reason:
        return f"accepted by {found.decided_by}: {found.reason}"
    if found.state == "repaired":
        return f"repaired by {found.decided_by}; the next run looks whether it worked"
    if found.cause is None:
        return "unexplained"
    where = f" (H-{found.hold})" if found.hold else ""
    where = where or (f" ({found.waiting_run})" if found.waiting_run else "")
    return _CAUSES[found.cause] + where


def worth(found: BreakRow) -> Money | None:
    """Source less target."""
    if found.currency is None or not found.amount:
        return None
    return Money.of(found.amount, found.currency)
