"""A deal that is won before its ledger was read for the first time: the run waits, and no person
is asked for what the ledger has and we do not know yet.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.firm import Firm, two_firms
from tests.flows.deals import a_deal, an_account

from isthmus.canonical import Customer, LegalEntity

pytestmark = pytest.mark.anyio

THEIRS = {"BillingCountry": "US", "CurrencyIsoCode": "USD", "Tax_Registration__c": None}
EARLIER = ("netsuite", "salesforce", "certinia", "acquired_psa")
"""What was read when the second ledger comes along."""


async def won_early(american: Firm) -> None:
    """A deal of the second ledger's company, whose id there nobody has told us."""
    await american.read(*EARLIER)
    account = await an_account(american, Name="Quarry", **THEIRS)
    deal = await a_deal(
        american, account, Name="Quarry", CurrencyIsoCode="USD", Contracting_Entity__c="EA-US"
    )
    await american.org.update("Opportunity", deal, StageName="Closed Won")
    await american.read("acquired")


async def made(firm: Firm) -> tuple[int, int]:
    return len(await firm.books.rows("customer")), len(await firm.books.rows("job"))


async def test_a_deal_waits_for_the_second_ledger_and_for_no_person(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        await won_early(american)
        hold = await american.hold()
        assert (hold.state, hold.code, hold.system) == (
            "waiting_system", "not_read_yet", "netsuite_us",
        )  # fmt: skip
        assert hold.reason == (
            "netsuite_us: not written, because it was not read yet for legal_entity, which it may "
            "have [not_read_yet]"
        )
        assert await made(american) == (0, 0)

        await american.read("netsuite_us")
        await american.wake()
        assert await american.open_holds() == []
        assert await made(american) == (1, 1)
        assert await made(dutch) == (0, 0)
        [(state, _)] = await american.runs("opportunity_to_project")
        assert state == "succeeded"


async def test_a_client_of_one_ledger_is_billed_in_another_by_a_company_of_that_one(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (dutch, american):
        books = american.books.simulator.books
        other = books.by_external_id("subsidiary", "EA-NL") or {}
        books.put("subsidiary", {**other, "externalId": "EA-CA"})
        await american.read(*EARLIER, "netsuite_us")
        account = await an_account(dutch)
        await dutch.org.update(
            "Opportunity", await a_deal(dutch, account), StageName="Closed Won"
        )  # fmt: skip
        await dutch.read()
        await billed_first_by(dutch, "EA-NL")

        abroad = await a_deal(dutch, account, Name="Abroad", Contracting_Entity__c="EA-US")
        await dutch.org.update("Opportunity", abroad, StageName="Closed Won")
        await dutch.read()
        [customer] = await american.books.rows("customer")
        subsidiary = books.by_external_id("subsidiary", "EA-US") or {}
        assert customer["subsidiary"]["id"] == subsidiary["id"]


async def billed_first_by(firm: Firm, code: str) -> None:
    """As a ledger says that shows the company with its customers."""
    async with firm.app.database.begin() as tx:
        [customer], [company] = (
            await tx.records.list(Customer), await tx.records.list(LegalEntity, code=code)
        )  # fmt: skip
        await tx.records.save(customer.changed(legal_entity=company.id))


async def test_a_person_is_asked_once_the_ledger_was_read_and_has_no_such_company(
    database_url: str, tmp_path: Path
) -> None:
    async with two_firms(database_url, tmp_path) as (_, american):
        books = american.books.simulator.books
        company = books.by_external_id("subsidiary", "EA-US") or {}
        books.put("subsidiary", {**company, "externalId": "EA-CA"})
        await won_early(american)
        assert (await american.hold()).state == "waiting_system"
        await american.read("netsuite_us")
        await american.wake()
        hold = await american.hold()
        assert (hold.state, hold.code, hold.owner) == ("held", "invalid", "pmo")
        assert "a customer belongs to a subsidiary and legal_entity is empty" in hold.reason
        assert await made(american) == (0, 0)
