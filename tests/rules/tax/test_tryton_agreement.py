"""Hundreds of invoices taxed by a real Tryton server and by these rules, to the last cent."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from tests.tryton_server.fixtures import require_tryton
from tests.tryton_server.server import TrytonServer, running

from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money, minor_units
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.comparison import Cause, Stated, compare
from isthmus.rules.tax.conventions import EN_16931, TaxBase, TaxConventions, TaxRounding
from isthmus.rules.tax.document import TaxableDocument, TaxableLine
from isthmus.rules.tax.levy import Tax
from isthmus.rules.tax.taxed import TaxedDocument
from isthmus.sandbox.tryton import Rpc

pytestmark = [pytest.mark.tryton, pytest.mark.slow]

AS_TRYTON = {
    "document": TaxConventions(TaxRounding.SAME_TAXES, TaxBase.EXACT_LINE, half=HalfCent.EVEN),
    "line": TaxConventions(TaxRounding.LINE_SUM, TaxBase.EXACT_LINE, half=HalfCent.EVEN),
}
TAXES = (
    Tax("Fee", per_unit=Decimal("0.35"), adds_to_base=True),
    Tax("Luxury 5 %", Decimal(5), adds_to_base=True),
    Tax("VAT 21 %", Decimal(21)),
    Tax("VAT 6 %", Decimal(6)),
    Tax("Second 9.975 %", Decimal("9.975")),
    Tax("Retained 10 %", Decimal(-10)),
    Tax("Nothing", Decimal(0)),
)
"""In the sequence of the ledger: what adds to the base comes first."""
SETS = ((1,), (2,), (3,), (5,), (6,), (1, 2), (0, 3), (2, 5), (2, 3, 4), (0, 1, 2, 4), ())
CURRENCIES = ("EUR", "JPY", "KWD")
INVOICES = 150
"""For each way that Tryton rounds. Their smallest line is a hundred units of the currency's least:
where every tax of a line rounds to nothing but their sum does not, Tryton 8.0 never ends."""


@dataclass(frozen=True)
class Books:
    rpc: Rpc
    ids: dict[str, int]

    def creating(self, invoice: TaxableDocument) -> dict[str, Any]:
        lines = [
            {
                "type": "line",
                "invoice_type": "out",
                "company": self.ids["company"],
                "currency": self.ids[f"currency:{invoice.currency}"],
                "description": "Work",
                "account": self.ids["account:revenue"],
                "unit": self.ids["unit:Hour"],
                "quantity": float(line.quantity),
                "unit_price": line.price.amount,
                "taxes": [["add", [self.ids[tax.name] for tax in line.taxes]]],
            }
            for line in invoice.lines
        ]
        heading = {name: self.ids[name] for name in ("party", "invoice_address", "journal")}
        return {
            **heading,
            "type": "out",
            "company": self.ids["company"],
            "account": self.ids["account:receivable"],
            "currency": self.ids[f"currency:{invoice.currency}"],
            "lines": [["create", lines]],
        }

    def create(self, invoices: Sequence[TaxableDocument]) -> list[int]:
        values = [self.creating(invoice) for invoice in invoices]
        return [int(number) for number in self.rpc.model("account.invoice", "create", values)]

    def rows(self, model: str, numbers: Sequence[int], *fields: str) -> list[dict[str, Any]]:
        found = self.rpc.model(
            model, "search_read", [["invoice", "in", list(numbers)]], 0, None,
            [("id", "ASC")], ["invoice", *fields],
        )  # fmt: skip
        return list(found)


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    """A server of its own, for these tests change how it rounds."""
    require_tryton()
    with running() as server:
        yield Books(server.rpc(), dict(server.ids) | _prepared(server.rpc(), server))


def _prepared(rpc: Rpc, server: TrytonServer) -> dict[str, int]:
    made = {
        "party": rpc.create("party.party", name="Client A", addresses=[["create", [{}]]]),
        "journal": rpc.find("account.journal", ["type", "=", "revenue"]),
    }
    made["invoice_address"] = rpc.find("party.address", ["party", "=", made["party"]])
    for code in ("JPY", "KWD"):
        digits = minor_units(code)
        made[f"currency:{code}"] = rpc.create(
            "currency.currency", name=code, code=code, symbol=code, digits=digits,
            rounding=Decimal(1).scaleb(-digits),
        )  # fmt: skip
    for sequence, tax in enumerate(TAXES, 1):
        percentage = tax.percent is not None
        how = {"rate": tax.percent / 100} if percentage else {"amount": tax.per_unit}
        made[tax.name] = rpc.create(
            "account.tax", name=tax.name, description=tax.name, company=server.ids["company"],
            type="percentage" if percentage else "fixed", sequence=sequence,
            update_unit_price=tax.adds_to_base, invoice_account=server.ids["account:tax"],
            credit_note_account=server.ids["account:tax"], **how,
        )  # fmt: skip
    return made


def random_invoice(choice: random.Random) -> TaxableDocument:
    currency = choice.choice(CURRENCIES)
    chosen = [SETS[choice.randrange(len(SETS))] for _ in range(choice.randint(1, 3))]
    lines = tuple(
        _line(choice, currency, choice.choice(chosen)) for _ in range(choice.randint(1, 8))
    )
    return TaxableDocument(currency, lines)


def _line(choice: random.Random, currency: str, places: Sequence[int]) -> TaxableLine:
    """Round prices as often as prices to four places, so that half a cent is common; some
    credits.
    """
    digits = minor_units(currency)
    finer = choice.choice((0, max(4 - digits, 0)))
    least = 100 * 10**finer
    coarse = 1 if finer else choice.choice((5, 10, 50))
    price = Decimal(choice.randint(least, 500 * least) * coarse).scaleb(-digits - finer)
    quantity = Decimal(choice.choice((100, 100, 50, 50, choice.randint(50, 4_000)))) / 100
    sign = choice.choice((1, 1, 1, 1, -1))
    taxes = tuple(TAXES[place] for place in places)
    return TaxableLine(Money.of(price, currency), sign * quantity, taxes)


@pytest.mark.parametrize("rounding", AS_TRYTON)
def test_tryton_comes_to_the_same_cent(books: Books, rounding: str) -> None:
    choice = random.Random(f"tax {rounding}")
    books.rpc.write("account.configuration", 1, tax_rounding=rounding)
    invoices = [random_invoice(choice) for _ in range(INVOICES)]
    other = dict.fromkeys(_variants(AS_TRYTON[rounding]), 0)
    for start in range(0, INVOICES, 50):
        batch = invoices[start : start + 50]
        theirs = _theirs(books, batch, books.create(batch))
        for invoice, stated in zip(batch, theirs, strict=True):
            assert _ours(taxed(invoice, AS_TRYTON[rounding])) == stated, invoice
            for way in other:
                other[way] += taxed(invoice, way).tax != stated.tax
            _explained(invoice, stated)
    assert all(other.values()), "each convention of Tryton's made a difference"


@dataclass(frozen=True)
class Figures:
    """What an invoice comes to. The base of a tax on a tax is left out: ours is the sum of what
    the invoice shows, Tryton's the rounded exact base.
    """

    lines: list[Money]
    taxes: dict[str, Money]
    bases: dict[str, Money]
    net: Money
    tax: Money
    total: Money


def _on_a_tax(invoice: TaxableDocument, name: str) -> bool:
    """Some line of the invoice bears it after a tax that adds to its base."""
    for line in invoice.lines:
        names = [tax.name for tax in line.taxes]
        if name in names and any(tax.adds_to_base for tax in line.taxes[: names.index(name)]):
            return True
    return False


def _ours(found: TaxedDocument) -> Figures:
    return Figures(
        [line.amount for line in found.lines],
        {row.tax.name: row.amount for row in found.breakdown},
        {
            row.tax.name: row.base
            for row in found.breakdown
            if not _on_a_tax(found.document, row.tax.name)
        },
        found.net,
        found.tax,
        found.total,
    )


def _theirs(
    books: Books, invoices: Sequence[TaxableDocument], numbers: Sequence[int]
) -> list[Figures]:
    lines = books.rows("account.invoice.line", numbers, "amount")
    taxes = books.rows("account.invoice.tax", numbers, "tax.name", "base", "amount")
    fields = ["untaxed_amount", "tax_amount", "total_amount"]
    totals = {
        row["id"]: row for row in books.rpc.model("account.invoice", "read", list(numbers), fields)
    }
    return [
        _read(
            invoice,
            [row["amount"] for row in lines if row["invoice"] == number],
            [row for row in taxes if row["invoice"] == number],
            [totals[number][field] for field in fields],
        )
        for invoice, number in zip(invoices, numbers, strict=True)
    ]


def _read(
    invoice: TaxableDocument,
    lines: list[Decimal],
    taxes: list[dict[str, Any]],
    totals: list[Decimal],
) -> Figures:
    """Tryton has two rows of a tax where an invoice has credits."""
    amounts: dict[str, Decimal] = {}
    bases: dict[str, Decimal] = {}
    for row in taxes:
        name = row["tax."]["name"]
        amounts[name] = amounts.get(name, Decimal(0)) + row["amount"]
        if not _on_a_tax(invoice, name):
            bases[name] = bases.get(name, Decimal(0)) + row["base"]

    def money(amount: Decimal) -> Money:
        return Money.of(amount, invoice.currency)

    return Figures(
        [money(amount) for amount in lines],
        {name: money(amount) for name, amount in amounts.items()},
        {name: money(base) for name, base in bases.items()},
        *(money(amount) for amount in totals),
    )


def _variants(own: TaxConventions) -> list[TaxConventions]:
    """One thing done otherwise than Tryton does it, or all."""
    return [
        TaxConventions(own.rounding, own.base, HalfCent.UP),
        TaxConventions(own.rounding, TaxBase.ROUNDED_LINE, own.half),
        TaxConventions(TaxRounding.CATEGORY, own.base, own.half),
        TaxConventions(TaxRounding.LINE, own.base, own.half),
        EN_16931,
    ]


def _explained(invoice: TaxableDocument, stated: Figures) -> None:
    """What EN 16931 makes of the same invoice differs by rounding alone, and that is what the
    comparison says.
    """
    european = taxed(invoice)
    told = compare(european, Stated(stated.net, stated.tax), Money.zero(invoice.currency))
    expected = Cause.NET if european.net != stated.net else Cause.CONVENTION
    assert told.agrees == ((european.net, european.tax) == (stated.net, stated.tax))
    assert {told.cause for told in told.explanations} <= {expected}
