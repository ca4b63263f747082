"""What a fresh Tryton needs before it can post: companies, their books, services, people, users."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from isthmus.sandbox.tryton.rpc import Rpc

PASSWORDS = {name: f"{name}-not-a-Secret1" for name in ("admin", "integration", "auditor")}
COUNTRIES = {
    "BE": ("BEL", "Belgium"), "DE": ("DEU", "Germany"), "FR": ("FRA", "France"),
    "GB": ("GBR", "United Kingdom"), "IE": ("IRL", "Ireland"),
    "NL": ("NLD", "Netherlands"), "US": ("USA", "United States"),
}  # fmt: skip
CURRENCIES = {"EUR": ("€", "1.0"), "USD": ("$", "1.1"), "GBP": ("£", "0.85")}
TAXES = {"VAT 21%": "0.21", "VAT 20%": "0.20", "VAT 6%": "0.06", "Reverse charge": "0"}
TERMS = {"Net 15": 15, "Net 30": 30, "Net 45": 45, "Net 60": 60, "Due on receipt": 0}
PRODUCTS = {
    "TIME": ("Consulting", "Hour", "150"),
    "MILESTONE": ("Fixed-price milestone", "Unit", "5000"),
    "EXPENSE": ("Rebilled expense", "Unit", "100"),
}
SIDES = ("debit", "credit")

Ids = dict[str, int]


@dataclass(frozen=True)
class Company:
    """`code` is also its party's code."""

    code: str = "BE01"
    name: str = "Example Consulting SA"
    country: str = "BE"
    currency: str = "EUR"
    timezone: str = "Europe/Brussels"
    tax: str | None = "VAT 21%"
    """Default tax of the services, by the first company; others need rules."""
    cost_centres: tuple[str, ...] = ("CONSULTING", "SUPPORT")
    series: str = ""
    """What its numbers start with, where companies share a database."""


def seed(rpc: Rpc, companies: Sequence[Company], years: Sequence[int]) -> dict[str, Ids]:
    """By company: ids by name, such as `tax:VAT 21%`, `period:2026-01`, `product:TIME`."""
    shared: Ids = {}
    _places(rpc, shared, years[0])
    _terms(rpc, shared)
    books = {company.code: _books(rpc, shared, company, years) for company in companies}
    first = books[companies[0].code]
    _work_in(rpc, first)
    services = _products(rpc, first, companies[0])
    people = _people(rpc, first, [ids["company"] for ids in books.values()])
    return {code: {**ids, **services, **people} for code, ids in books.items()}


def _books(rpc: Rpc, shared: Ids, company: Company, years: Sequence[int]) -> Ids:
    ids = dict(shared)
    _company(rpc, ids, company)
    _chart(rpc, ids)
    _years(rpc, ids, years, company.series)
    _taxes(rpc, ids)
    _payments(rpc, ids)
    _cost_centres(rpc, ids, company)
    return ids


def _work_in(rpc: Rpc, ids: Ids) -> None:
    """The company that the administrator's calls are about from now on."""
    rpc.write(
        "res.user", rpc.user_id, companies=[["add", [ids["company"]]]], company=ids["company"]
    )
    rpc.refresh()


def _places(rpc: Rpc, ids: Ids, year: int) -> None:
    for code, (code3, name) in COUNTRIES.items():
        ids[f"country:{code}"] = rpc.create("country.country", name=name, code=code, code3=code3)
    for code, (symbol, rate) in CURRENCIES.items():
        rates = [{"date": date(year, 1, 1), "rate": Decimal(rate)}]
        ids[f"currency:{code}"] = rpc.create(
            "currency.currency", name=code, code=code, symbol=symbol, digits=2,
            rounding=Decimal("0.01"), rates=[["create", rates]],
        )  # fmt: skip


def _company(rpc: Rpc, ids: Ids, company: Company) -> None:
    address = {
        "street_unstructured": "1 Example Street", "postal_code": "1000", "city": "Example City",
        "country": ids[f"country:{company.country}"],
    }  # fmt: skip
    party = rpc.create(
        "party.party", name=company.name, code=company.code, addresses=[["create", [address]]]
    )
    ids["company"] = rpc.create(
        "company.company", party=party, currency=ids[f"currency:{company.currency}"],
        timezone=company.timezone,
    )  # fmt: skip
    _work_in(rpc, ids)


def _chart(rpc: Rpc, ids: Ids) -> None:
    """The minimal English chart that ships with trytond_account."""

    def account(name: str, *domain: object) -> int:
        found = rpc.find("account.account", ["company", "=", ids["company"]], *domain)
        ids[f"account:{name}"] = found
        return found

    def properties() -> dict[str, Any]:
        is_open = ["closed", "!=", True]
        return {
            "company": ids["company"],
            "account_receivable": account("receivable", ["type.receivable", "=", True], is_open),
            "account_payable": account("payable", ["type.payable", "=", True], is_open),
            "category_account_revenue": account("revenue", ["code", "=", "4.1.2"]),
            "category_account_expense": account("expense", ["type.expense", "=", True], is_open),
        }

    template = rpc.model("ir.model.data", "get_id", "account", "account_template_root_en")
    chosen = {"company": ids["company"], "account_template": template}
    rpc.wizard(
        "account.create_chart",
        [
            ("create_account", {"account": chosen}),
            ("create_properties", {"properties": properties}),
        ],
    )
    exchange = {f"currency_exchange_{side}_account": ids["account:revenue"] for side in SIDES}
    journal = rpc.find("account.journal", ["code", "=", "EXC"])
    rpc.write("account.configuration", 1, currency_exchange_journal=journal, **exchange)
    account("cash", ["code", "=", "1.1.1"])
    account("tax", ["code", "=", "2.2.3"])


def _sequence(rpc: Rpc, ids: Ids, kind: str, prefix: str) -> int:
    return rpc.create(
        "ir.sequence.strict", name=prefix, company=ids["company"], prefix=f"{prefix}-", padding=5,
        sequence_type=rpc.find("ir.sequence.type", ["name", "=", kind]),
    )  # fmt: skip


def _years(rpc: Rpc, ids: Ids, years: Sequence[int], series: str) -> None:
    """By months, all open."""
    for year in years:
        invoice, credit, supplier = (
            _sequence(rpc, ids, "Invoice", f"{series}{prefix}{year}")
            for prefix in ("INV", "CRN", "SUP")
        )
        sequences = {
            "company": ids["company"], "out_invoice_sequence": invoice,
            "out_credit_note_sequence": credit, "in_invoice_sequence": supplier,
            "in_credit_note_sequence": supplier,
        }  # fmt: skip
        fiscal_year = rpc.create(
            "account.fiscalyear", name=str(year), company=ids["company"],
            start_date=date(year, 1, 1), end_date=date(year, 12, 31),
            move_sequence=_sequence(rpc, ids, "Account Move", f"{series}MOV{year}"),
            invoice_sequences=[["create", [sequences]]],
        )  # fmt: skip
        rpc.wizard(
            "account.fiscalyear.create_periods",
            [("create_periods", {"start": {"frequency": "monthly", "interval": 1, "end_day": 31}})],
            active_model="account.fiscalyear", active_id=fiscal_year, active_ids=[fiscal_year],
        )  # fmt: skip
        for month in range(1, 13):
            last = date(year, month, monthrange(year, month)[1])
            ids[f"period:{year}-{month:02}"] = rpc.find(
                "account.period", ["end_date", "=", last], ["company", "=", ids["company"]]
            )


def _taxes(rpc: Rpc, ids: Ids) -> None:
    for name, rate in TAXES.items():
        ids[f"tax:{name}"] = rpc.create(
            "account.tax", name=name, description=name, company=ids["company"], type="percentage",
            rate=Decimal(rate), invoice_account=ids["account:tax"],
            credit_note_account=ids["account:tax"],
        )  # fmt: skip


def _terms(rpc: Rpc, ids: Ids) -> None:
    for name, days in TERMS.items():
        line = {"type": "remainder", "relativedeltas": [["create", [{"days": days}]]]}
        ids[f"term:{name}"] = rpc.create(
            "account.invoice.payment_term", name=name, lines=[["create", [line]]]
        )


def _payments(rpc: Rpc, ids: Ids) -> None:
    ids["journal:cash"] = rpc.find("account.journal", ["type", "=", "cash"])
    ids["payment_method"] = rpc.create(
        "account.invoice.payment.method", name="Bank", company=ids["company"],
        journal=ids["journal:cash"], credit_account=ids["account:cash"],
        debit_account=ids["account:cash"],
    )  # fmt: skip


def _cost_centres(rpc: Rpc, ids: Ids, company: Company) -> None:
    root = ids["analytic_root"] = rpc.create(
        "analytic_account.account", name="Cost centres", company=ids["company"], type="root",
        state="opened",
    )  # fmt: skip
    for code in company.cost_centres:
        ids[f"cost_centre:{code}"] = rpc.create(
            "analytic_account.account", name=code, code=code, company=ids["company"],
            type="normal", root=root, parent=root, state="opened",
        )  # fmt: skip


def _products(rpc: Rpc, ids: Ids, company: Company) -> Ids:
    """One list for all companies, with the accounts and the default tax of the first."""
    made: Ids = {}
    taxes = [["add", [ids[f"tax:{company.tax}"]]]] if company.tax else []
    category = rpc.create(
        "product.category", name="Services", accounting=True,
        account_revenue=ids["account:revenue"], account_expense=ids["account:expense"],
        customer_taxes=taxes,
    )  # fmt: skip
    for code, (name, unit, price) in PRODUCTS.items():
        made[f"unit:{unit}"] = uom = rpc.find("product.uom", ["name", "=", unit])
        template = rpc.create(
            "product.template", name=name, code=code, type="service", default_uom=uom,
            list_price=Decimal(price), account_category=category,
            products=[["create", [{"cost_price": Decimal(0)}]]],
        )  # fmt: skip
        made[f"product:{code}"] = rpc.find("product.product", ["template", "=", template])
    return made


def _people(rpc: Rpc, ids: Ids, companies: Sequence[int]) -> Ids:
    """`integration` may do all but administration; `auditor` sees the accounting. Both see every
    company, and work in the first.
    """
    made: Ids = {}
    groups = {
        g["name"]: g["id"]
        for g in rpc.model("res.group", "search_read", [], 0, None, None, ["name"])
    }
    allowed = {
        "integration": [i for name, i in groups.items() if name != "Administration"],
        "auditor": [groups["Accounting"]],
    }
    for login, chosen in allowed.items():
        party = rpc.create("party.party", name=f"{login.title()} Employee")
        employee = rpc.create("company.employee", party=party, company=ids["company"])
        made[f"employee:{login}"] = employee
        made[f"user:{login}"] = rpc.create(
            "res.user", name=login.title(), login=login, password=PASSWORDS[login],
            groups=[["add", chosen]], companies=[["add", list(companies)]],
            company=ids["company"], company_filter="all", employees=[["add", [employee]]],
            employee=employee,
        )  # fmt: skip
    return made
