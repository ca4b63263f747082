from typing import Any

import pytest
from tests.sandbox.salesforce.client import Client, V

pytestmark = pytest.mark.anyio

DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-09-30"}


async def test_closed_and_won_follow_the_stage(sf: Client) -> None:
    deal = await sf.create("Opportunity", **DEAL)
    row = await sf.read("Opportunity", deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"]) == (False, False, 10.0)
    await sf.patch("Opportunity", deal, StageName="Closed Won")
    row = await sf.read("Opportunity", deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"]) == (True, True, 100.0)
    assert (row["ForecastCategory"], row["FiscalYear"], row["FiscalQuarter"]) == ("Closed", 2026, 3)
    await sf.patch("Opportunity", deal, StageName="Closed Lost")
    row = await sf.read("Opportunity", deal)
    assert (row["IsClosed"], row["IsWon"]) == (True, False)


async def test_a_firms_own_stage_labels(sf: Client) -> None:
    stage = {
        "MasterLabel": "Gewonnen",
        "ApiName": "Gewonnen",
        "IsActive": True,
        "IsClosed": True,
        "IsWon": True,
        "ForecastCategory": "Closed",
        "ForecastCategoryName": "Closed",
        "DefaultProbability": 100,
    }
    await sf.seed("OpportunityStage", stage)
    deal = await sf.create("Opportunity", **{**DEAL, "StageName": "Gewonnen"})
    won = await sf.query("SELECT Id FROM Opportunity WHERE IsWon = true AND IsClosed = true")
    assert [row["Id"] for row in won["records"]] == [deal]
    answer = await sf.patch("Opportunity", deal, StageName="Verloren")
    assert answer.json() == [
        {
            "message": "Stage: bad value for restricted picklist field: Verloren",
            "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "fields": ["StageName"],
        }
    ]
    refused = await sf.http.post(f"{V}/sobjects/OpportunityStage", json=stage)
    assert refused.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


async def entry(sf: Client, currency: str = "USD") -> tuple[str, str]:
    books = await sf.query("SELECT Id FROM Pricebook2 WHERE IsStandard = true")
    book = books["records"][0]["Id"]
    product = await sf.create("Product2", Name="Advisory", ProductCode="ADV", IsActive=True)
    made = await sf.create(
        "PricebookEntry",
        Pricebook2Id=book,
        Product2Id=product,
        UnitPrice=150,
        IsActive=True,
        CurrencyIsoCode=currency,
    )
    return book, made


async def test_the_amount_is_the_sum_of_the_lines(sf: Client) -> None:
    book, price = await entry(sf)
    deal = await sf.create("Opportunity", **DEAL, Amount=1, Pricebook2Id=book)
    line = {"OpportunityId": deal, "PricebookEntryId": price}
    first = await sf.create("OpportunityLineItem", **line, Quantity=10, UnitPrice=120.5)
    second = await sf.create("OpportunityLineItem", **line, Quantity=2)
    row = await sf.read("OpportunityLineItem", second)
    assert (row["UnitPrice"], row["TotalPrice"], row["ProductCode"]) == (150.0, 300.0, "ADV")
    row = await sf.read("Opportunity", deal)
    assert (row["Amount"], row["HasOpportunityLineItem"]) == (1505.0, True)
    assert (await sf.patch("Opportunity", deal, Amount=9, NextStep="call")).status_code == 204
    row = await sf.read("Opportunity", deal)
    assert (row["Amount"], row["NextStep"]) == (1505.0, "call")
    await sf.http.delete(f"{V}/sobjects/OpportunityLineItem/{first}")
    assert (await sf.read("Opportunity", deal))["Amount"] == 300.0
    await sf.http.delete(f"{V}/sobjects/Opportunity/{deal}")
    assert (await sf.query("SELECT COUNT() FROM OpportunityLineItem"))["totalSize"] == 0


@pytest.mark.parametrize(
    ("deal", "reason"),
    [
        ({}, "price book"),
        ({"CurrencyIsoCode": "EUR", "Pricebook2Id": "standard"}, "currency code does not match"),
    ],
)
async def test_a_line_that_does_not_fit_its_deal(
    sf: Client, deal: dict[str, Any], reason: str
) -> None:
    book, price = await entry(sf)
    given = {**DEAL, **deal}
    if "Pricebook2Id" in given:
        given["Pricebook2Id"] = book
    line = {"OpportunityId": await sf.create("Opportunity", **given), "Quantity": 1}
    answer = await sf.http.post(
        f"{V}/sobjects/OpportunityLineItem", json={**line, "PricebookEntryId": price}
    )
    refused = answer.json()[0]
    assert refused["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert reason in refused["message"]


async def test_a_contract_ends_with_its_term(sf: Client) -> None:
    account = await sf.create("Account", Name="Acme")
    made = await sf.create(
        "Contract", AccountId=account, StartDate="2026-01-31", ContractTerm=13, Status="Draft"
    )
    row = await sf.read("Contract", made)
    assert (row["EndDate"], row["StatusCode"]) == ("2027-02-27", "Draft")
    assert row["ContractNumber"] == "00000001"


async def test_a_contact_has_a_full_name(sf: Client) -> None:
    made = await sf.create("Contact", FirstName="Ada", LastName="Ode")
    assert (await sf.read("Contact", made))["Name"] == "Ada Ode"
