"""`/__control/`: what an accountant or administrator does in the vendor's screens, and what only a
sandbox can: seed, look at raw rows, change limits, break things.
"""

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from isthmus.sandbox.netsuite.auth import Auth
from isthmus.sandbox.netsuite.body import Checks
from isthmus.sandbox.netsuite.books import Books, Row
from isthmus.sandbox.netsuite.fields import RecordType
from isthmus.sandbox.netsuite.payments import settled
from isthmus.sandbox.netsuite.records import Write, create, find_by_key, record_type, update, upsert
from isthmus.sandbox.netsuite.sales import VOIDED
from isthmus.sandbox.netsuite.schema import RECORDS
from isthmus.sandbox.netsuite.settings import BadSetting, changed
from isthmus.sandbox.netsuite.traffic import Traffic
from isthmus.sandbox.netsuite.wire import NetSuiteError, answer, decode_object

STRICT = Write(Checks(names="Error", values="Error"))
JSON = "application/json"


class Control:
    def __init__(
        self, books: Books, auth: Auth, traffic: Callable[[], Traffic], reset: Callable[[], None]
    ) -> None:
        self.books = books
        self.auth = auth
        self.traffic = traffic
        self.reset_account = reset

    def routes(self) -> list[Route]:
        return [
            Route("/__control/seed", self.seed, methods=["POST"]),
            Route("/__control/rows/{record}", self.rows, methods=["GET"]),
            Route("/__control/reset", self.reset, methods=["POST"]),
            Route("/__control/revoke-tokens", self.revoke, methods=["POST"]),
            Route("/__control/integrations", self.integrate, methods=["POST"]),
            Route("/__control/periods", self.periods, methods=["POST"]),
            Route("/__control/settings", self.settings, methods=["GET", "PATCH", "POST"]),
            Route("/__control/stats", self.stats, methods=["GET"]),
            Route("/__control/pay", self.pay, methods=["POST"]),
            Route("/__control/void", self.void, methods=["POST"]),
        ]

    async def seed(self, request: Request) -> Response:
        """Rows per record type, in the order given, all or nothing. A row with an externalId that
        exists is updated, its sublists replaced, so a seed may be repeated.
        """
        return answer({"ids": plant(self.books, await _body(request))}, JSON, 201)

    async def rows(self, request: Request) -> Response:
        record = record_type(request.path_params["record"])
        return answer({"rows": self.books.all(record.name)}, JSON)

    async def reset(self, request: Request) -> Response:
        self.reset_account()
        return Response(status_code=204)

    async def revoke(self, request: Request) -> Response:
        return answer({"revoked": self.auth.revoke_all()}, JSON)

    async def integrate(self, request: Request) -> Response:
        body = await _body(request)
        names = ("client_id", "certificate_id", "public_key")
        for name in names:
            if not isinstance(body.get(name), str):
                raise NetSuiteError("CONTROL", f"{name}: a text is needed.", path=name)
        try:
            self.auth.register(*(body[name] for name in names))
        except ValueError as error:
            raise NetSuiteError(
                "CONTROL", f"public_key: not a PEM public key or certificate: {error}"
            ) from error
        return answer({name: body[name] for name in names[:2]}, JSON, 201)

    async def periods(self, request: Request) -> Response:
        """{"period": "Jan 2026", "closed": true}: set the locks of one base period by its name."""
        body = await _body(request)
        found = [
            row
            for row in self.books.all("accountingPeriod")
            if row["periodName"] == body.get("period")
        ]
        if not found:
            raise NetSuiteError("CONTROL", f"There is no period {body.get('period')!r}.")
        locks = {name: value for name, value in body.items() if name != "period"}
        row = update(self.books, RECORDS["accountingPeriod"], found[0]["id"], locks, STRICT)
        return answer(row, JSON)

    async def settings(self, request: Request) -> Response:
        if request.method != "GET":
            try:
                self.books.set_settings(changed(self.books.settings, await _body(request)))
            except BadSetting as error:
                raise NetSuiteError("CONTROL", str(error)) from error
        return answer(asdict(self.books.settings), JSON)

    async def stats(self, request: Request) -> Response:
        return answer(self.traffic().as_json(), JSON)

    async def pay(self, request: Request) -> Response:
        """A bank receipt for one invoice: {"invoice": id or eid:..., "amount": 100, "date": ...}.
        Without an amount, all that remains.
        """
        body = await _body(request)
        invoice = find_by_key(self.books, RECORDS["invoice"], str(body.get("invoice")))
        amount = body.get("amount") or invoice["amountRemaining"]
        payment: Row = {
            "customer": {"id": self.books.customer_of(invoice["entity"]["id"])["id"]},
            "currency": invoice["currency"],
            "subsidiary": invoice["subsidiary"],
            "payment": amount,
            "apply": {"items": [{"doc": {"id": invoice["id"]}, "apply": True, "amount": amount}]},
        }
        names = {"date": "tranDate", "externalId": "externalId", "memo": "memo"}
        payment |= {field: body[name] for name, field in names.items() if name in body}
        row = create(self.books, RECORDS["customerPayment"], payment, STRICT)
        after = self.books.get("invoice", invoice["id"])
        shown = ("id", "tranId", "status", "amountPaid", "amountRemaining")
        return answer(
            {"payment": row["id"], "invoice": {name: after[name] for name in shown}}, JSON, 201
        )

    async def void(self, request: Request) -> Response:
        body = await _body(request)
        invoice = find_by_key(self.books, RECORDS["invoice"], str(body.get("invoice")))
        if invoice.get("_applied"):
            raise NetSuiteError("CONTROL", "An invoice with payments cannot be voided.")
        zero = Decimal(0)
        emptied = {"total": zero, "subtotal": zero, "taxTotal": zero, "status": VOIDED}
        row = self.books.put("invoice", settled(invoice | emptied))
        return answer(row, JSON)


def plant(books: Books, wanted: dict[str, Any]) -> dict[str, list[str]]:
    """Store rows per record type under the same rules as over the wire; their ids in order."""
    ids: dict[str, list[str]] = {}
    with books.transaction():
        for name, bodies in wanted.items():
            record = record_type(name)
            if not isinstance(bodies, list) or not all(isinstance(row, dict) for row in bodies):
                raise NetSuiteError("CONTROL", f"{name}: a list of records is needed.", path=name)
            ids[name] = [_plant_one(books, record, body) for body in bodies]
    return ids


def _plant_one(books: Books, record: RecordType, body: Row) -> str:
    if "externalId" in body:
        keys = Write(STRICT.checks, frozenset(record.sublists))
        return str(upsert(books, record, str(body["externalId"]), body, keys)["id"])
    return str(create(books, record, body, STRICT)["id"])


async def _body(request: Request) -> dict[str, Any]:
    return decode_object(await request.body())
