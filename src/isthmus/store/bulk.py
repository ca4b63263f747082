"""Rows by the thousand as one parameter: one statement, however many there are.

They travel as JSON, in which an exact decimal stays one: it is written as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects.postgresql import UUID

from isthmus.store.columns import array

Rows = Sequence[Mapping[str, Any]]
"""Column -> value; all rows have the same columns."""


def given(table: sa.Table, rows: Rows) -> sa.TableValuedAlias:
    """The rows to select from, typed as the table's columns."""
    columns = [sa.column(name, table.c[name].type) for name in rows[0]]
    text = sa.literal(to_json(list(rows)).decode(), sa.Text)
    recordset = sa.func.json_to_recordset(sa.cast(text, sa.JSON)).table_valued(*columns)
    return recordset.render_derived(name="given", with_types=True)


def selected(table: sa.Table, rows: Rows) -> tuple[list[str], sa.Select[Any]]:
    """(columns, query) for an `INSERT ... SELECT` of the rows."""
    source, names = given(table, rows), list(rows[0])
    return names, sa.select(*(source.c[name] for name in names))


def pairs(
    values: Mapping[str, Any],
    type_: type[sa.types.TypeEngine[Any]],
    of: type[sa.types.TypeEngine[Any]] = UUID,
) -> sa.Subquery:
    """Id and its value as rows to join: two parameters, whatever the number."""
    ids, given = array(values, of()), array(values.values(), type_())
    rows = sa.func.unnest(ids, given).table_valued("id", "value").render_derived()
    return sa.select(rows.c.id, rows.c.value).subquery()
