"""Tryton's ids for the names and codes that a landscape and our objects use.

Found once and kept: these records change by hand and rarely. A name that is not found is looked
up again the next time, so that adding it in Tryton is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.journal_entry import Account
from isthmus.connect.errors import FieldProblem, Invalid
from isthmus.connectors.tryton.client import TrytonClient
from isthmus.connectors.tryton.config import TrytonConfig
from isthmus.connectors.tryton.wire import Domain, Record


@dataclass(frozen=True)
class CompanyRow:
    number: int
    code: str
    country: str | None


class Catalogue:
    def __init__(self, client: TrytonClient, config: TrytonConfig) -> None:
        self.client = client
        self.config = config
        self._ids: dict[tuple[str, str], int] = {}
        self._companies: dict[int, CompanyRow] = {}

    async def country(self, code: str, asked: str) -> int:
        return await self._one("country.country", [["code", "=", code]], asked, code)

    async def subdivision(self, country: str, region: str) -> int | None:
        """A region by its code (`CA`, `US-CA`) or name; None where Tryton's list lacks it."""
        codes = ["code", "in", [region, f"{country}-{region}"]]
        found = await self.client.search_read(
            "country.subdivision",
            [["country.code", "=", country], ["OR", codes, ["name", "=", region]]],
            ["id"],
            limit=1,
        )
        return int(found[0]["id"]) if found else None

    async def currency(self, code: str) -> int:
        return await self._one("currency.currency", [["code", "=", code]], "Invoice.currency", code)

    async def payment_term(self, name: str, asked: str) -> int:
        name = self.config.payment_terms.get(name, name)
        return await self._one("account.invoice.payment_term", [["name", "=", name]], asked, name)

    async def product(self, kind: LineKind) -> int:
        code = self.config.items.get(kind)
        if code is None:
            raise self._missing(
                "Invoice.lines.kind", kind.value, "no product is named for this kind",
                "Add it to `items` of this connection in the landscape.",
            )  # fmt: skip
        domain = ["OR", ["code", "=", code], ["template.code", "=", code]]
        return await self._one("product.product", domain, f"items.{kind.value}", code)

    async def tax(self, name: str, company: int) -> int:
        domain = [["name", "=", name], ["company", "=", company]]
        return await self._one("account.tax", domain, "taxes", name)

    async def revenue_journal(self) -> int:
        return await self._one("account.journal", [["type", "=", "revenue"]], "Journal", "revenue")

    async def account(self, account: Account, company: int) -> int:
        code = self.config.accounts.get(account)
        if code is None:
            raise self._missing(
                "JournalEntry.lines.account", account.value, "no account is named for this",
                f"Add accounts.{account.value} (the account's code) to this connection in the "
                "landscape.",
            )  # fmt: skip
        domain = [["code", "=", code], ["company", "=", company]]
        return await self._one("account.account", domain, f"accounts.{account.value}", code)

    async def journal(self) -> int:
        code = self.config.journal
        return await self._one("account.journal", [["code", "=", code]], "journal", code)

    async def analytic_root(self, account: int) -> int:
        key = ("analytic_account.account", str(account))
        if key not in self._ids:
            self._ids[key] = await self._read_analytic_root(account)
        return self._ids[key]

    async def _read_analytic_root(self, account: int) -> int:
        found = await self.client.search_read(
            "analytic_account.account", [["id", "=", account]], ["root"]
        )
        if not found:
            raise self._missing(
                "Invoice.lines.cost_centre", str(account), "no such analytic account",
                "Check the cross-reference of the cost centre.",
            )  # fmt: skip
        return int(found[0]["root"])

    async def company(self, external_id: str) -> CompanyRow:
        number = self.client.record_id(external_id, "legal entity")
        if number not in self._companies:
            await self._read_companies()
        if number not in self._companies:
            raise self._missing(
                "Invoice.legal_entity", external_id, "not among the companies of this user",
                "Add the company to the user in Tryton, or mend the cross-reference.",
            )  # fmt: skip
        return self._companies[number]

    async def company_by_code(self, code: str) -> CompanyRow:
        if all(c.code != code for c in self._companies.values()):
            await self._read_companies()
        for company in self._companies.values():
            if company.code == code:
                return company
        raise self._missing(
            "Project.legal_entity", code, "no company of this user has this code",
            "Add it to `companies` of this connection in the landscape.",
        )  # fmt: skip

    async def _read_companies(self) -> None:
        found = await self.client.search_read(
            "company.company", [], ["party.name", "party.code", "party.addresses.country.code"]
        )
        codes = {name: code for code, name in self.config.companies.items()}
        for record in found:
            number, party = int(record["id"]), record["party"]
            code = codes.get(party["name"], party["code"])
            self._companies[number] = CompanyRow(number, code, first_country(party["addresses"]))

    async def _one(self, model: str, domain: Domain, asked: str, value: str) -> int:
        key = (model, str(domain))
        if key not in self._ids:
            found = await self.client.search_read(model, domain, ["id"], limit=1)
            if not found:
                raise self._missing(
                    asked, value, f"{model} has no such record",
                    "Add it in Tryton, or name another one.",
                )  # fmt: skip
            self._ids[key] = int(found[0]["id"])
        return self._ids[key]

    def _missing(self, asked: str, value: str, reason: str, remedy: str) -> Invalid:
        name, _, field = asked.partition(".")
        problem = FieldProblem(name, field or name, value, reason, remedy)
        return Invalid(self.client.system, "a name is not known here", fields=(problem,))


def first_country(addresses: list[Record]) -> str | None:
    found: list[Any] = [a["country"]["code"] for a in addresses if a["country"]]
    return str(found[0]) if found else None
