"""Which expected thing is which actual one: in order, with as few differences as can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

E = TypeVar("E")
A = TypeVar("A")
Pair = tuple[int | None, int | None]
"""Places in both lists; None where the other list has nothing for it."""


def align(
    expected: Sequence[E],
    actual: Sequence[A],
    cost: Callable[[E, A], int],
    sizes: Sequence[int],
) -> list[Pair]:
    """`sizes` are what it costs to leave an expected thing out; one costs as much to add."""
    costs = [[cost(e, a) for a in actual] for e in expected]
    if len(expected) == len(actual) and not any(costs[n][n] for n in range(len(expected))):
        return [(n, n) for n in range(len(expected))]
    return _cheapest(costs, sizes, max(sizes, default=1), len(actual))


def _cheapest(costs: list[list[int]], sizes: Sequence[int], added: int, width: int) -> list[Pair]:
    """Edit distance from the end, then the way through it from the start."""
    height = len(costs)
    best = [[0] * (width + 1) for _ in range(height + 1)]
    for e in range(height, -1, -1):
        for a in range(width, -1, -1):
            best[e][a] = min((c for c, _ in _steps(best, costs, sizes, added, e, a)), default=0)
    pairs: list[Pair] = []
    e = a = 0
    while e < height or a < width:
        _, pair = min(_steps(best, costs, sizes, added, e, a), key=lambda step: step[0])
        pairs.append(pair)
        e += pair[0] is not None
        a += pair[1] is not None
    return pairs


def _steps(
    best: list[list[int]],
    costs: list[list[int]],
    sizes: Sequence[int],
    added: int,
    e: int,
    a: int,
) -> list[tuple[int, Pair]]:
    found: list[tuple[int, Pair]] = []
    if e < len(costs) and a < len(best[0]) - 1:
        found.append((costs[e][a] + best[e + 1][a + 1], (e, a)))
    if e < len(costs):
        found.append((sizes[e] + best[e + 1][a], (e, None)))
    if a < len(best[0]) - 1:
        found.append((added + best[e][a + 1], (None, a)))
    return found
