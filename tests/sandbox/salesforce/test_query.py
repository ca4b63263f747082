from typing import Any

import pytest
from tests.sandbox.salesforce.client import Client, V, external_id_files

pytestmark = pytest.mark.anyio


@pytest.fixture
async def deals(sf: Client) -> Client:
    """Two accounts with three deals, one contact each on the first."""
    acme, beta = await sf.seed("Account", {"Name": "Acme"}, {"Name": "Beta", "BillingCity": "Ulm"})
    await sf.seed("Contact", {"LastName": "Ode", "AccountId": acme, "Email": "o@acme.example"})
    common = {"StageName": "Prospecting"}
    await sf.seed(
        "Opportunity",
        {**common, "Name": "a'b", "AccountId": acme, "CloseDate": "2026-07-01", "Amount": 10.5},
        {**common, "Name": "B_d", "AccountId": acme, "CloseDate": "2026-08-01", "Amount": 200},
        {
            "Name": "c%",
            "AccountId": beta,
            "CloseDate": "2026-09-01",
            "StageName": "Closed Won",
        },
        {**common, "Name": "orphan", "CloseDate": "2026-10-01", "Amount": 30},
    )
    return sf


async def names(sf: Client, where: str, tail: str = "ORDER BY Name") -> list[str]:
    body = await sf.query(f"SELECT Name FROM Opportunity WHERE {where} {tail}")
    return [row["Name"] for row in body["records"]]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Name = 'A\\'B'", ["a'b"]),
        ("IsWon = TRUE", ["c%"]),
        ("IsWon = false AND Amount > 20", ["B_d", "orphan"]),
        ("Amount = null", ["c%"]),
        ("NextStep = '' AND Name = 'c%'", ["c%"]),
        ("Amount != null AND (NOT Amount >= 200)", ["a'b", "orphan"]),
        ("Amount <> 30", ["a'b", "B_d", "c%"]),
        ("Name LIKE '%B%'", ["a'b", "B_d"]),
        ("Name LIKE '_\\_d'", ["B_d"]),
        ("Name LIKE '%\\%'", ["c%"]),
        ("CloseDate <= 2026-08-01", ["a'b", "B_d"]),
        ("CloseDate > 2026-08-01 AND CloseDate < 2026-10-01", ["c%"]),
        ("Account.Name = 'acme'", ["a'b", "B_d"]),
        ("Account.Name IN ('beta', 'none')", ["c%"]),
        ("Account.BillingCity = null", ["a'b", "B_d", "orphan"]),
        ("StageName NOT IN ('Closed Won')", ["a'b", "B_d", "orphan"]),
        ("(Name = 'c%' OR Amount = 30) AND IsClosed = false", ["orphan"]),
        ("AccountId IN (SELECT AccountId FROM Contact WHERE LastName = 'Ode')", ["a'b", "B_d"]),
        ("CreatedDate = TODAY", ["a'b", "B_d", "c%", "orphan"]),
        ("CreatedDate = LAST_N_DAYS:3 AND opportunity.amount = 30", ["orphan"]),
        ("SystemModstamp > 2099-01-01T00:00:00+02:00", []),
        ("LastModifiedDate >= 2020-01-01T00:00:00.000Z AND Amount = 10.50", ["a'b"]),
    ],
)
async def test_where(deals: Client, where: str, expected: list[str]) -> None:
    assert await names(deals, where) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Amount", ["c%", "a'b", "orphan", "B_d"]),
        ("Amount DESC", ["c%", "B_d", "orphan", "a'b"]),
        ("amount asc NULLS LAST", ["a'b", "orphan", "B_d", "c%"]),
        ("Account.Name NULLS LAST, Name DESC", ["B_d", "a'b", "c%", "orphan"]),
        ("Name LIMIT 2 OFFSET 1", ["B_d", "c%"]),
    ],
)
async def test_order_limit_offset(deals: Client, order: str, expected: list[str]) -> None:
    assert await names(deals, "Id != null", f"ORDER BY {order}") == expected


async def test_parents_and_children(deals: Client) -> None:
    body = await deals.query(
        "select name, Account.name, Account.Owner.Username from Opportunity"
        " where Name = 'a\\'b' or Name = 'orphan' order by Name"
    )
    first, orphan = body["records"]
    assert list(first) == ["attributes", "Name", "Account"]
    assert first["Account"]["Name"] == "Acme"
    assert first["Account"]["attributes"]["type"] == "Account"
    assert first["Account"]["Owner"]["Username"] == "admin@sandbox.invalid"
    assert orphan["Account"] is None
    body = await deals.query(
        "SELECT Name, (SELECT Name FROM Opportunities WHERE Amount > 11), (SELECT Id FROM Contacts)"
        " FROM Account ORDER BY Name"
    )
    acme, beta = body["records"]
    assert acme["Opportunities"]["totalSize"] == 1
    assert [row["Name"] for row in acme["Opportunities"]["records"]] == ["B_d"]
    assert (beta["Opportunities"], beta["Contacts"]) == (None, None)


async def test_wire_forms(deals: Client) -> None:
    body = await deals.query(
        "SELECT Amount, IsWon, CloseDate, CreatedDate, FiscalYear FROM Opportunity"
        " WHERE Name = 'B_d'"
    )
    row = body["records"][0]
    assert (row["Amount"], row["IsWon"], row["CloseDate"]) == (200.0, False, "2026-08-01")
    assert row["FiscalYear"] == 2026
    assert row["CreatedDate"] == row["CreatedDate"][:19] + ".000+0000"


async def test_ids_match_in_both_lengths(deals: Client) -> None:
    body = await deals.query("SELECT Id FROM Account WHERE Name = 'Acme'")
    long = body["records"][0]["Id"]
    for wanted in (long, long[:15]):
        body = await deals.query(f"SELECT Id FROM Account WHERE Id = '{wanted}'")
        assert [row["Id"] for row in body["records"]] == [long]


@pytest.mark.parametrize(
    ("soql", "code", "ending"),
    [
        ("SELECT Id, Foo__c FROM Account", "INVALID_FIELD", "No such column 'Foo__c' on entity"),
        ("SELECT Id FROM Account WHERE Foo = 1", "INVALID_FIELD", "No such column 'Foo'"),
        ("SELECT Boss.Name FROM Account", "INVALID_FIELD", "understand relationship 'Boss'"),
        ("SELECT Id FROM pse__Project__c", "INVALID_TYPE", "sObject type 'pse__Project__c' is not"),
        ("SELECT Id, (SELECT Id FROM Deals) FROM Account", "INVALID_TYPE", "relationship 'Deals'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY", "unexpected token: 'x'"),
        (
            "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        (
            "SELECT Id FROM Opportunity WHERE CloseDate = '2026-07-01'",
            "INVALID_FIELD",
            "value of filter criterion for field 'CloseDate' must be of type date and should not"
            " be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 7",
            "INVALID_FIELD",
            "'Name' must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE SystemModstamp > 2026-07-01",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "allowed is 2000"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 201", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Id FROM Account WHERE Name = SOMEDAY", "MALFORMED_QUERY", "'SOMEDAY'"),
        ("SELECT Id FROM Account WHERE CreatedDate = SOMEDAY", "MALFORMED_QUERY", "SOMEDAY"),
    ],
)
async def test_refusals(sf: Client, soql: str, code: str, ending: str) -> None:
    answer = await sf.http.get(f"{V}/query", params={"q": soql})
    assert answer.status_code == 400
    refused = answer.json()[0]
    assert refused["errorCode"] == code
    assert ending in refused["message"]


async def test_the_caret_stands_under_the_unknown_field(sf: Client) -> None:
    answer = await sf.http.get(f"{V}/query", params={"q": "SELECT Id, Foo FROM Account"})
    lines = answer.json()[0]["message"].split("\n")
    assert lines[1:4] == [
        "SELECT Id, Foo FROM Account",
        "           ^",
        "ERROR at Row:1:Column:12",
    ]


async def pages(sf: Client, soql: str, **headers: str) -> list[list[Any]]:
    body = await sf.query(soql, **headers)
    found = [body["records"]]
    while not body["done"]:
        body = (await sf.http.get(body["nextRecordsUrl"])).json()
        found.append(body["records"])
    return found


async def test_pages_hold_each_row_once(sf: Client) -> None:
    await sf.control("deploy", {"files": external_id_files("Account")})
    rows = [{"Name": f"A{n}", "Isthmus_Id__c": f"K{n}"} for n in range(4500)]
    await sf.seed("Account", *rows)
    soql = "SELECT Id, Name FROM Account ORDER BY SystemModstamp, Id"
    whole = await pages(sf, soql)
    assert [len(page) for page in whole] == [2000, 2000, 500]
    ids = [row["Id"] for page in whole for row in page]
    assert ids == sorted(set(ids))
    small = await pages(sf, soql + " LIMIT 700", **{"Sforce-Query-Options": "batchSize=300"})
    assert [len(page) for page in small] == [300, 300, 100]
    least = await pages(sf, soql + " LIMIT 201", **{"Sforce-Query-Options": "batchSize=1"})
    assert [len(page) for page in least] == [200, 1]
    found = await sf.query("SELECT Name FROM Account WHERE Isthmus_Id__c IN ('K7', 'K4499')")
    assert sorted(row["Name"] for row in found["records"]) == ["A4499", "A7"]
    answer = await sf.http.get(f"{V}/query/01g000000000009AAA-2000")
    assert answer.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


async def test_rows_written_in_one_second_share_their_stamp(sf: Client) -> None:
    await sf.seed("Account", *({"Name": f"A{n}"} for n in range(50)))
    body = await sf.query("SELECT SystemModstamp FROM Account")
    stamps = {row["SystemModstamp"] for row in body["records"]}
    assert len(stamps) <= 2


async def test_all_fields_of_a_row(sf: Client) -> None:
    made = await sf.create("Account", Name="Acme")
    body = await sf.query("SELECT FIELDS(ALL) FROM Account LIMIT 1")
    assert body["records"] == [await sf.read("Account", made)]


async def test_a_trailing_slash_is_the_same_resource(sf: Client) -> None:
    answer = await sf.http.get(f"{V}/query/", params={"q": "SELECT COUNT() FROM Account"})
    assert answer.json() == {"totalSize": 0, "done": True, "records": []}
