"""What goes over the wire: JSON with exact decimals, the vendor's error body, links."""

import json
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

Body = dict[str, Any]

RECORD = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
ASYNC_JOB = "/services/rest/async/v1/job"
TOKEN = "/services/rest/auth/oauth2/v1/token"
LIMITS = "/services/rest/system/v1/governanceLimits"

SINGULAR = "application/vnd.oracle.resource+json; type=singular"
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
ERROR = "application/vnd.oracle.resource+json; type=error"

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    429: "Concurrent request limit exceeded. Request blocked.",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
SECTIONS = {400: "1", 401: "2", 403: "4", 404: "5", 405: "6", 415: "16", 500: "1", 503: "4"}


class NetSuiteError(Exception):
    """A refusal in the vendor's shape (ns-online-help section_156570709583)."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        path: str | None = None,
        status: int = 400,
        title: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.path = path
        self.status = status
        self.title = title
        self.headers = headers or {}

    def body(self) -> Body:
        detail = {"detail": self.detail, "o:errorCode": self.code}
        if self.path is not None:
            detail["o:errorPath"] = self.path
        return error_body(self.status, [detail], self.title)

    def response(self) -> Response:
        return Response(encode(self.body()), self.status, self.headers, media_type=ERROR)


def error_body(status: int, details: list[Body], title: str | None = None) -> Body:
    family = "10.5" if status >= 500 else "10.4"
    section = f"sec10.html#sec{family}.{SECTIONS.get(status, '1')}"
    return {
        "type": f"https://www.w3.org/Protocols/rfc2616/rfc2616-{section}",
        "title": title or TITLES.get(status, "Error"),
        "status": status,
        "o:errorDetails": details,
    }


def fault_body(status: int) -> Body:
    """The body of an injected failure: what the platform says when it is the platform's fault."""
    code = "CONCURRENCY_LIMIT_EXCEEDED" if status == 429 else "UNEXPECTED_ERROR"
    detail = TITLES[429] if status == 429 else "An unexpected error occurred. Error ID: sandbox"
    return error_body(status, [{"detail": detail, "o:errorCode": code}])


def encode(value: Any) -> str:
    """JSON in which a Decimal is a number, digit for digit; `json` would need a float."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(encode(item) for item in value) + "]"
    return json.dumps(value)


def decode(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_float=Decimal)
    except ValueError as error:
        raise NetSuiteError("INVALID_CONTENT", f"The request body is not JSON: {error}") from error


def decode_object(raw: bytes) -> Body:
    body = decode(raw)
    if not isinstance(body, dict):
        raise NetSuiteError("INVALID_CONTENT", "The request body must be a JSON object.")
    return body


def answer(
    value: Any, media_type: str = SINGULAR, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(encode(value), status, headers, media_type=media_type)


def origin(request: Request) -> str:
    """The account's host as the caller wrote it, so links lead back here."""
    return f"{request.url.scheme}://{request.url.netloc}"


def link(rel: str, href: str) -> Body:
    return {"rel": rel, "href": href}


def page(base: str, items: list[Body], offset: int, limit: int, total: int) -> Body:
    """The collection envelope: links to the neighbours, `hasMore`, and the total."""
    links = [link("self", f"{base}?limit={limit}&offset={offset}")]
    more = offset + len(items) < total
    if offset > 0:
        links.append(link("previous", f"{base}?limit={limit}&offset={max(offset - limit, 0)}"))
    if more:
        links.append(link("next", f"{base}?limit={limit}&offset={offset + limit}"))
    return {
        "links": links,
        "count": len(items),
        "hasMore": more,
        "items": items,
        "offset": offset,
        "totalResults": total,
    }


def paging(request: Request) -> tuple[int, int]:
    """`limit` and `offset`; more than 1000 rows a page are refused."""
    limit = _number(request, "limit", 1000)
    offset = _number(request, "offset", 0)
    if not 1 <= limit <= 1000:
        raise NetSuiteError("INVALID_PARAMETER", "limit must be between 1 and 1000.", path="limit")
    return limit, offset


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise NetSuiteError(
            "INVALID_PARAMETER", f"Invalid value '{text}' for {name}: not a number.", path=name
        )
    return int(text)
