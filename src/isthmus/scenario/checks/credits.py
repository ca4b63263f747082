"""Credits that do not say what they take back."""

from __future__ import annotations

from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.changes import CreditedLinePart
from isthmus.scenario.checks.parts import Parts


def check_credits(parts: Parts) -> None:
    for path, credit in parts.credits.items():
        seen: set[int] = set()
        for place, line in enumerate(credit.lines or ()):
            _line(parts, (*path, "lines", place), line, seen)
            seen.add(line.line)


def _line(parts: Parts, path: KeyPath, line: CreditedLinePart, seen: set[int]) -> None:
    if line.line in seen:
        parts.document.add(
            (*path, "line"), f"line {line.line} is credited twice",
            "a memo has one line for each of the invoice",
            "State the quantity or the amount to credit in all.", on_value=True,
        )  # fmt: skip
    if line.quantity is not None and line.amount is not None:
        parts.document.add(
            path, "a quantity and an amount are stated",
            "each says how much of the line is credited", "Remove one of the two.",
        )  # fmt: skip
