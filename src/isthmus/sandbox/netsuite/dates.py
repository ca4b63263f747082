"""Dates in SuiteQL: stored as `YYYY-MM-DD HH:MM:SS`, shown and read in Oracle's formats."""

import re
from datetime import datetime

STORED = "%Y-%m-%d %H:%M:%S"
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


def parse_date(text: str | None, form: str) -> str | None:
    """A stored date from text; ValueError when the text does not fit the format."""
    if text is None:
        return None
    return datetime.strptime(text, python_format(form)).strftime(STORED)  # noqa: DTZ007


def format_date(stored: str | float | None, form: str) -> str | None:
    if stored is None or not isinstance(stored, str):
        return None if stored is None else str(stored)
    return datetime.fromisoformat(stored).strftime(python_format(form))


def user_date(stored: str | None) -> str | None:
    """The user's default format M/D/YYYY, which has no time of day."""
    if stored is None:
        return None
    day = datetime.fromisoformat(stored)
    return f"{day.month}/{day.day}/{day.year}"
