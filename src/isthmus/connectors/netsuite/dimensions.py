"""What NetSuite sorts amounts by: subsidiary, department, class, period, currency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from babel.core import Locale

from isthmus.canonical import AccountingPeriod, CostCentre, Currency, LegalEntity, ProfitCentre
from isthmus.canonical.dimensions import PeriodState
from isthmus.connect.errors import FieldProblem
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Reading

COUNTRIES = {
    "".join(c for c in name.casefold() if c.isalnum()): code
    for code, name in Locale("en").territories.items()
    if len(code) == 2 and code.isalpha()
}
ENUM_NAMES = {
    "unitedkingdomgb": "GB",
    "koreasouth": "KR",
    "koreademocraticpeoplesrepublic": "KP",
    "russianfederation": "RU",
    "czechrepublic": "CZ",
    "turkey": "TR",
    "hongkong": "HK",
    "chinapeoplesrepublic": "CN",
}
"""Names of NetSuite's Country enumeration that differ from CLDR's English ones."""


def country_code(value: str) -> str | None:
    """ISO 3166 alpha-2 from `NL` or from the enumeration's `_netherlands`."""
    if len(value) == 2 and value.isalpha():
        return value.upper()
    name = "".join(c for c in value.casefold() if c.isalnum())
    return ENUM_NAMES.get(name) or COUNTRIES.get(name)


class LegalEntities(Reading):
    model = LegalEntity
    table = "subsidiary"
    mapping_name = "legal_entity"
    stamped = False

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["currency"] = {"symbol": await self.lists.currencies.name(row.get("currency"))}
            raw = row.get("country")
            row["country"] = country_code(str(raw)) if raw else None
            row["unknown_country"] = raw if raw and row["country"] is None else None

    def unusable(self, row: Mapping[str, Any]) -> tuple[FieldProblem, ...]:
        if row["unknown_country"] is None:
            return ()
        return (
            FieldProblem(
                "subsidiary",
                "country",
                str(row["unknown_country"]),
                "no ISO 3166 code is known for this country",
                "Map the country attribute to a column that holds the two-letter code.",
            ),
        )


class CostCentres(Reading):
    model = CostCentre
    table = "department"
    mapping_name = "cost_centre"
    stamped = False


class ProfitCentres(Reading):
    model = ProfitCentre
    table = "classification"
    mapping_name = "profit_centre"
    stamped = False


class Currencies(Reading):
    model = Currency
    table = "currency"
    mapping_name = "currency"
    stamped = False


class Periods(Reading):
    """Base periods only: neither quarter nor year (section_0818065706).

    Locks are per module: `arlocked` refuses invoices in a period that is otherwise open.
    """

    model = AccountingPeriod
    table = "accountingperiod"
    mapping_name = "accounting_period"
    stamped = False
    keyed = False
    condition: ClassVar[str] = "isquarter = 'F' AND isyear = 'F'"
    dates = frozenset({"startdate", "enddate"})
    also = ("closed", "alllocked", "arlocked")

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        if wire.flag(row.get("closed")):
            return {"state": PeriodState.CLOSED}
        locked = wire.flag(row.get("alllocked")) or wire.flag(row.get("arlocked"))
        return {"state": PeriodState.LOCKED if locked else PeriodState.OPEN}
