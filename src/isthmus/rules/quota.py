"""How a vendor's limit is divided: by urgency, without starving anyone.

Amounts by urgency are tuples, the most urgent first. A fifth of what is scarce is kept for who is
less urgent than the most urgent that asks: strict priority would let a busy month end stop all
reading, and ageing would let a long bulk queue go before the next invoice.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

FIFTH = 5
CEILINGS = (100, 95, 90, 80)
"""Percent of a day's allowance that each urgency may help to spend. Salesforce's own advice is to
slow down at 80 and to stop what can wait at 95."""
RAMP_STEP = 2.0
"""Seconds after which a system that is back takes twice as many calls at once."""
RAMP_FROM = 8
"""It begins with the eighth part of what the system allows, and one call at least."""
STEEPEST = 16
"""Doublings after which the ramp is over in any case."""


def divide(amount: int, wanted: Sequence[int], *, their_turn: bool) -> tuple[int, ...]:
    """Of `amount`, what each urgency gets. Where a fifth of it is less than one, the less urgent
    have one when it is `their_turn`.
    """
    given = [0] * len(wanted)
    first = next((n for n, want in enumerate(wanted) if want), None)
    if first is None:
        return tuple(given)
    kept = min(sum(wanted[first + 1 :]), max(amount // FIFTH, int(their_turn and amount > 0)))
    given[first] = min(wanted[first], amount - kept)
    left = amount - given[first]
    for n in range(first + 1, len(wanted)):
        given[n] = min(wanted[n], left)
        left -= given[n]
    return tuple(given)


def portion(
    amount: int, wanted: Sequence[int], mine: Sequence[int], *, their_turn: bool = False
) -> int:
    """Of `amount`, the part of one who wants `mine` of all that is `wanted`; rounded up, so that
    the sum of all parts may be more than there is: what is taken already bounds it.
    """
    given = divide(amount, wanted, their_turn=their_turn)
    return sum(-(-g * m // w) for g, m, w in zip(given, mine, wanted, strict=True) if w)


def left_today(allowed: int, used: int, urgency: int) -> int:
    """Calls that this urgency may still make of a day's allowance."""
    return max(0, allowed * CEILINGS[urgency] // 100 - used)


def ramp(seconds: float, whole: int) -> int:
    """Calls at once, so long after a system came back that allows `whole`: of 25 3, 6, 12 ..."""
    doublings = int(min(max(seconds, 0.0) // RAMP_STEP, STEEPEST))
    return min(whole, max(1, whole // RAMP_FROM) << doublings)


def in_turn(ranked: Sequence[T], longest_first: Sequence[T]) -> list[T]:
    """By rank, but each fifth place goes to the longest waiting that has none yet."""
    order: list[T] = []
    taken: set[int] = set()
    by_rank, by_age = iter(ranked), iter(longest_first)
    for place in range(1, len(ranked) + 1):
        source = by_age if place % FIFTH == 0 else by_rank
        [chosen] = islice((x for x in source if id(x) not in taken), 1)
        taken.add(id(chosen))
        order.append(chosen)
    return order
