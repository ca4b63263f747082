"""Query results longer than a page, held for the next page."""

from isthmus.sandbox.salesforce.api import Call, Reply, Routes
from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.ids import new_id
from isthmus.sandbox.salesforce.query import Found, run

LEAST, MOST = 200, 2000
OPEN_CURSORS = 10


class Cursors:
    """The ten latest result sets; an older one is gone, as on the platform. They live in memory:
    after a restart a `nextRecordsUrl` is invalid and the query starts again.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[Found, int]] = {}
        self._last = 0

    def hold(self, found: Found, size: int) -> str:
        self._last += 1
        locator = new_id("01g", self._last)
        self._held[locator] = (found, size)
        while len(self._held) > OPEN_CURSORS:
            self._held.pop(next(iter(self._held)))
        return locator

    def get(self, locator: str) -> tuple[Found, int]:
        if locator not in self._held:
            raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._held[locator]


def add_routes(routes: Routes) -> None:
    routes.add("GET", "/query", query)
    routes.add("GET", "/queryAll", query_all)
    routes.add("GET", "/query/{locator}", more)
    routes.add("GET", "/queryAll/{locator}", more)


def query(call: Call) -> Reply:
    return _first_page(call, with_deleted=False)


def query_all(call: Call) -> Reply:
    return _first_page(call, with_deleted=True)


def more(call: Call) -> Reply:
    locator, _, start = call.parts["locator"].rpartition("-")
    found, size = call.cursors.get(locator)
    if not start.isdigit() or int(start) >= len(found.rows):
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(call, found, size, int(start), locator)


def _first_page(call: Call, *, with_deleted: bool) -> Reply:
    if "q" not in call.query:
        raise SalesforceError("MALFORMED_QUERY", "A query string has to be specified")
    found = run(call.org, call.query["q"], call.base, with_deleted=with_deleted)
    if found.render is None:
        return Reply({"totalSize": len(found.rows), "done": True, "records": []})
    size = _batch_size(call.headers.get("sforce-query-options", ""))
    locator = call.cursors.hold(found, size) if len(found.rows) > size else ""
    return _page(call, found, size, 0, locator)


def _page(call: Call, found: Found, size: int, start: int, locator: str) -> Reply:
    end = start + size
    done = end >= len(found.rows)
    body: dict[str, object] = {"totalSize": len(found.rows), "done": done}
    if not done:
        body["nextRecordsUrl"] = f"{call.base}/query/{locator}-{end}"
    render = found.render
    body["records"] = [] if render is None else [render(row) for row in found.rows[start:end]]
    return Reply(body)


def _batch_size(header: str) -> int:
    """A hint within bounds; what cannot be read is the default."""
    name, _, number = header.replace(" ", "").partition("=")
    if name.lower() != "batchsize" or not number.isdigit():
        return MOST
    return min(max(int(number), LEAST), MOST)
