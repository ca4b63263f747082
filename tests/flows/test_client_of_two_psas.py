"""A deal of one CRM that is delivered in the PSA of another org: its client is there first."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.firm import Firm, two_firms
from tests.flows.deals import a_deal, an_account, win

from isthmus.canonical import Customer
from isthmus.store.tables import xref

pytestmark = pytest.mark.anyio


async def both_read(dutch: Firm) -> None:
    await dutch.read()
    assert await dutch.open_holds() == []


async def won_abroad(dutch: Firm, account: str, name: str = "Abroad") -> str:
    """Sold in the first org, delivered and billed by the second one's company."""
    deal = await a_deal(dutch, account, Name=name, Contracting_Entity__c="EA-US")
    await win(dutch, deal)
    return deal


def accounts(firm: Firm) -> list[dict[str, Any]]:
    return sorted(firm.org.rows("Account"), key=lambda row: str(row["Name"]))


def projects(firm: Firm) -> list[dict[str, Any]]:
    return [p for p in firm.org.rows("pse__Proj__c") if not p.get("pse__Is_Template__c")]


async def known(firm: Firm, name: str) -> dict[str, str]:
    """The Id of the one customer of this name in each space."""
    async with firm.app.database.begin() as tx:
        [customer] = await tx.records.list(Customer, name=name)
        return {s: id for kind, s, id in await tx.xref.all_of(customer.id) if kind == "customer"}


async def test_a_client_is_made_in_the_org_where_its_project_is_opened(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        await both_read(dutch)
        account = await an_account(dutch, Website="https://harbour.example")
        await dutch.org.seed(
            "Contact", LastName="Payables", AccountId=account, Email="ap@harbour.example"
        )
        deal = await won_abroad(dutch, account)
        assert [hold.reason for hold in await dutch.open_holds()] == []
        assert await dutch.runs("opportunity_to_project") == [("succeeded", 1)]

        [there] = accounts(american)
        assert [a["Id"] for a in accounts(dutch)] == [account]
        assert {f: there[f] for f in ("Name", "BillingCity", "Tax_Registration__c", "Website")} == {
            "Name": "Harbour Works", "BillingCity": "Rotterdam",
            "Tax_Registration__c": "NL004495445B01", "Website": "https://harbour.example",
        }  # fmt: skip
        [project] = projects(american)
        assert projects(dutch) == []
        assert project["pse__Account__c"] == there["Id"]
        assert dutch.org.row("Opportunity", deal)["PSA_Project_Id__c"] == project["Id"]
        [budget] = american.org.rows("pse__Budget__c")
        assert (budget["pse__Account__c"], budget["pse__Amount__c"]) == (
            there["Id"], Decimal(15000),
        )  # fmt: skip
        [billed] = await american.books.rows("customer")
        assert await dutch.books.rows("customer") == []
        assert await known(dutch, "Harbour Works") == {
            "salesforce": account, "acquired": there["Id"], "netsuite_us": billed["id"],
        }  # fmt: skip


async def test_what_was_made_comes_back_and_changes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        await both_read(dutch)
        above = await an_account(dutch, Name="Harbour Group", Tax_Registration__c="NL810462783B01")
        account = await an_account(dutch, ParentId=above, Phone="+31 10 000 00 00")
        await dutch.org.seed("Contact", LastName="Payables", AccountId=account)
        await won_abroad(dutch, account)
        group, works = accounts(american)
        assert (group["Name"], works["Name"]) == ("Harbour Group", "Harbour Works")
        assert works["ParentId"] == group["Id"]
        before = len(await dutch.events("customer.changed"))
        for _ in range(3):
            await dutch.read()
        changed = (await dutch.events("customer.changed"))[before:]
        assert [event["data"] for event in changed] == []
        assert await dutch.events("customer.drifted") == []
        async with dutch.app.database.begin() as tx:
            [customer] = await tx.records.list(Customer, name="Harbour Works")
            [parent] = await tx.records.list(Customer, name="Harbour Group")
        assert customer.parent == parent.id
        assert [c.name for c in customer.contacts] == ["Payables"]


async def test_the_org_of_the_psa_needs_no_role(database_url: str, tmp_path: Path) -> None:
    """One CRM for all companies: the other org is there for its PSA alone."""
    one_crm = {
        "{connection: salesforce, legal_entities: [EA-NL]}": "{connection: salesforce}",
        "    - {connection: acquired, legal_entities: [EA-US]}\n": "",
    }
    async with two_firms(database_url, tmp_path, instead=one_crm) as (dutch, american):
        await both_read(dutch)
        await won_abroad(dutch, await an_account(dutch))
        assert [hold.reason for hold in await dutch.open_holds()] == []
        [there] = accounts(american)
        assert [p["pse__Account__c"] for p in projects(american)] == [there["Id"]]
        assert projects(dutch) == []


@pytest.mark.slow
async def test_the_next_deal_of_the_client_finds_it_there(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        await both_read(dutch)
        account = await an_account(dutch)
        await won_abroad(dutch, account)
        await won_abroad(dutch, account, "Abroad again")
        await win(dutch, await a_deal(dutch, account, Name="At home"))
        assert await dutch.open_holds() == []
        [there] = accounts(american)
        assert [p["pse__Account__c"] for p in projects(american)] == [there["Id"]] * 2
        assert [p["pse__Account__c"] for p in projects(dutch)] == [account]
        assert len(accounts(dutch)) == 1


@pytest.mark.slow
async def test_an_account_that_was_made_before_a_crash_is_found(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        await both_read(dutch)
        account = await an_account(dutch)
        await won_abroad(dutch, account)
        async with dutch.app.database.begin() as tx:
            of_theirs = (xref.c.kind == "customer", xref.c.space == "acquired")
            await tx.connection.execute(sa.delete(xref).where(*of_theirs))
        await won_abroad(dutch, account, "Abroad again")
        assert await dutch.open_holds() == []
        [there] = accounts(american)
        assert (await known(dutch, "Harbour Works"))["acquired"] == there["Id"]
        assert len(projects(american)) == 2


async def test_an_account_of_the_other_org_with_its_tax_number_is_the_client(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        theirs = await an_account(american, Name="Harbour Works N.V.", Phone="+1 555 010")
        await both_read(dutch)
        account = await an_account(dutch)
        await won_abroad(dutch, account)
        assert await dutch.open_holds() == []
        assert [a["Id"] for a in accounts(american)] == [theirs]
        [project] = projects(american)
        assert project["pse__Account__c"] == theirs
        async with dutch.app.database.begin() as tx:
            [customer] = await tx.records.list(Customer)
        assert customer.name == "Harbour Works"
        assert len(await dutch.events("customer.merged")) == 1
        found = await known(dutch, "Harbour Works")
        assert (found["salesforce"], found["acquired"]) == (account, theirs)
        assert accounts(american)[0]["Name"] == "Harbour Works N.V."
        assert accounts(dutch)[0]["Name"] == "Harbour Works"


async def test_a_similar_account_of_the_other_org_is_a_persons_to_tell_apart(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        american_one = {"BillingCountry": "US", "Tax_Registration__c": None}
        theirs = await an_account(american, **american_one)
        await both_read(dutch)
        await won_abroad(dutch, await an_account(dutch))
        hold = await dutch.hold()
        assert (hold.code, hold.owner, hold.customer) == ("customer_match", "pmo", "Harbour Works")
        assert hold.reason == (
            f"Harbour Works may exist in acquired already: Harbour Works ({theirs}: same name, "
            "other country)"
        )
        assert projects(american) == []

        await american.org.update("Account", theirs, Name="Quarry")
        await dutch.replay(hold)
        assert await dutch.open_holds() == []
        assert [a["Name"] for a in accounts(american)] == ["Harbour Works", "Quarry"]
        assert len(projects(american)) == 1
