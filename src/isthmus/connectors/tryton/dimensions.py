"""What the ledger sorts by: companies, cost centres, periods. Read only, the ledger owns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from isthmus.canonical import AccountingPeriod, CostCentre, LegalEntity
from isthmus.connect.mapping import Translated
from isthmus.connect.system import Change
from isthmus.connectors.tryton.client import TrytonClient
from isthmus.connectors.tryton.table import Overlays, Table
from isthmus.connectors.tryton.wire import Domain, Record


class LegalEntities(Table):
    """A Tryton company has no code of its own: it is the landscape's, else its party's."""

    model = LegalEntity
    mapping_name = "legal_entity"
    also = ("party.addresses.country.code",)
    children = ("party",)
    finds_by: ClassVar = {"code": "party.code"}

    def __init__(self, client: TrytonClient, overlays: Overlays, codes: dict[str, str]) -> None:
        super().__init__(client, overlays)
        self._codes = {name: code for code, name in codes.items()}

    async def find(self, criteria: Mapping[str, str]) -> Sequence[Change]:
        """A handful of companies, whose codes may be the landscape's: read all, then choose."""
        companies = await super().find({})
        return [
            company
            for company in companies
            if all(company.attributes[name] == value for name, value in criteria.items())
        ]

    def translate(self, record: Record) -> Translated:
        found = super().translate(record)
        addresses = record["party"]["addresses"]
        countries = [a["country"]["code"] for a in addresses if a["country"]]
        code = self._codes.get(record["party"]["name"], found.attributes.get("code"))
        attributes = {**found.attributes, "code": code, "country": next(iter(countries), None)}
        return replace(found, attributes=attributes)


class CostCentres(Table):
    model = CostCentre
    mapping_name = "cost_centre"
    finds_by: ClassVar = {"code": "code", "name": "name"}

    async def domain(self) -> Domain:
        return [["type", "=", "normal"], ["code", "!=", None]]


class AccountingPeriods(Table):
    """Adjustment periods overlap the months and take no invoices, so they are left out."""

    model = AccountingPeriod
    mapping_name = "accounting_period"
    finds_by: ClassVar = {"name": "name"}

    async def domain(self) -> Domain:
        return [["type", "=", "standard"]]
