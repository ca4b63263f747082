"""Rows by the thousand as one parameter: one statement, however many there are.

They travel as JSON, in which an exact decimal stays one: it is written as text. The statement is
made once for its table and columns; executing it takes `rows_given` or `pairs_given`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects.postgresql import UUID, insert

from isthmus.store.columns import array_given, listed

Rows = Sequence[Mapping[str, Any]]
"""Column -> value; all rows have the same columns."""


def given(table: sa.Table, names: Sequence[str]) -> sa.TableValuedAlias:
    """The rows to select from, typed as the table's columns."""
    columns = [sa.column(name, table.c[name].type) for name in names]
    text = sa.bindparam("given_rows", type_=sa.Text)
    recordset = sa.func.json_to_recordset(sa.cast(text, sa.JSON)).table_valued(*columns)
    return recordset.render_derived(name="given", with_types=True)


def rows_given(rows: Rows) -> dict[str, str]:
    return {"given_rows": to_json(list(rows)).decode()}


@cache
def inserting(
    table: sa.Table, names: tuple[str, ...], returning: str | None = None
) -> sa.Executable:
    """Insert the rows that are new; the column of these that is asked for."""
    source = given(table, names)
    rows = sa.select(*(source.c[name] for name in names))
    statement = insert(table).from_select(list(names), rows).on_conflict_do_nothing()
    return statement if returning is None else statement.returning(table.c[returning])


def pairs(
    type_: type[sa.types.TypeEngine[Any]], of: type[sa.types.TypeEngine[Any]] = UUID
) -> sa.Subquery:
    """Id and its value as rows to join: two parameters, whatever the number."""
    ids, values = array_given("given_ids", of()), array_given("given_values", type_())
    rows = sa.func.unnest(ids, values).table_valued("id", "value").render_derived()
    return sa.select(rows.c.id, rows.c.value).subquery()


def pairs_given(values: Mapping[str, Any]) -> dict[str, str]:
    return {"given_ids": listed(values), "given_values": listed(values.values())}
