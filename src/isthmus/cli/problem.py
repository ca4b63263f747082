"""Errors as a person reads them: what, why, what to do. Anything else is a defect of ours."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from isthmus.kit.masking import scrub

FINDING = 1
"""Exit code when something is wrong; usage errors are 2."""


class Problem(Exception):
    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(what, why, remedy)
        self.what, self.why, self.remedy = what, why, remedy


def expected() -> tuple[type[Exception], ...]:
    """What is told in three lines. Imported when something was raised, and only then."""
    from isthmus.access.accounts import AccessRefused
    from isthmus.connect.errors import ConnectError
    from isthmus.demo.errors import DemoError
    from isthmus.engine.refused import ActionRefused
    from isthmus.events.destinations import MissingClient
    from isthmus.flows.credit_request import CreditRefused
    from isthmus.flows.terms_request import TermsRefused
    from isthmus.landscape import LandscapeError, RoleError
    from isthmus.scenario.terms_file import TermsFileError
    from isthmus.settings import SettingsError
    from isthmus.store.embedded import EmbeddedPostgresError
    from isthmus.store.reach import DatabaseProblem

    return (
        AccessRefused, ActionRefused, ConnectError, CreditRefused, DatabaseProblem, DemoError,
        EmbeddedPostgresError,
        LandscapeError, MissingClient, Problem, RoleError, SettingsError, TermsFileError,
        TermsRefused,
    )  # fmt: skip


def told(error: Exception) -> str:
    """The text for the error stream. Files' and settings' mistakes come formatted, many at once."""
    what, why = getattr(error, "what", None), getattr(error, "why", None)
    if what is not None and why is not None:
        return lines(str(what), str(why), str(getattr(error, "remedy", "")))
    if remedy := getattr(error, "remedy", None):
        kind = type(error).__name__
        return lines(str(error), f"The system answered: {kind}.", str(remedy))
    return str(error)


def lines(what: str, why: str, remedy: str) -> str:
    return f"{what}\n  why: {why}\n  do:  {remedy}"


def tell_trace(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """For `sys.excepthook` with --debug: a stack trace that may be sent to others."""
    text = scrub("".join(traceback.format_exception(kind, error, trace)))
    print(text, end="", file=sys.stderr)  # noqa: T201 - the error stream is what this is for


def tell_defect(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """For `sys.excepthook`: no stack trace unless it is asked for."""
    text = lines(
        scrub(f"{kind.__name__}: {error}"),
        "This is a defect of isthmus, not of your data.",
        "Run the same command as `isthmus --debug ...` and report what it prints.",
    )
    print(text, file=sys.stderr)  # noqa: T201 - the error stream is what this is for
