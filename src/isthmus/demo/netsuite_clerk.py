"""The bookkeeper at NetSuite."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from isthmus.demo.clerk import LedgerInvoice, LedgerTime
from isthmus.demo.firm import Firm
from isthmus.demo.landscape_file import (
    BOOKS_APP,
    MILESTONE_ITEM,
    TIME_ITEM,
    netsuite_connection,
)
from isthmus.demo.place import Place
from isthmus.demo.vendors import Control, Row

PROFIT_CENTRES = {"PC-ADV": "Advisory", "PC-TECH": "Technology"}
CENT = Decimal("0.01")
INVOICE_BY_KEY = r"/record/v1/invoice/eid(:|%3A)"


class NetSuiteClerk:
    name = "netsuite"
    takes_time = True
    reads: Mapping[str, int] = {
        "accounting_period": 6, "cost_centre": 4, "profit_centre": 2, "legal_entity": 2,
    }  # fmt: skip

    def __init__(self, place: Place, control: Control) -> None:
        self._place, self._control = place, control
        self._receipts: set[str] | None = None

    @property
    def url(self) -> str:
        return self._control.url

    def connection(self) -> str:
        return netsuite_connection(self._place, self._control.url)

    async def seed(self, firm: Firm) -> None:
        """External ids throughout, so that a repeat changes nothing."""
        key = self._place.public_key("netsuite")
        await self._control.post("integrations", {**BOOKS_APP, "public_key": key})
        await self._control.post("settings", {"tax_rates": {"NL": "21"}})
        await self._control.post("seed", _account(firm))

    async def set_period(self, month: date, *, is_open: bool) -> None:
        """Locked for receivables, as a month is once its invoices are out."""
        await self._control.post("periods", {"period": _name(month), "arLocked": not is_open})

    async def pay(self, key: str, receipt: str, amount: Decimal | None, on: date) -> None:
        if self._receipts is None:
            rows = await self._control.rows("customerPayment")
            self._receipts = {str(row.get("externalId")) for row in rows}
        if receipt in self._receipts:
            return
        body: Row = {"invoice": f"eid:{key}", "date": on.isoformat(), "externalId": receipt}
        await self._control.post("pay", body | ({} if amount is None else {"amount": amount}))
        self._receipts.add(receipt)

    async def break_down(self, seconds: float) -> None:
        await self._control.post("faults", {"kind": "outage", "seconds": seconds})

    async def lose_answers(self, count: int) -> None:
        """Invoices are written, and the connection drops before the answer."""
        rule = {"kind": "timeout_after_commit", "path": INVOICE_BY_KEY, "method": "PUT"}
        await self._control.post("faults", {**rule, "times": count, "seconds": 0.2})

    async def lost_answers(self) -> int:
        rules = (await self._control.get("faults"))["faults"]
        return sum(r["fired"] for r in rules if r["kind"] == "timeout_after_commit")

    async def invoices(self) -> Sequence[LedgerInvoice]:
        currencies = await self._names("currency", "symbol")
        customers = await self._names("customer", "companyName")
        periods = await self._names("accountingPeriod", "periodName")
        items = await self._names("serviceSaleItem", "externalId")
        return [
            _invoice(row, currencies, customers, periods, items)
            for row in await self._control.rows("invoice")
        ]

    async def time(self) -> Sequence[LedgerTime]:
        currencies = await self._names("currency", "symbol")
        jobs = {row["id"]: row for row in await self._control.rows("job")}
        rows = await self._control.rows("timeBill")
        return [_time(row, jobs[_id(row["customer"])], currencies) for row in rows]

    async def customers(self) -> Sequence[str]:
        return [row["companyName"] for row in await self._control.rows("customer")]

    async def projects(self) -> Sequence[str]:
        return [row["companyName"] for row in await self._control.rows("job")]

    async def _names(self, record: str, field: str) -> dict[str, str]:
        return {row["id"]: str(row.get(field)) for row in await self._control.rows(record)}


def _id(reference: Any) -> str:
    return str(reference["id"])


def _invoice(
    row: Row,
    currencies: dict[str, str],
    customers: dict[str, str],
    periods: dict[str, str],
    items: dict[str, str],
) -> LedgerInvoice:
    of_kind = {TIME_ITEM: Decimal(0), MILESTONE_ITEM: Decimal(0)}
    for line in row["item"]["items"]:
        of_kind[items[_id(line["item"])]] += Decimal(line["amount"])
    total, due = Decimal(row["total"]), Decimal(row["amountRemaining"])
    return LedgerInvoice(
        key=row["externalId"],
        number=row["tranId"],
        customer=customers[_id(row["entity"])],
        currency=currencies[_id(row["currency"])],
        issued_on=date.fromisoformat(row["tranDate"]),
        period=periods[_id(row["postingPeriod"])],
        hours_amount=of_kind[TIME_ITEM],
        milestones_amount=of_kind[MILESTONE_ITEM],
        lines_total=Decimal(row["subtotal"]),
        total=total,
        due=due,
        status="paid" if not due else "partially_paid" if due < total else "posted",
    )


def _time(row: Row, job: Row, currencies: dict[str, str]) -> LedgerTime:
    return LedgerTime(
        key=row["externalId"],
        natural=f"employee {_id(row['employee'])}, job {job['companyName']}, {row['tranDate']}",
        hours=_hours(row["hours"]),
        rate=Decimal(row["rate"]).quantize(CENT, ROUND_HALF_UP),
        currency=currencies[_id(job["currency"])],
        period=row["tranDate"][:7],
    )


def _hours(text: str) -> Decimal:
    """`7:30` or `7.5`."""
    hours, colon, minutes = text.partition(":")
    return Decimal(hours) + Decimal(minutes) / 60 if colon else Decimal(text)


def _name(month: date) -> str:
    return f"{month:%b} {month.year}"


def _account(firm: Firm) -> dict[str, list[Row]]:
    centres = sorted({p.cost_centre for p in firm.people})
    return {
        "currency": [
            {"externalId": code, "name": name, "symbol": code, "currencyPrecision": 2,
             "exchangeRate": rate}
            for code, name, rate in (
                ("EUR", "Euro", Decimal(1)), ("USD", "US Dollar", Decimal("0.92")),
                ("GBP", "Pound Sterling", Decimal("1.15")),
            )
        ],
        "subsidiary": [
            {"externalId": code, "name": f"Example Advisory {country}", "country": country,
             "currency": {"externalId": currency}}
            for code, country, currency in (("EA-NL", "NL", "EUR"), ("EA-US", "US", "USD"))
        ],
        "term": [{"externalId": "net30", "name": "Net 30", "daysUntilNetDue": 30}],
        "serviceSaleItem": [
            {"externalId": TIME_ITEM, "itemId": "Consulting hours"},
            {"externalId": MILESTONE_ITEM, "itemId": "Fixed-fee milestone"},
        ],
        "department": [{"externalId": code, "name": code} for code in centres],
        "classification": [
            {"externalId": code, "name": name} for code, name in PROFIT_CENTRES.items()
        ],
        "accountingPeriod": [_period(date(2026, month, 1)) for month in range(7, 13)],
        "employee": [
            {"externalId": p.number, "entityId": p.name, "firstName": p.first_name,
             "lastName": p.last_name, "email": p.email, "subsidiary": {"externalId": p.entity}}
            for p in firm.people
        ],
    }  # fmt: skip


def _period(month: date) -> Row:
    last = month.replace(day=monthrange(month.year, month.month)[1])
    return {
        "externalId": f"{month:%Y-%m}",
        "periodName": _name(month),
        "startDate": month.isoformat(),
        "endDate": last.isoformat(),
    }
