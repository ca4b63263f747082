"""VAT rates by country, day and kind, from a free collection carried with the package.

For forecasts and for checking a ledger's tax codes. A rate that the collection does not vouch for
is a problem, not a guess. Source and licence: `rules/data/vat/ORIGIN.md`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

from isthmus.rules.problems import Problem
from isthmus.rules.tax.jurisdiction import taxed_as

_UNDATED = "0000-01-01"


@dataclass(frozen=True, slots=True)
class VatRate:
    """`since` is absent where only the rate is known, not its first day."""

    country: str
    kind: str
    percent: Decimal
    since: date | None
    territory: str | None = None


@dataclass(frozen=True, slots=True)
class _Territory:
    name: str
    postcode: re.Pattern[str]
    percents: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class _Period:
    since: date | None
    percents: Mapping[str, Decimal]
    territories: tuple[_Territory, ...]


@dataclass(frozen=True, slots=True)
class VatRates:
    """`known_from` is for undated rows; dated ones are known from their day."""

    periods: Mapping[str, Sequence[_Period]]
    known_from: date
    known_to: date

    @classmethod
    def read(cls, text: str, *, known_to: date, known_from: date = date(2020, 1, 1)) -> VatRates:
        """A file in the format of ibericode/vat-rates, version 4."""
        items = json.loads(text, parse_float=Decimal, parse_int=Decimal)["items"]
        periods = {country: _periods(rows) for country, rows in items.items()}
        return cls(periods, known_from, known_to)

    def kinds(self, country: str, on: date) -> tuple[str, ...]:
        period = self._period(taxed_as(country), on)
        return tuple(period.percents) if isinstance(period, _Period) else ()

    def rate(
        self, country: str, on: date, kind: str = "standard", postcode: str | None = None
    ) -> VatRate | Problem:
        """Without a postcode, of the country's main territory. Of Monaco, France's."""
        area = taxed_as(country)
        period = self._period(area, on)
        if isinstance(period, Problem):
            return period
        for territory in period.territories:
            if territory.postcode.fullmatch(re.sub(r"[\s-]", "", postcode or "")):
                return _of(area, kind, period.since, territory.percents, territory.name)
        return _of(area, kind, period.since, period.percents, None)

    def _period(self, country: str, on: date) -> _Period | Problem:
        if country not in self.periods:
            return _unknown(f"no VAT rates of {country} are kept")
        if on > self.known_to:
            return _unknown(f"the VAT rates kept of {country} are known until {self.known_to}")
        for period in self.periods[country]:
            if (period.since or self.known_from) <= on:
                return period
        return _unknown(f"the VAT rates of {country} on {on} are not kept")


def _periods(rows: Sequence[dict[str, Any]]) -> list[_Period]:
    """The newest first; an undated one is the oldest."""
    found = [
        _Period(
            _day(row["effective_from"]),
            row["rates"],
            tuple(_territory(dict(row)) for row in row.get("exceptions", [])),
        )
        for row in rows
    ]
    return sorted(found, key=lambda period: period.since or date.min, reverse=True)


def _day(text: str) -> date | None:
    return None if text == _UNDATED else date.fromisoformat(text)


def _territory(row: dict[str, Any]) -> _Territory:
    return _Territory(row.pop("name"), re.compile(row.pop("postcode")), row)


def _of(
    country: str,
    kind: str,
    since: date | None,
    percents: Mapping[str, Decimal],
    territory: str | None,
) -> VatRate | Problem:
    if kind in percents:
        return VatRate(country, kind, percents[kind], since, territory)
    where = f"{territory} ({country})" if territory else country
    return _unknown(f"{where} has no {kind} rate among {', '.join(percents)}")


def _unknown(reason: str) -> Problem:
    return Problem(
        "vat_rate_unknown",
        reason,
        "finance",
        "Take the rate from the ledger's tax code, or load newer rates.",
    )


CARRIED = VatRates.read(
    files("isthmus.rules.data").joinpath("vat", "rates.json").read_text("utf-8"),
    known_to=date(2025, 12, 31),
)


def vat_rate(
    country: str,
    on: date,
    kind: str = "standard",
    *,
    postcode: str | None = None,
    rates: VatRates = CARRIED,
) -> VatRate | Problem:
    """`kind` as the collection has it: standard, reduced, reduced1, reduced2, super_reduced,
    parking.
    """
    return rates.rate(country, on, kind, postcode)
