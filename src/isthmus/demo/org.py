"""What the firm's people do in the Salesforce org: sales, the project office, consultants.

Rows are found by what people would know them by (a name, an employee number), so every act may be
repeated: what is there is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import islice
from typing import Any

from isthmus.demo.clients import Client
from isthmus.demo.deals import FIXED_TEMPLATE, HOURLY_TEMPLATE, TERMS, Deal
from isthmus.demo.firm import Firm
from isthmus.demo.landscape_file import ORG_APP
from isthmus.demo.people import Person
from isthmus.demo.place import Place
from isthmus.demo.price_list import Card
from isthmus.demo.timesheets import DELIVERY, DISCOVERY, WORK
from isthmus.demo.vendors import Control, Row

COUNTRIES = {
    "NL": "Netherlands", "DE": "Germany", "FR": "France", "BE": "Belgium", "IE": "Ireland",
    "GB": "United Kingdom", "US": "United States",
}  # fmt: skip
TEMPLATE_START = date(2026, 1, 5)
MOST_IN_A_CALL = 100
Key = Callable[[Row], object]


class Org:
    def __init__(self, place: Place, control: Control) -> None:
        self._place, self.control = place, control

    async def ensure(self, sobject: str, rows: Sequence[Mapping[str, Any]], key: Key) -> None:
        """Insert the rows whose key is not there yet."""
        there = {key(row) for row in await self.control.rows(sobject)}
        missing = [
            {"attributes": {"type": sobject}, **r} for r in rows if key(dict(r)) not in there
        ]
        for chunk in _chunks(missing):
            await self.control.post("seed", {"records": chunk})

    async def update(self, sobject: str, rows: Sequence[Mapping[str, Any]]) -> None:
        for chunk in _chunks([{"attributes": {"type": sobject}, **row} for row in rows]):
            await self.control.post("update", {"records": chunk})

    async def ids(self, sobject: str, key: Key) -> dict[Any, str]:
        return {key(row): row["Id"] for row in await self.control.rows(sobject)}

    async def open_for_business(self, firm: Firm) -> None:
        """Our fields and login, the price list, people, templates, clients and open deals."""
        key = self._place.public_key("salesforce")
        await self.control.post("connected-apps", {**ORG_APP, "public_key": key})
        await self.control.post("deploy", {"files": _package()})
        await self._clients(firm)
        await self._catalogue(firm)
        await self._templates()
        await self.ensure("Contact", [_contact(p) for p in firm.people], _employee)
        accounts = await self.ids("Account", _name)
        cards = [card_row(c, accounts) for c in firm.cards]
        await self.ensure("pse__Rate_Card__c", cards, _name)
        await self._deals(firm)

    async def _clients(self, firm: Firm) -> None:
        for above in (True, False):
            accounts = await self.ids("Account", _name)
            rows = [_account(c, accounts) for c in firm.clients if (c.parent is None) is above]
            await self.ensure("Account", rows, _name)

    async def _catalogue(self, firm: Firm) -> None:
        """One product per role, one for instalments; a list price of one, set on each deal."""
        names = [*firm.roles, "Instalment"]
        await self.ensure("Product2", [{"Name": n, "IsActive": True} for n in names], _name)
        products = await self.ids("Product2", _name)
        [book] = (await self.ids("Pricebook2", _name)).values()
        entries = [
            {"Pricebook2Id": book, "Product2Id": products[name], "UnitPrice": Decimal(1),
             "IsActive": True, "CurrencyIsoCode": currency}
            for name in names
            for currency in ("EUR", "USD", "GBP")
        ]  # fmt: skip
        await self.ensure(
            "PricebookEntry", entries, lambda r: (r["Product2Id"], r["CurrencyIsoCode"])
        )

    async def _templates(self) -> None:
        plans = {HOURLY_TEMPLATE: (DISCOVERY, DELIVERY), FIXED_TEMPLATE: (WORK,)}
        rows = [
            {"Name": n, "pse__Is_Template__c": True, "pse__Is_Active__c": False,
             "pse__Start_Date__c": TEMPLATE_START, "CurrencyIsoCode": "EUR"}
            for n in plans
        ]  # fmt: skip
        await self.ensure("pse__Proj__c", rows, _name)
        projects = await self.ids("pse__Proj__c", _name)
        phases = [
            {"Name": phase, "pse__Project__c": projects[name],
             "pse__Start_Date__c": TEMPLATE_START + timedelta(weeks=6 * n),
             "pse__End_Date__c": TEMPLATE_START + timedelta(weeks=6 * n + 6, days=-1)}
            for name, names in plans.items()
            for n, phase in enumerate(names)
        ]  # fmt: skip
        await self.ensure("pse__Project_Phase__c", phases, _of_project)
        tasks = [
            {"Name": task, "pse__Project__c": projects[name], "pse__Status__c": "Planned"}
            for name in plans
            for task in ("Kick-off", "Work", "Hand-over")
        ]
        await self.ensure("pse__Project_Task__c", tasks, _of_project)

    async def _deals(self, firm: Firm) -> None:
        """All deals are in the pipeline at first; the amendment points at what it amends."""
        for first in (True, False):
            accounts = await self.ids("Account", _name)
            known = await self.ids("Opportunity", _name)
            [book] = (await self.ids("Pricebook2", _name)).values()
            rows = [
                _opportunity(d, accounts, known, book)
                for d in firm.deals
                if (d.amends is None) is first
            ]
            await self.ensure("Opportunity", rows, _name)
        await self._lines(firm)

    async def _lines(self, firm: Firm) -> None:
        deals = await self.ids("Opportunity", _name)
        products = await self.ids("Product2", _name)
        entries = await self.ids(
            "PricebookEntry", lambda r: (r["Product2Id"], r["CurrencyIsoCode"])
        )
        rows = [
            {"OpportunityId": deals[d.name], "SortOrder": n, "Description": line.description,
             "PricebookEntryId": entries[products[line.role or "Instalment"], d.currency],
             "Quantity": line.quantity, "UnitPrice": line.price,
             **({"ServiceDate": line.due_on} if line.due_on else {})}
            for d in firm.deals
            for n, line in enumerate(d.lines, 1)
        ]  # fmt: skip
        await self.ensure(
            "OpportunityLineItem", rows, lambda r: (r["OpportunityId"], int(r["SortOrder"]))
        )

    async def send_messages_to(self, endpoint: str) -> None:
        """Closed deals are pushed to us by Outbound Message: some twice, all out of order."""
        status = await self.control.get("outbound-messages")
        if [m["endpoint"] for m in status["messages"]] == [endpoint]:
            return
        await self.control.delete("outbound-messages")
        knobs = {"duplicate_rate": 0.4, "shuffle": True, "seed": 7, "retry_seconds": 1}
        await self.control.post("outbound-messages/settings", knobs)
        rule = {"field": "StageName", "equals": "Closed Won"}
        message = {"object": "Opportunity", "fields": ["Name"], "endpoint": endpoint, "when": rule}
        await self.control.post("outbound-messages", message)

    async def undelivered(self) -> int:
        return len((await self.control.get("outbound-messages"))["pending"])

    async def win(self, deals: Sequence[Deal]) -> None:
        rows = {row["Name"]: row for row in await self.control.rows("Opportunity")}
        won = [
            {"Id": rows[d.name]["Id"], "StageName": "Closed Won"}
            for d in deals
            if rows[d.name]["StageName"] != "Closed Won"
        ]
        await self.update("Opportunity", won)

    async def publish(self, cards: Sequence[Card]) -> None:
        """New prices, and end dates of old ones."""
        accounts = await self.ids("Account", _name)
        await self.ensure("pse__Rate_Card__c", [card_row(c, accounts) for c in cards], _name)
        ids = await self.ids("pse__Rate_Card__c", _name)
        ended = [{"Id": ids[c.number], "pse__End_Date__c": c.ends_on} for c in cards if c.ends_on]
        await self.update("pse__Rate_Card__c", ended)


def _chunks(rows: Sequence[Row]) -> list[list[Row]]:
    left = iter(rows)
    return list(iter(lambda: list(islice(left, MOST_IN_A_CALL)), []))


def _name(row: Row) -> object:
    return row["Name"]


def _employee(row: Row) -> object:
    return row.get("Employee_Number__c")


def _of_project(row: Row) -> object:
    return row["pse__Project__c"], row["Name"]


def _package() -> dict[str, str]:
    """The fields that Isthmus asks of an org: the files that an administrator would deploy."""
    root = resources.files("isthmus.platforms.salesforce.package").joinpath("objects")
    found: dict[str, str] = {}

    def collect(folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                collect(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith("-meta.xml"):
                found[prefix + entry.name] = entry.read_text("utf-8")

    collect(root, "objects/")
    return found


def _account(client: Client, accounts: Mapping[Any, str]) -> Row:
    return {
        "Name": client.name,
        "Website": client.website,
        "BillingStreet": "Example Street 1",
        "BillingCity": client.city,
        "BillingCountry": COUNTRIES[client.country],
        "CurrencyIsoCode": client.currency,
        "Tax_Registration__c": client.tax_number,
        "Payment_Terms__c": TERMS,
        **({"ParentId": accounts[client.parent]} if client.parent else {}),
    }


def _contact(person: Person) -> Row:
    return {
        "FirstName": person.first_name,
        "LastName": person.last_name,
        "Email": person.email,
        "Employee_Number__c": person.number,
        "Practice_Role__c": person.role,
        "Legal_Entity__c": person.entity,
        "Cost_Centre__c": person.cost_centre,
        "pse__Is_Resource__c": True,
        "pse__Is_Resource_Active__c": True,
        "pse__Start_Date__c": date(2026, 1, 1),
        "pse__Default_Cost_Rate__c": person.cost_rate,
        "CurrencyIsoCode": person.paid_in,
    }


def card_row(card: Card, accounts: Mapping[Any, str]) -> Row:
    return {
        "Name": card.number,
        "pse__Role__c": card.role,
        "pse__Suggested_Bill_Rate__c": card.rate,
        "pse__Average_Cost_Rate__c": card.cost,
        "pse__Start_Date__c": card.starts_on,
        "CurrencyIsoCode": card.currency,
        **({"pse__Account__c": accounts[card.client]} if card.client else {}),
    }


def _opportunity(
    deal: Deal, accounts: Mapping[Any, str], known: Mapping[Any, str], book: str
) -> Row:
    filled = {
        "Billing_Model__c": deal.model,
        "Delivery_Template__c": deal.template,
        "Cap_Amount__c": deal.cap,
        "Minimum_Increment__c": deal.increment,
        "Purchase_Order__c": deal.purchase_order,
        "Amends__c": known[deal.amends] if deal.amends else None,
    }
    return {
        "Name": deal.name,
        "AccountId": accounts[deal.client],
        "StageName": "Negotiation/Review",
        "CloseDate": deal.starts_on - timedelta(days=2),
        "CurrencyIsoCode": deal.currency,
        "Contracting_Entity__c": deal.entity,
        "Work_Starts_On__c": deal.starts_on,
        "Work_Ends_On__c": deal.ends_on,
        "Payment_Terms__c": TERMS,
        "Pricebook2Id": book,
        **{field: value for field, value in filled.items() if value is not None},
    }
