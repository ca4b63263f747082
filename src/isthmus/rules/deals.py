"""A deal, what it is checked against, and how its problems are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from isthmus.canonical import Customer, LegalEntity, Opportunity
from isthmus.rules.problems import Owner, Problem


@dataclass(frozen=True, slots=True)
class DealContext:
    """What a deal is checked against.

    `ancestors` are the accounts above the customer, nearest first, as far as they are known.
    `templates`, `known_terms` and `known_roles` are None where no system can list them.
    """

    customer: Customer | None
    ancestors: tuple[Customer, ...] = ()
    entity_codes: Mapping[str, LegalEntity] = field(default_factory=dict)
    templates: frozenset[str] | None = None
    known_terms: frozenset[str] | None = None
    known_roles: frozenset[str] | None = None


def told(owner: Owner, code: str, deal: Opportunity, what: str, fix: str, field: str) -> Problem:
    return Problem(code, f"{deal.name}: {what}", owner, f"{fix}, then replay.", field)


def in_crm(code: str, deal: Opportunity, what: str, fix: str, field: str) -> Problem:
    return told("pmo", code, deal, what, fix, field)


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
