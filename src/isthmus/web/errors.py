"""What each error of ours and of the framework is answered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException as AnyHTTPException

from isthmus.access import Forbidden
from isthmus.access.sealing import CannotOpen
from isthmus.connect import ConnectError
from isthmus.connect.errors import (
    Conflict,
    Duplicate,
    Invalid,
    PeriodClosed,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from isthmus.engine.outages import BROKEN_OFF
from isthmus.engine.refused import ActionRefused
from isthmus.flows.terms_request import TermsRefused
from isthmus.landscape.bindings import RoleError
from isthmus.web.problem import FieldError, Refusal, answer_problem, kind_of

log = structlog.get_logger()
SOON = "1"
CONNECT: tuple[tuple[type[ConnectError], int, str], ...] = (
    (Unavailable, 503, "system_unavailable"),
    (Throttled, 503, "system_throttled"),
    (Unauthorized, 502, "system_refuses_us"),
    (Invalid, 422, "system_invalid"),
    (PeriodClosed, 409, "period_closed"),
    (Duplicate, 409, "duplicate"),
    (Conflict, 409, "system_conflict"),
    (Refused, 422, "system_refused"),
)
"""Of the connectors' tree: status and code, the most particular class first."""


def answer_errors(web: FastAPI) -> None:
    """One shape for all of them, also for routes that there are not."""
    handlers: dict[type[Exception], Callable[[Any], Refusal]] = {
        Refusal: lambda error: error,
        AnyHTTPException: _of_http,
        RequestValidationError: _of_validation,
        ConnectError: _of_system,
        Forbidden: lambda error: Refusal(403, "forbidden", str(error), kind_of(403).remedy),
        ActionRefused: lambda error: Refusal(
            409, "act_refused", f"{error.what} {error.why}", error.remedy
        ),
        TermsRefused: lambda error: Refusal(
            422, "terms_refused", f"{error.what} {error.why}", error.remedy
        ),
        RoleError: lambda error: Refusal(
            422, "role_unbound", str(error), "Bind the role in the landscape."
        ),
        CannotOpen: lambda error: Refusal(
            503, "secret_sealed", f"{error.what} {error.why}", error.remedy
        ),
        **dict.fromkeys(BROKEN_OFF, _of_outage),
        Exception: _of_defect,
    }
    for kind, told in handlers.items():
        web.add_exception_handler(kind, _handler(told))


def _handler(told: Callable[[Any], Refusal]) -> Callable[[Request, Exception], Any]:
    async def answer(request: Request, error: Exception) -> Response:
        refusal = told(error)
        if refusal.status >= 500:
            log.warning("api.not_answered", path=request.url.path, code=refusal.code,
                        reason=str(error).partition("\n")[0])  # fmt: skip
        return answer_problem(request, refusal)

    return answer


def _of_http(error: HTTPException) -> Refusal:
    kind = kind_of(error.status_code)
    return Refusal(
        error.status_code, kind.code, str(error.detail), kind.remedy, headers=error.headers
    )


def _of_validation(error: RequestValidationError) -> Refusal:
    """A body that is no JSON at all cannot be read; one with wrong values can."""
    found = error.errors()
    unreadable = any(each["type"] == "json_invalid" for each in found)
    status = 400 if unreadable else 422
    errors = [FieldError(field=".".join(map(str, e["loc"])), reason=e["msg"]) for e in found]
    detail = "; ".join(f"{e.field}: {e.reason}" for e in errors[:5])
    return Refusal(status, kind_of(status).code, detail, kind_of(status).remedy, errors=errors)


def _of_system(error: ConnectError) -> Refusal:
    status, code = next((s, c) for kind, s, c in CONNECT if isinstance(error, kind))
    after = getattr(error, "retry_after", None)
    headers = {"Retry-After": f"{max(1, round(after or 30))}"} if status == 503 else {}
    fields = error.fields if isinstance(error, Invalid) else ()
    return Refusal(
        status, code, str(error), error.remedy, headers=headers,
        errors=[FieldError(field=f.field, reason=f.reason, remedy=f.remedy) for f in fields],
    )  # fmt: skip


def _of_outage(error: Exception) -> Refusal:
    """An outage of the database is no defect of ours: whoever asked asks again."""
    return Refusal(
        503, "database_away", "the database does not answer", kind_of(503).remedy,
        headers={"Retry-After": SOON},
    )  # fmt: skip


def _of_defect(error: Exception) -> Refusal:
    return Refusal(500, "defect", "the request met a defect", kind_of(500).remedy)
