"""A destination that fails is told to its owner, and goes on when the hold is closed.

A webhook is held after its last attempt, or at once where it refuses; an open `held` hold is what
stops it. A broker is never stopped, only told of: it is tried until it answers.
"""

from __future__ import annotations

from isthmus.connect import ConnectError, HostRefused, Refused, Unauthorized, Unavailable
from isthmus.landscape.destinations import Destination
from isthmus.store.database import Transaction
from isthmus.store.holds import HELD, WAITING_SYSTEM, NewHold

TELL_AFTER = 5
"""Failures of a broker in a row after which its owner is told."""
BY = "isthmus"


def hold_of(name: str) -> str:
    return f"destination:{name}"


async def tell_of_failure(
    tx: Transaction, name: str, destination: Destination, error: ConnectError, failures: int
) -> bool:
    """Open the hold that this failure asks for; True where nothing is sent until it is closed."""
    refused = isinstance(error, Refused)
    stops = refused or (destination.is_webhook and failures >= destination.attempts)
    if not stops and (destination.is_webhook or failures < TELL_AFTER):
        return False
    await tx.holds.open(
        NewHold(
            key=hold_of(name),
            state=HELD if stops else WAITING_SYSTEM,
            code="destination_refuses" if refused else "destination_unreachable",
            reason=f"{destination.shown} takes no events ({failures} failures in a row): {error}",
            owner=destination.owner,
            fix=_fix(name, error, stops=stops),
            flow="events",
            system=name,
        )
    )
    return stops


def _fix(name: str, error: ConnectError, *, stops: bool) -> str:
    resume = f"isthmus destination resume {name}"
    if isinstance(error, HostRefused):
        return f"{error.remedy} Then: {resume}."
    if isinstance(error, Refused):
        return f"Let the receiver take it, or leave the type out of `types`; then: {resume}."
    if stops:
        return f"Mend the receiver or its address, then: {resume}. What it missed is sent then."
    if isinstance(error, Unauthorized):
        return (
            "Correct the user in `url`, or give it the right to write; sending goes on by itself."
        )
    if isinstance(error, Unavailable) and not error.outcome_unknown:  # it answers
        return "Correct at the broker what the reason says; sending goes on by itself."
    return "Start the broker or correct its address; sending goes on by itself."


async def resolve_waiting(tx: Transaction, name: str) -> None:
    await tx.holds.resolve(hold_of(name), "the destination takes events again", BY)
