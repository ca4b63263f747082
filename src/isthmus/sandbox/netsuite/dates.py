"""Dates in SuiteQL: kept as marked text that sorts, shown and read in Oracle's formats.

The mark tells a date from a text that looks like one, wherever an expression carries it.
"""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MARK = "\x1f"
PART = re.compile(r'"([^"]*)"|(YYYY|YY|MONTH|MON|MM|DD|HH24|HH12|HH|MI|SS|AM|PM|FF\d?)', re.I)
CODES = {
    "YYYY": "%Y",
    "YY": "%y",
    "MONTH": "%B",
    "MON": "%b",
    "MM": "%m",
    "DD": "%d",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "AM": "%p",
    "PM": "%p",
}


def python_format(oracle: str) -> str:
    """Oracle's format model as strftime's; quoted text stands for itself. The parser has already
    turned the codes of a format it knows, and left the quotes.
    """

    def code(match: re.Match[str]) -> str:
        quoted, part = match.groups()
        return quoted if part is None else CODES.get(part.upper(), "%f")

    return oracle.replace('"', "") if "%" in oracle else PART.sub(code, oracle)


def stored_date(iso: str) -> str:
    """A record's date or instant as SuiteQL keeps it."""
    day, _, clock = iso.rstrip("Z").partition("T")
    return f"{MARK}{day} {clock or '00:00:00'}"


def parse_date(text: str | None, form: str) -> str | None:
    """A stored date from text; ValueError when the text does not fit the format."""
    if text is None:
        return None
    return _stored(datetime.strptime(text, python_format(form)))  # noqa: DTZ007


def format_date(value: str | float | None, form: str) -> str | None:
    if not is_date(value):
        return None if value is None else str(value)
    return _moment(str(value)).strftime(python_format(form))


def user_date(stored: str) -> str:
    """The user's default format M/D/YYYY, which has no time of day."""
    day = _moment(stored)
    return f"{day.month}/{day.day}/{day.year}"


def start_of_day(stored: str | None) -> str | None:
    return None if stored is None else f"{stored[:11]} 00:00:00"


def in_zone(stored: str | None, zone: str) -> str | None:
    """An instant, kept in UTC, as the clock of the role's user shows it."""
    if stored is None or zone == "UTC":
        return stored
    return _stored(_moment(stored).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)))


def is_date(value: object) -> bool:
    return isinstance(value, str) and value.startswith(MARK)


def _moment(stored: str) -> datetime:
    return datetime.fromisoformat(stored.removeprefix(MARK))


def _stored(moment: datetime) -> str:
    return f"{MARK}{moment:%Y-%m-%d %H:%M:%S}"
