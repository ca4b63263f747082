"""Drafting: what is priced and unbilled of one contract, as the lines of an invoice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.rules.billing import BilledLines, invoice_lines
from isthmus.rules.facts import Fact


def draft_lines(facts: Iterable[Fact]) -> BilledLines:
    """Hours first, as `invoice_lines` groups them; then each charge on a line of its own.

    Two milestones of one price are two results, which the client signs off one by one.
    """
    given = list(facts)
    hours = invoice_lines((f for f in given if f.work.kind is LineKind.TIME), describe_hours)
    charges = [fact for fact in given if fact.work.kind is not LineKind.TIME]
    numbered = dict(enumerate(charges, len(hours.lines) + 1))
    lines = tuple(_line(fact, number) for number, fact in numbered.items())
    behind = {number: (fact,) for number, fact in numbered.items()}
    return BilledLines((*hours.lines, *lines), {**hours.facts, **behind})


def describe_hours(facts: Sequence[Fact]) -> str:
    """What the client reads: the role, who did it, and from which day to which."""
    days = sorted(fact.work.worked_on for fact in facts)
    people = sorted({fact.work.label for fact in facts})
    who = people[0] if len(people) == 1 else f"{len(people)} people"
    return f"{facts[0].work.role}, {who}, {days[0]} to {days[-1]}"


def _line(fact: Fact, number: int) -> InvoiceLine:
    return InvoiceLine(
        number=number,
        kind=fact.work.kind,
        description=fact.work.label,
        quantity=fact.quantity,
        unit_price=fact.price,
        amount=fact.amount,
        project=fact.work.project,
        cost_centre=fact.work.cost_centre,
        profit_centre=fact.work.profit_centre,
    )
