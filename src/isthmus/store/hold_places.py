"""Where in the firm a hold belongs: its project, and the company whose contract it stops.

As expressions of one row of `hold`, from what the hold is about.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from isthmus.store.columns import as_uuid
from isthmus.store.entry_places import rated_for
from isthmus.store.tables import expense_entry, hold, record, time_entry

_about, _project, _entity = (record.alias(n) for n in ("about", "about_project", "about_entity"))
_BY_CODE = ("opportunity", "contract", "project")
"""Kinds whose `legal_entity` is a code; in others it is the company's canonical id."""


def _of_entry(table: sa.Table) -> sa.ScalarSelect[Any]:
    return (
        sa.select(sa.cast(table.c.project, sa.Text))
        .where(table.c.id == hold.c.object_id)
        .correlate(hold)
        .scalar_subquery()
    )


def _of_record(value: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    return (
        sa.select(value)
        .where(_about.c.kind == hold.c.object_kind, _about.c.id == hold.c.object_id)
        .correlate(hold)
        .scalar_subquery()
    )


PROJECT: sa.ColumnElement[str | None] = sa.case(
    (hold.c.object_kind == "time_entry", _of_entry(time_entry)),
    (hold.c.object_kind == "expense_entry", _of_entry(expense_entry)),
    (hold.c.object_kind == "project", sa.cast(hold.c.object_id, sa.Text)),
    else_=_of_record(_about.c.data["project"].astext),
)
"""Canonical id of the project that a hold stops; NULL where it is about none."""

_CODE_OF_PROJECT = (
    sa.select(_project.c.data["legal_entity"].astext)
    .where(_project.c.kind == "project", _project.c.id == as_uuid(PROJECT))
    .correlate(hold)
    .scalar_subquery()
)
_CODE_BY_ID = (
    sa.select(_entity.c.data["code"].astext)
    .where(
        _entity.c.kind == "legal_entity",
        sa.cast(_entity.c.id, sa.Text) == _of_record(_about.c.data["legal_entity"].astext),
    )
    .correlate(hold)
    .scalar_subquery()
)
ENTITY: sa.ColumnElement[str | None] = sa.case(
    (hold.c.object_kind.in_(_BY_CODE), _of_record(_about.c.data["legal_entity"].astext)),
    else_=sa.func.coalesce(
        rated_for(hold.c.object_kind, hold.c.object_id), _CODE_OF_PROJECT, _CODE_BY_ID
    ),
)
"""Code of the company; NULL where nothing says whose it is."""


def of_companies(entities: Collection[str] | None) -> list[sa.ColumnElement[bool]]:
    """Holds of these companies; what is of none is seen by those alone who see all (None)."""
    return [] if entities is None else [ENTITY.in_(sorted(entities))]
