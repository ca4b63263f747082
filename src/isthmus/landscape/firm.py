"""The firm: its calendar and the companies through which it contracts and invoices."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from babel.core import get_global
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from isthmus.landscape.keys import did_you_mean, wrong
from isthmus.rules.tax import is_country


class Part(BaseModel):
    """A part of the landscape: read-only, and no key that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEK = tuple(Weekday)
_SHORT = {day.value[:3]: day for day in _WEEK}


def _weekday(text: str) -> Weekday:
    day = _SHORT.get(text.strip().lower()[:3])
    if day is None or not day.value.startswith(text.strip().lower()):
        raise wrong(
            f"`{text.strip()}` is not a day of the week",
            f"Write {', '.join(_SHORT)}, or the full name.",
        )
    return day


def _first_day(value: Any) -> Any:
    return _weekday(value) if isinstance(value, str) else value


def _business_days(value: Any) -> Any:
    """`mon-fri`, `sun-thu`, or a list of days."""
    if not isinstance(value, str):
        return value
    first, dash, last = value.partition("-")
    if not dash:
        return [_weekday(first)]
    start, end = _WEEK.index(_weekday(first)), _WEEK.index(_weekday(last))
    return [_WEEK[(start + step) % 7] for step in range((end - start) % 7 + 1)]


def _weekdays(value: Any) -> Any:
    days = _business_days(value)
    return [_weekday(d) if isinstance(d, str) else d for d in days] if days is not None else days


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise wrong(
            f"`{name}` is not an IANA time zone",
            did_you_mean(name, available_timezones(), "Write a name such as Europe/Amsterdam."),
        )
    return name


class Calendar(Part):
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        default="UTC", description="IANA time zone in which the firm's days and months end."
    )
    week_starts: Annotated[Weekday, BeforeValidator(_first_day)] = Field(
        default=Weekday.MONDAY, description="First day of a week of time sheets."
    )
    business_days: Annotated[
        tuple[Weekday, ...],
        BeforeValidator(_weekdays),
        Field(min_length=1),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "examples": ["mon-fri", "sun-thu"]},
                    {"type": "array", "items": {"type": "string"}},
                ]
            }
        ),
    ] = Field(default=_WEEK[:5], description="Working days: `mon-fri`, or a list of days.")


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


def _month_day(text: str) -> str:
    try:
        date.fromisoformat(f"2001-{text}")
    except ValueError:
        raise wrong(
            f"`{text}` is not a month and a day", "Write them as MM-DD, such as 04-01."
        ) from None
    return text


class LegalEntity(Part):
    """A company of the firm. Its code is what deals, projects and invoices carry."""

    country: Annotated[str, AfterValidator(_country)] = Field(
        description="ISO 3166-1 alpha-2 country in which it is registered."
    )
    currency: Annotated[str, AfterValidator(_currency)] = Field(
        description="ISO 4217 code of the currency in which it keeps its books."
    )
    tax_ids: tuple[str, ...] = Field(
        default=(), description="Its own tax numbers (VAT, EIN), checked for the country."
    )
    fiscal_year_starts: Annotated[str, AfterValidator(_month_day)] = Field(
        default="01-01", description="Month and day on which its fiscal year starts."
    )


class Firm(Part):
    name: str = Field(min_length=1, description="Name of the firm, as reports show it.")
    calendar: Calendar = Field(default=Calendar(), description="Time zone, weeks, working days.")
    legal_entities: dict[str, LegalEntity] = Field(
        min_length=1, description="The firm's companies, by the code that the systems use."
    )
