"""Account preferences and limits that a test or a demo may change through `/__control/settings`."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

EU = frozenset(
    {
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    }
)


@dataclass(frozen=True)
class Settings:
    """`tax_rates`: percent by country, or by `US-CA` for a state; text, so 8.875 stays exact."""

    concurrency_limit: int = 5
    concurrency_status: int = 429
    token_seconds: float = 3600
    batch_seconds: float = 0
    default_period_when_closed: str = "current"
    date_outside_period: str = "allow"
    closed_period_error: str = "USER_ERROR"
    timezone: str = "UTC"
    tax_rates: dict[str, str] = field(default_factory=dict)
    custom_fields: dict[str, list[str]] = field(default_factory=dict)


ALLOWED = {
    "concurrency_status": (429, 400),
    "default_period_when_closed": ("current", "first_open"),
    "date_outside_period": ("allow", "disallow"),
    "closed_period_error": ("USER_ERROR", "TRAN_PRD_CLOSED", "TRAN_PERIOD_CLOSED"),
}


class BadSetting(ValueError):
    """The setting is unknown or its value is; the message names it."""


def changed(settings: Settings, values: dict[str, Any]) -> Settings:
    known = asdict(settings)
    for name, value in values.items():
        if name not in known:
            raise BadSetting(f"unknown setting {name!r}; there are {', '.join(known)}")
        if name in ALLOWED and value not in ALLOWED[name]:
            raise BadSetting(f"{name}: {value!r} is not one of {ALLOWED[name]}")
        if not isinstance(value, type(known[name])) and not isinstance(known[name], float):
            raise BadSetting(f"{name}: {value!r} must be of type {type(known[name]).__name__}")
    if "tax_rates" in values:
        rates = {place: str(rate) for place, rate in values["tax_rates"].items()}
        values = values | {"tax_rates": rates}
    return replace(settings, **values)
