"""The firm: its calendar and the companies through which it contracts and invoices."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated
from zoneinfo import available_timezones

from babel.core import get_global
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from isthmus.landscape.keys import did_you_mean, wrong
from isthmus.rules.tax import is_country


class Part(BaseModel):
    """A part of the landscape: read-only, and no key that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise wrong(
            f"`{name}` is not an IANA time zone",
            did_you_mean(name, available_timezones(), "Write a name such as Europe/Amsterdam."),
        )
    return name


Timezone = Annotated[str, AfterValidator(_timezone)]


class Calendar(Part):
    timezone: Timezone = Field(
        default="UTC", description="IANA time zone in which the firm's days and months end."
    )


@lru_cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes that are legal tender somewhere today (CLDR)."""
    tenders = get_global("territory_currencies").values()
    return frozenset(code for used in tenders for code, _, until, tender in used
                     if tender and until is None)  # fmt: skip


def _country(code: str) -> str:
    if not is_country(code):
        raise wrong(
            f"`{code}` is not an ISO 3166 country code", "Write two capital letters, such as NL."
        )
    return code


def _currency(code: str) -> str:
    if code not in currencies():
        raise wrong(
            f"`{code}` is not the ISO 4217 code of a currency in use",
            "Write three capital letters, such as EUR.",
        )
    return code


Currency = Annotated[str, AfterValidator(_currency)]


class LegalEntity(Part):
    """A company of the firm. Its code is what deals, projects and invoices carry."""

    country: Annotated[str, AfterValidator(_country)] = Field(
        description="ISO 3166-1 alpha-2 country in which it is registered."
    )
    currency: Currency = Field(
        description="ISO 4217 code of the currency in which it keeps its books."
    )
    region: str | None = Field(
        default=None, description="Region by whose rules personal data of its people is kept."
    )
    tax_ids: tuple[str, ...] = Field(
        default=(), description="Its own tax numbers (VAT, EIN), checked for the country."
    )


class Firm(Part):
    name: str = Field(min_length=1, description="Name of the firm, as reports show it.")
    calendar: Calendar = Field(default=Calendar(), description="Where its days end.")
    legal_entities: dict[str, LegalEntity] = Field(
        min_length=1, description="The firm's companies, by the code that the systems use."
    )
