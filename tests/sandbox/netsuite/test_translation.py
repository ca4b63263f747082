"""What is worked out once for many queries is what each of them would have got by itself."""

import pytest

from isthmus.sandbox.netsuite.translation import sqlite_of, translate
from isthmus.sandbox.netsuite.wire import NetSuiteError

SINCE = (
    "SELECT id, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS changed FROM customer "
    "WHERE lastmodifieddate >= TO_DATE('{since}', 'YYYY-MM-DD HH24:MI:SS') AND externalid <> '{id}'"
)
IDS = ("01a225ef-70ff-777e-83d7-878dfb40a72a", "6f0c25ee-11fa-4c1e-9d07-0a0b0c0d0e0f", "E001")


@pytest.mark.parametrize("since", ["2026-11-29 06:12:58", "2026-01-01 00:00:00"])
@pytest.mark.parametrize("id", IDS)
def test_dates_and_ids_are_those_of_the_query(since: str, id: str) -> None:
    query = SINCE.format(since=since, id=id)
    assert sqlite_of(query) == translate(query).sql(dialect="sqlite")
    assert f"'{since}'" in sqlite_of(query)


@pytest.mark.parametrize("day", ["11/29/2026", "1/2/2026"])
def test_a_date_that_is_read_is_not_one_of_another_query(day: str) -> None:
    query = f"SELECT id FROM transaction WHERE trandate = '{day}'"
    assert sqlite_of(query) == translate(query).sql(dialect="sqlite")


def test_a_refusal_names_what_was_asked() -> None:
    with pytest.raises(NetSuiteError, match="'2026-11-29' is not a date M/D/YYYY"):
        sqlite_of("SELECT id FROM transaction WHERE trandate = '2026-11-29'")


def test_more_dates_than_are_told_apart() -> None:
    days = ", ".join(f"TO_DATE('2026-01-{day:02}', 'YYYY-MM-DD')" for day in range(1, 14))
    query = f"SELECT id FROM transaction WHERE trandate IN ({days})"
    assert sqlite_of(query) == translate(query).sql(dialect="sqlite")
