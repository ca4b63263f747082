"""SuiteQL over stored rows: shape of the answer, dates, errors, pages, keyset."""

from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import Api, invoice, line

pytestmark = pytest.mark.anyio


async def test_values_are_text_and_nulls_are_absent(api: Api) -> None:
    row_id = await api.create("invoice", **invoice(externalId="inv-1"))
    await api.control("pay", {"invoice": row_id, "amount": 210.5, "date": "2026-02-20"})
    answer = await api.query(
        "SELECT id, tranid, type, status, foreigntotal, foreignamountpaid, foreignamountunpaid,"
        " memo, externalid, trandate, TO_CHAR(duedate, 'YYYY-MM-DD') AS due, voided"
        " FROM transaction WHERE type = 'CustInvc'"
    )
    body = answer.json()
    assert body["items"] == [
        {
            "links": [],
            "id": "1",
            "tranid": "INV1-00001",
            "type": "CustInvc",
            "status": "A",
            "foreigntotal": "1210",
            "foreignamountpaid": "210.5",
            "foreignamountunpaid": "999.5",
            "externalid": "inv-1",
            "trandate": "2/10/2026",
            "due": "2026-03-12",
            "voided": "F",
        }
    ]
    assert (body["count"], body["hasMore"], body["offset"], body["totalResults"]) == (1, 0, 0, 1)


async def test_joins_names_and_aggregates(api: Api) -> None:
    await api.create("invoice", **invoice("cust-nl", line(), line(2, 50)))
    await api.create("invoice", **invoice("cust-de"))
    rows = await api.select(
        "SELECT BUILTIN.DF(t.entity) AS customer, c.companyname, BUILTIN.DF(t.status) AS status,"
        " SUM(l.foreignamount) AS net, COUNT(*) AS n"
        " FROM transaction t JOIN transactionline l ON l.transaction = t.id"
        " JOIN customer c ON c.id = t.entity"
        " WHERE l.mainline = 'F' AND l.taxline = 'F' AND t.type = 'CustInvc'"
        " GROUP BY t.entity, c.companyname, t.status, t.type ORDER BY c.companyname"
    )
    assert rows == [
        {
            "customer": "Client DE",
            "companyname": "Client DE",
            "status": "Open",
            "net": "-1000",
            "n": "1",
        },
        {
            "customer": "Client NL",
            "companyname": "Client NL",
            "status": "Open",
            "net": "-1100",
            "n": "2",
        },
    ]


async def test_the_other_tables_answer(api: Api) -> None:
    assert await api.select("SELECT entityid FROM job") == [{"entityid": "Project One"}]
    assert await api.select("SELECT symbol FROM currency WHERE currencyprecision = 0") == [
        {"symbol": "JPY"}
    ]
    periods = await api.select(
        "SELECT periodname FROM accountingperiod WHERE isquarter = 'F' AND isyear = 'F'"
        " AND startdate <= TO_DATE('2026-02-10', 'YYYY-MM-DD')"
        " AND enddate >= TO_DATE('2026-02-10', 'YYYY-MM-DD')"
    )
    assert periods == [{"periodname": "Feb 2026"}]
    for table, count in {"employee": 1, "department": 1, "term": 1, "subsidiary": 2}.items():
        assert await api.select(f"SELECT COUNT(*) AS n FROM {table}") == [{"n": str(count)}]
    for table in ("classification", "location", "timebill"):
        assert await api.select(f"SELECT * FROM {table}") == []


async def test_keyset_over_equal_stamps_misses_and_repeats_nothing(api: Api) -> None:
    moment = datetime(2026, 3, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    api.account.books.now = lambda: moment
    wanted = await api.control(
        "seed",
        {
            "customer": [
                {"companyName": f"Client {at}", "subsidiary": {"externalId": "NL"}}
                for at in range(7)
            ]
        },
    )
    seen: list[str] = []
    last = ("2026-03-01T00:00:00", "0")
    while True:
        form = "'YYYY-MM-DD\"T\"HH24:MI:SS'"
        stamp = f"TO_TIMESTAMP('{last[0]}', {form})"
        rows = await api.select(
            f"SELECT id, TO_CHAR(lastmodifieddate, {form}) AS stamp FROM customer"
            f" WHERE lastmodifieddate > {stamp}"
            f" OR (lastmodifieddate = {stamp} AND id > {last[1]})"
            " ORDER BY lastmodifieddate, id FETCH FIRST 3 ROWS ONLY"
        )
        if not rows:
            break
        seen += [row["id"] for row in rows]
        last = (rows[-1]["stamp"], rows[-1]["id"])
        # the rows seeded by the fixture carry later stamps than the frozen clock
        if last[0] > "2026-03-02":
            break
    fresh = [row_id for row_id in seen if row_id in wanted["ids"]["customer"]]
    assert fresh == wanted["ids"]["customer"]


async def test_pages_have_an_envelope(api: Api) -> None:
    first = (await api.query("SELECT id FROM currency ORDER BY id", limit=2)).json()
    assert (first["count"], first["hasMore"], first["totalResults"]) == (2, True, 3)
    assert [link["rel"] for link in first["links"]] == ["self", "next"]
    rest = (await api.query("SELECT id FROM currency ORDER BY id", limit=2, offset=2)).json()
    assert [item["id"] for item in rest["items"]] == ["3"]
    assert (rest["hasMore"], [link["rel"] for link in rest["links"]]) == (
        False,
        ["self", "previous"],
    )


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nope FROM customer",
        "SELECT id FROM nowhere",
        "SELECT c.nope FROM customer c",
        "DELETE FROM customer",
        "SELECT id FROM customer; SELECT id FROM job",
        "SELECT FROM WHERE",
        "SELECT id FROM customer WHERE lastmodifieddate > '2026-01-01'",
        "SELECT BUILTIN.NOPE(id) FROM customer",
        "SELECT id FROM customer ORDER BY id LIMIT 1",
        "SELECT id FROM customer WHERE lastmodifieddate > TO_DATE('2026', 'YYYY-MM-DD')",
    ],
)
async def test_a_wrong_query_is_refused(api: Api, query: str) -> None:
    answer = await api.query(query)
    assert answer.status_code == 400, answer.text
    (detail,) = answer.json()["o:errorDetails"]
    assert detail["o:errorCode"] == "INVALID_PARAMETER"
    assert detail["detail"].startswith("Invalid search query.")
    assert len(await api.rows("customer")) == 2


async def test_the_prefer_header_and_the_limit(api: Api) -> None:
    path = "/services/rest/query/v1/suiteql"
    body = {"q": "SELECT id FROM currency"}
    assert (await api.refused("POST", path, body))[:2] == (400, "INVALID_HEADER")
    answer = await api.query(body["q"], limit=1001)
    assert answer.json()["o:errorDetails"][0]["o:errorPath"] == "limit"


async def test_dates_follow_the_user(api: Api) -> None:
    api.account.books.now = lambda: datetime(2026, 3, 1, 3, 30, 9, tzinfo=UTC)
    await api.control("settings", {"timezone": "America/New_York"})
    await api.control("seed", {"department": [{"externalId": "late", "name": "Late"}]})
    rows: Any = await api.select(
        "SELECT lastmodifieddate, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS exact"
        " FROM department WHERE externalid = 'late'"
    )
    assert rows == [{"lastmodifieddate": "2/28/2026", "exact": "2026-02-28 22:30:09"}]


async def test_a_changed_and_a_deleted_row_are_seen(api: Api) -> None:
    sql = "SELECT companyname FROM customer ORDER BY id"
    assert len(await api.select(sql)) == 2
    path = "/services/rest/record/v1/customer/eid:cust-de"
    await api.send("PATCH", path, {"companyName": "Renamed"})
    assert await api.select(sql) == [{"companyname": "Client NL"}, {"companyname": "Renamed"}]
    await api.send("DELETE", path)
    assert await api.select(sql) == [{"companyname": "Client NL"}]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("MAX(trandate)", "2/12/2026"),
        ("TO_CHAR(MAX(trandate), 'DD-MON-YYYY HH24:MI')", "12-Feb-2026 00:00"),
        ("TRUNC(MIN(trandate))", "2/10/2026"),
        ("TO_CHAR(MIN(duedate), 'YYYY\"/\"MM')", "2026/03"),
        ("NVL(MIN(memo), 'none')", "none"),
        ("MIN('2026-02-10 00:00:00')", "2026-02-10 00:00:00"),
    ],
)
async def test_dates_keep_their_nature_through_expressions(
    api: Api, expression: str, shown: str
) -> None:
    for day in ("2026-02-10", "2026-02-12"):
        await api.create("invoice", **invoice(tranDate=day))
    assert await api.select(f"SELECT {expression} AS x FROM transaction") == [{"x": shown}]
