"""Why a fact has its amount, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money
from isthmus.rules.facts import Fact
from isthmus.rules.rounding import trimmed
from isthmus.scenario.books import Taken
from isthmus.scenario.outcome import Trail


def told(fact: Fact) -> Trail:
    """What is charged, then what made the hours or the price other than the entry and the card."""
    work = fact.work
    if work.kind is not LineKind.TIME:
        what = "agreed price " if work.kind is LineKind.MILESTONE else ""
        return (f"{work.worked_on}  {work.label}: {what}{fact.amount}", *_indented(fact.why))
    unit = "d" if fact.unit is RateUnit.DAY else "h"
    charged = f"{trimmed(fact.quantity)} {unit} x {fact.price} = {fact.amount}"
    return (
        f"{work.worked_on}  {work.label}  {charged}",
        *_indented(fact.why),
        *_indented(f"{t.scope}: looked for {t.looked_for}, found {t.found}" for t in work.trail),
    )


def credit_told(taken: Taken, amount: Money) -> str:
    """What a credit moves the revenue by."""
    return f"{taken.memo.on}  {taken.fact.work.label}: {amount}, credited: {taken.memo.reason}"


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
