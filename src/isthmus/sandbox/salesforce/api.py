"""The REST surface as a table of routes, so that a composite subrequest finds the same answers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.responses import Response

from isthmus.sandbox.salesforce.change import Writer
from isthmus.sandbox.salesforce.errors import SalesforceError, not_found
from isthmus.sandbox.salesforce.org import Org

if TYPE_CHECKING:
    from isthmus.sandbox.salesforce.cursors import Cursors

DATA = "/services/data"
VERSIONS = tuple(range(60, 69))
_SEASONS = ("Spring", "Summer", "Winter")


@dataclass
class Call:
    """One request, already authenticated, cut loose from HTTP."""

    org: Org
    cursors: "Cursors"
    writer: Writer
    base: str
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    parts: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        try:
            return json.loads(self.body, parse_float=Decimal)
        except ValueError as error:
            raise SalesforceError("JSON_PARSER_ERROR", f"Unexpected input: {error}") from None

    def json_object(self) -> dict[str, Any]:
        parsed = self.json()
        if not isinstance(parsed, dict):
            raise SalesforceError("JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object")
        return parsed


@dataclass(frozen=True)
class Reply:
    """`body` None is an empty answer; bytes go out as they are (CSV)."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def as_response(self, headers: Mapping[str, str]) -> Response:
        content = b""
        if isinstance(self.body, bytes):
            content = self.body
        elif self.status != 204:
            content = b"" if self.body is None else encoded(self.body)
        merged = {**headers, **self.headers}
        media = f"{self.media_type}; charset=UTF-8" if content else None
        return Response(content, self.status, merged, media_type=media)


def encoded(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, default=float, separators=(",", ":")).encode()


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    handler: Handler
    pattern: re.Pattern[str]


class Routes:
    """Templates such as `/sobjects/{object}/{id}`, under the versioned path."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, method: str, template: str, handler: Handler) -> None:
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
        self._routes.append(Route(method, template, handler, re.compile(pattern)))

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        allowed = False
        path = path.rstrip("/")
        for route in self._routes:
            if found := route.pattern.fullmatch(path):
                if route.method == method:
                    parts = {name: unquote(text) for name, text in found.groupdict().items()}
                    return route, parts
                allowed = True
        if allowed:
            raise SalesforceError(
                "METHOD_NOT_ALLOWED",
                f"HTTP Method '{method}' not allowed. Allowed are {self._methods(path)}",
                status=405,
            )
        raise not_found()

    def _methods(self, path: str) -> str:
        return ",".join(r.method for r in self._routes if r.pattern.fullmatch(path))

    def answer(self, call: Call) -> Reply:
        """Refusals become the vendor's error body."""
        try:
            route, call.parts = self.match(call.method, call.path)
            with call.org.all_or_nothing():
                return route.handler(call)
        except SalesforceError as error:
            return Reply([error.as_rest()], error.status)


def versions() -> list[dict[str, str]]:
    """Spring '26 is v66."""
    return [
        {
            "label": f"{_SEASONS[number % 3]} '{26 + (number - 66 + (number % 3 == 2)) // 3:02d}",
            "url": f"{DATA}/v{number}.0",
            "version": f"{number}.0",
        }
        for number in VERSIONS
    ]
