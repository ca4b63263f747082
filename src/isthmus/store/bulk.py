"""Rows by the thousand: a statement with one parameter for each column, however many rows.

A column travels as an array, and one in which all rows agree as its value. The statement is made
once for its table and columns; executing it takes `rows_given` or `pairs_given`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy.dialects.postgresql import JSONB, UUID, insert

from isthmus.store.columns import array_given, listed

Rows = Sequence[Mapping[str, Any]]
"""Column -> value; all rows have the same columns."""
MANY = 100
"""Rows from which on it is worth looking for columns in which they agree. Fewer are always sent
alike, so that there are few statements to make and to plan.
"""


@dataclass(frozen=True)
class Shape:
    """Which columns rows have, and in which of these they differ; never in none."""

    names: tuple[str, ...]
    own: tuple[str, ...]

    @classmethod
    def of(cls, rows: Rows) -> Shape:
        first, names = rows[0], tuple(rows[0])
        if len(rows) < MANY:
            return cls(names, names)
        return cls(names, tuple(n for n in names if any(r[n] != first[n] for r in rows)))


def given(table: sa.Table, shape: Shape) -> sa.Subquery:
    """The rows to select from, typed as the table's columns."""
    arrays = [array_given(f"given_{name}", table.c[name].type) for name in shape.own]
    rows = sa.func.unnest(*arrays).table_valued(*shape.own).render_derived()
    columns = [
        rows.c[name] if name in shape.own
        else sa.cast(sa.bindparam(f"given_{name}", type_=sa.Text), table.c[name].type)
        for name in shape.names
    ]  # fmt: skip
    return sa.select(*(c.label(n) for c, n in zip(columns, shape.names, strict=True))).subquery()


def rows_given(table: sa.Table, shape: Shape, rows: Rows) -> dict[str, str | None]:
    said: dict[str, str | None] = {}
    for name in shape.names:
        values = [row[name] for row in rows] if name in shape.own else [rows[0][name]]
        if isinstance(table.c[name].type, JSONB):
            values = [None if v is None else to_json(v).decode() for v in values]
        same = None if values[0] is None else str(values[0])
        said[f"given_{name}"] = listed(values) if name in shape.own else same
    return said


@lru_cache(256)
def inserting(table: sa.Table, shape: Shape, returning: str | None = None) -> sa.Executable:
    """Insert the rows that are new; the column of these that is asked for."""
    rows = sa.select(given(table, shape))
    statement = insert(table).from_select(list(shape.names), rows).on_conflict_do_nothing()
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
