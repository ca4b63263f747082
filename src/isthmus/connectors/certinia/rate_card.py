"""RateCard <-> pse__Rate_Card__c: one row is one price, for a project where ours names one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.canonical import RateCard
from isthmus.connect import Capability, FieldProblem
from isthmus.connect.mapping import Translated
from isthmus.connectors.certinia.wire import PACKAGE
from isthmus.platforms.salesforce import SObject

SCOPES = ("pse__Region__c", "pse__Practice__c", "pse__Group__c")


class RateCards(SObject):
    model = RateCard
    package = PACKAGE
    mapping_name = "rate_card"
    capability = Capability(
        reads=True, writes=True, finds_by=("number", "role", "customer"), batch=200
    )
    read_back = True
    extra = SCOPES

    def translate(self, record: Mapping[str, Any]) -> Translated:
        base = super().translate(record)
        scoped = [scope for scope in SCOPES if record[scope]]
        problems = (*base.problems, *(_too_narrow(scope, record[scope]) for scope in scoped))
        return Translated(base.attributes, problems)


def _too_narrow(scope: str, value: str) -> FieldProblem:
    """Read without its scope, a region's price would become everybody's."""
    return FieldProblem(
        "pse__Rate_Card__c",
        scope,
        value,
        "prices by region, practice or group are not applied",
        "Give the price per account, or for all.",
    )
