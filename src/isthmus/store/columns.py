"""What all tables share. Money columns are NUMERIC; instants are TIMESTAMPTZ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def id_column(**options: object) -> sa.Column[str]:
    return sa.Column("id", UUID(as_uuid=False), primary_key=True, **options)  # type: ignore[arg-type] # Column's options


def uuid(name: str, *, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, UUID(as_uuid=False), nullable=nullable)


def at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    default = None if nullable else sa.func.clock_timestamp()
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def money(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Numeric, nullable=nullable)


def as_uuid(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """NULL for a text that is none, which PostgreSQL would refuse to cast."""
    return sa.case((value.regexp_match(_UUID), sa.cast(value, UUID(as_uuid=False))))


def among(column: sa.ColumnElement[str], values: Iterable[str]) -> sa.ColumnElement[bool]:
    """One parameter, however many values: `IN` has one for each, and ten thousand take long.

    The text is made an array in a query of its own, so once: as a plain cast it would be for every
    row that is looked at.
    """
    return _any_of(column, sa.literal(listed(values), sa.Text))


def among_given(column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """As `among`, in a statement that is made once: each execution names its `listed` values. What
    is asked for every entry that comes alone costs more to write down than to answer.
    """
    return _any_of(column, sa.bindparam(name, type_=sa.Text))


def joined_given(column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """As `among_given`, where the planner may prefer to read the table: without an index that it
    likes it would compare each row with each value. Of large tables it would read too much.
    """
    text = sa.bindparam(name, type_=sa.Text)
    return column.in_(sa.select(sa.func.unnest(sa.cast(text, ARRAY(column.type)))))


def _any_of(column: sa.ColumnElement[str], text: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    once = sa.select(sa.cast(text, ARRAY(column.type))).scalar_subquery()
    return column == sa.any_(sa.cast(once, ARRAY(column.type)))


def array(values: Iterable[object], type_: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.literal(listed(values), sa.Text), ARRAY(type_))


def array_given(name: str, type_: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """As `array`, in a statement that is made once. In a query of its own, or planning reads it
    too: an array of constants is worked out before there is a plan.
    """
    text = sa.bindparam(name, type_=sa.Text)
    return sa.cast(sa.select(sa.cast(text, ARRAY(type_))).scalar_subquery(), ARRAY(type_))


def listed(values: Iterable[object]) -> str:
    """An array as one text, None as NULL: a driver that writes a list looks at each element.

    https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    given = list(values)
    if not given:
        return "{}"
    if None in given:
        texts = ["NULL" if v is None else f'"{_escaped(str(v))}"' for v in given]
        return f"{{{','.join(texts)}}}"
    texts = list(map(str, given))
    text = '","'.join(texts)
    if "\\" in text or text.count('"') != 2 * (len(texts) - 1):
        text = '","'.join(map(_escaped, texts))
    return f'{{"{text}"}}'


_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
