"""Mistakes that one key alone does not show: names that refer to nothing, dates that overlap.

Each check reads what it needs of the file and passes over what `explain` reports already, so that
one mistake does not hide another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import BaseModel

from isthmus.canonical import CanonicalObject
from isthmus.canonical.base import Role
from isthmus.landscape.checks.amounts import check_pressing_amounts
from isthmus.landscape.checks.companies import check_companies
from isthmus.landscape.checks.desks import check_desks
from isthmus.landscape.checks.destinations import check_destinations
from isthmus.landscape.checks.overrides import check_mappings, check_ownership
from isthmus.landscape.checks.reconciliations import check_reconciliations
from isthmus.landscape.checks.residency import check_residency
from isthmus.landscape.checks.roles import check_roles
from isthmus.landscape.checks.systems import check_schedules, check_systems
from isthmus.landscape.checks.transfer_prices import check_transfer_prices
from isthmus.landscape.document import Document


def check_meaning(
    document: Document,
    connectors: Mapping[str, type[BaseModel]],
    plays: Mapping[str, Collection[Role]],
    mapped: Mapping[str, Mapping[str, type[CanonicalObject]]],
    event_types: Collection[str],
) -> None:
    check_companies(document)
    check_systems(document, connectors)
    check_roles(document, plays)
    check_ownership(document)
    check_mappings(document, mapped)
    check_schedules(document)
    check_transfer_prices(document)
    check_destinations(document, event_types)
    check_pressing_amounts(document)
    check_desks(document)
    check_reconciliations(document)
    check_residency(document)
