"""Lists as the text of an array: each element comes out as it went in."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isthmus.store.columns import listed

KEPT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
"""What PostgreSQL keeps in a text."""


def out(server: psycopg.Connection, values: list[str | None]) -> list[str | None]:
    row = server.execute("select cast(%s as text[])", [listed(values)]).fetchone()
    assert row is not None
    return list(row[0])


@pytest.mark.parametrize(
    "values",
    [
        [],
        ["TC-1", "time_entry:7", "a.b"],
        ["a,b"],
        ["a", ""],
        ["NULL", "null", "x"],
        ["NULL", None, "x", None],
        ['say "no"', "{}", "\\", " ", '","'],
    ],
)
def test_an_element_stands_for_itself(server: psycopg.Connection, values: list[str | None]) -> None:
    assert out(server, values) == values


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.none() | KEPT, max_size=6))
def test_any_texts_stand_for_themselves(
    server: psycopg.Connection, values: list[str | None]
) -> None:
    assert out(server, values) == values
