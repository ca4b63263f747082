"""The order in which kinds, and the changes of a page, are read: what is pointed at comes before
what points.
"""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.canonical import (
    AccountingPeriod,
    Assignment,
    CanonicalObject,
    CostCentre,
    CreditMemo,
    Currency,
    Customer,
    ExpenseEntry,
    Invoice,
    JournalEntry,
    LegalEntity,
    Milestone,
    Opportunity,
    Payment,
    Phase,
    ProfitCentre,
    Project,
    RateCard,
    Resource,
    TimeEntry,
)
from isthmus.canonical.base import references
from isthmus.connect import Change

ORDER: tuple[type[CanonicalObject], ...] = (
    LegalEntity, Currency, AccountingPeriod, CostCentre, ProfitCentre, Customer, Resource,
    Opportunity, Project, Phase, RateCard, Assignment, Milestone, Invoice, CreditMemo,
    Payment, JournalEntry, TimeEntry, ExpenseEntry,
)  # fmt: skip
"""Kinds that are read from a system as a whole; others are asked for one by one."""

Named = tuple[str, str]
"""Kind and external id."""


def named(change: Change) -> Named:
    return change.model.kind, change.external_id


def pointed_at_first(changes: Sequence[Change]) -> list[Change]:
    """A page comes in the order of its stamps: a parent that was edited last comes after its
    children, which would be stored without it.
    """
    here: dict[Named, list[Change]] = {}
    for change in changes:
        here.setdefault(named(change), []).append(change)
    ordered: list[Change] = []
    waiting = [(name, False) for name in reversed(here)]
    begun: set[Named] = set()
    while waiting:
        name, ready = waiting.pop()
        if ready:
            ordered += here[name]
        elif name not in begun:
            begun.add(name)
            waiting.append((name, True))
            waiting += [(n, False) for c in here[name] for n in points_at(c) if n in here]
    return ordered


def points_at(change: Change) -> list[Named]:
    return [
        (kind, str(external))
        for name, kind in references(change.model).items()
        if (external := change.attributes.get(name))
    ]
