"""Counting requests, and the account-wide limit on requests in flight."""

import re
from collections import Counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.sandbox.netsuite.books import Books
from isthmus.sandbox.netsuite.wire import TITLES, TOKEN, NetSuiteError

SERVICES = "/services/rest/"
TEMPLATES = (
    (re.compile(r"^(/services/rest/record/v1/[^/]+)/eid:[^/]+"), r"\1/eid:{externalId}"),
    (re.compile(r"^(/services/rest/record/v1/[^/]+)/\d+"), r"\1/{id}"),
    (re.compile(r"/job/\d+"), "/job/{job}"),
    (re.compile(r"/task/\d+"), "/task/{task}"),
)


def template(path: str) -> str:
    for pattern, replacement in TEMPLATES:
        path = pattern.sub(replacement, path)
    return path


class Traffic:
    """A request over the limit is refused at once and has done nothing. No Retry-After: the vendor
    documents none (vendor page, section 7).
    """

    def __init__(self, app: ASGIApp, books: Books) -> None:
        self.app = app
        self.books = books
        self.in_flight = 0
        self.most_in_flight = 0
        self.counts: Counter[tuple[str, str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(SERVICES):
            await self.app(scope, receive, send)
            return
        key = (scope["method"], template(scope["path"]))
        outcome = ["no answer"]

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                outcome[0] = str(message["status"])
            await send(message)

        try:
            await self._admit(scope, receive, watch)
        finally:
            self.counts[(*key, outcome[0])] += 1

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == TOKEN:
            await self.app(scope, receive, send)
            return
        if self.in_flight >= self.books.settings.concurrency_limit:
            status = self.books.settings.concurrency_status
            refusal = NetSuiteError(
                "CONCURRENCY_LIMIT_EXCEEDED", TITLES[429], status=status, title=TITLES[429]
            )
            await refusal.response()(scope, receive, send)
            return
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.app(scope, receive, send)
        finally:
            self.in_flight -= 1

    def as_json(self) -> dict[str, object]:
        requests = [
            {"method": method, "path": path, "status": status, "count": count}
            for (method, path, status), count in sorted(self.counts.items())
        ]
        return {"requests": requests, "most_in_flight": self.most_in_flight}
