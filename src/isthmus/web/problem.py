"""Every error of the API has one shape: `application/problem+json`.

https://www.rfc-editor.org/rfc/rfc9457: `type`, `title`, `status`, `detail`; beside them `code`
(stable, for programs), `remedy` (what to do), `errors` (one for each field), `correlation_id`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from isthmus.web.correlation import correlation_of

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:isthmus:problem:{code}"


class FieldError(BaseModel):
    """What is wrong with one value of a request."""

    field: str = Field(description="Where it is: `query.limit`, `body.values.hours`.")
    reason: str
    remedy: str = ""


class ProblemDetails(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(description="`urn:isthmus:problem:` and the code.")
    title: str
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What happened, in words for a person.")
    code: str = Field(description="Stable name of the problem, for programs.")
    remedy: str = Field(description="What to do about it.")
    errors: list[FieldError] = Field(default=[], description="One for each value that is wrong.")
    correlation_id: str = Field(description="As in the logs; quote it when you ask for help.")


class Refusal(Exception):
    """A request that is not done: why, by a stable code, and what to do instead."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        remedy: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.remedy = status, code, detail, remedy
        self.errors, self.headers = tuple(errors), dict(headers or {})


@dataclass(frozen=True)
class Kind:
    """What a status means where nothing more particular is known."""

    code: str
    remedy: str


BY_STATUS: Mapping[int, Kind] = {
    400: Kind("bad_request", "Correct the request as `detail` says."),
    401: Kind("not_authenticated", "Log in, or send a valid key or token."),
    403: Kind("forbidden", "Ask an administrator for a role that may, or use another account."),
    404: Kind("not_found", "Look at GET /openapi.json for what there is, and check the id."),
    405: Kind("method_not_allowed", "Use one of the methods that the `Allow` header names."),
    406: Kind("not_acceptable", "Ask for a representation that is served."),
    409: Kind("conflict", "Read the present state, and ask again if it is still wanted."),
    410: Kind("gone", "Read what you follow anew."),
    412: Kind("changed_meanwhile", "Read it again, and send its new ETag as If-Match."),
    413: Kind("too_large", "Send less at a time."),
    415: Kind("media_type", "Send a media type and encoding that the operation takes."),
    422: Kind("invalid", "Correct the values that `errors` or `detail` names."),
    428: Kind("precondition_required", "Read it first, and send its ETag as If-Match."),
    429: Kind("too_many_requests", "Ask again after `Retry-After` seconds."),
    500: Kind("defect", "This is a defect of ours: report it with the correlation id."),
    502: Kind("system_refuses_us", "Renew the credentials; see GET /ops/v1/connections."),
    503: Kind("unavailable", "Ask again after `Retry-After` seconds."),
}  # fmt: skip


def kind_of(status: int) -> Kind:
    return BY_STATUS.get(status, BY_STATUS[500 if status >= 500 else 400])


def answer_problem(request: Request, refusal: Refusal) -> Response:
    body = ProblemDetails(
        type=TYPE.format(code=refusal.code), title=HTTPStatus(refusal.status).phrase,
        status=refusal.status, detail=refusal.detail, code=refusal.code, remedy=refusal.remedy,
        errors=list(refusal.errors), correlation_id=correlation_of(request.scope),
    )  # fmt: skip
    text = json.dumps(body.model_dump(mode="json"), ensure_ascii=True)
    return Response(text, refusal.status, refusal.headers, MEDIA_TYPE)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the `responses` of a route. Every operation may answer with other problems as well."""
    return {s: {"model": ProblemDetails, "description": HTTPStatus(s).phrase} for s in statuses}
