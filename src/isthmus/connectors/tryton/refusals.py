"""Tryton gives no error codes: a business refusal is English text, so the text decides.

The context pins the language to English. What is told apart here was seen on 8.0 (closed period,
missing right, duplicate code); any other `UserError` is for a person to correct. A warning is
known by its name, which becomes our error's code.
"""

from __future__ import annotations

import re
from typing import Any

import httpx2

from isthmus.connect import (
    Conflict,
    ConnectError,
    Duplicate,
    Invalid,
    PeriodClosed,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)

CLOSED = re.compile(r'reopen the (?:period|fiscal year) "(?P<period>[^"]+)"')
DENIED = re.compile(r"You are not allowed to|You have no access|not allowed to access")
UNIQUE = re.compile(r"must be unique")
LOCKOUT_SECONDS = 300.0
"""`session.timeout`: how long the server refuses logins after too many failures."""


def from_error(system: str, method: str, error: list[Any]) -> ConnectError:
    """The `error` member of an answer with status 200."""
    kind = str(error[0]) if error else ""
    detail = error[1] if len(error) > 1 else ""
    match kind:
        case "UserError":
            return _user_error(system, " ".join(str(part) for part in detail[:2] if part))
        case "UserWarning":
            return Refused(
                system,
                f"asks a person to confirm: {detail[1]} Do it once in Tryton, or mend the cause.",
                code=str(detail[0]),
            )
        case "ConcurrencyException":
            return Conflict(system, str(detail), code=kind)
        case "":
            return Invalid(system, f"{method}: a value has the wrong type", code="TypeError")
        case _:
            return Invalid(
                system,
                f"{method} failed on {kind}: an unknown field, model or value. "
                "Check that the modules this connector needs are activated.",
                code=kind,
            )


def _user_error(system: str, text: str) -> ConnectError:
    if closed := CLOSED.search(text):
        return PeriodClosed(system, text, code="UserError", period=closed["period"])
    if UNIQUE.search(text):
        return Duplicate(system, text, code="UserError")
    if DENIED.search(text):
        return Refused(system, f"{text} Give the connection's user that right.", code="UserError")
    return Invalid(system, text, code="UserError")


def from_status(system: str, method: str, response: httpx2.Response) -> ConnectError:
    """An answer that is not JSON: an HTML page, or nothing."""
    status, code = response.status_code, str(response.status_code)
    if status == 401:
        return Unauthorized(system, "user name, password or session is wrong", code=code)
    if status == 429:
        wait = response.headers.get("Retry-After", "")
        return Throttled(
            system,
            "too many failed logins of this user, perhaps somebody else's",
            code=code,
            retry_after=float(wait) if wait.isdigit() else LOCKOUT_SECONDS,
        )
    if status == 403:
        return Refused(system, f"{method} is not open to this user", code=code)
    if status == 404:
        return Refused(system, "no such database, or no Tryton 8 at this address", code=code)
    if status >= 500:
        return Unavailable(
            system, f"{method} failed inside the server", code=code, outcome_unknown=True
        )
    return Refused(system, f"{method} was not understood", code=code)
