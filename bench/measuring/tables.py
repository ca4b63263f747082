"""Figures as the tables of a page."""

from __future__ import annotations

from collections.abc import Sequence

from .results import ratio

NOTHING = "-"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column is text, the others are figures."""
    rule = ["---", *("---:" for _ in heads[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def number(value: float | None) -> str:
    """Three digits that count, or all before the point."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def times(a: float | None, b: float | None) -> str:
    """How many times `b` fits into `a`."""
    found = ratio(a, b)
    if found is None:
        return NOTHING
    return f"{found:.2f} x" if found >= 0.1 else f"{found:.2g} x"


def beside(value: float | None, ours: float | None) -> str:
    """A figure of another system, and what ours is to it."""
    return NOTHING if value is None else f"{number(value)} ({times(ours, value)})"


def grown(first: float | None, last: float | None) -> str:
    """By how much the last is more than the first."""
    found = ratio(last, first)
    return NOTHING if found is None else f"{found - 1:+.0%}"


def pair(a: float | None, b: float | None) -> str:
    return f"{number(a)} / {number(b)}"


def is_flat(values: Sequence[float], within: float = 0.10) -> bool:
    """Whether none is further than that share from the first."""
    return all(abs(value - values[0]) <= within * values[0] for value in values)
