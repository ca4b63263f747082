"""What all tables share. Money columns are NUMERIC; instants are TIMESTAMPTZ."""

from __future__ import annotations

from collections.abc import Iterable

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


def among(column: sa.Column[str], values: Iterable[str]) -> sa.ColumnElement[bool]:
    """One parameter, however many values: `IN` has one for each, and ten thousand take long."""
    return column == sa.any_(sa.cast(list(values), ARRAY(column.type)))
