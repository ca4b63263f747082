"""Where in the firm an object belongs, as conditions of one row, for who sees some companies only.

An object names its company, by code or canonical id, or it belongs to what does: to a project, a
contract, the invoices that it pays. What all companies share is everybody's. What is of several of
them, or names none, is seen by those alone who see the whole firm.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from isthmus.store.columns import as_uuid
from isthmus.store.entry_places import rated_for
from isthmus.store.tables import record, run

SHARED = (
    "accounting_period", "cost_centre", "currency", "customer", "exchange_rate", "profit_centre",
    "rate_card", "resource", "tax_code",
)  # fmt: skip
"""Kinds that all companies work with, where they name no company of their own."""
_entity, _project, _contract, _subject, _paid, _foreign = (
    record.alias(n)
    for n in ("entity", "of_project", "of_contract", "subject", "paid", "paid_elsewhere")
)
_INVOICES: sa.ColumnElement[str] = sa.literal_column("'$.applications[*].invoice'")


def of_company(of: Any, codes: list[str]) -> sa.ColumnElement[bool]:
    """A record of these companies. `of` is the table of records, or an alias of it."""
    company, project = of.c.data["legal_entity"].astext, of.c.data["project"].astext
    contract = of.c.data["contract"].astext
    return sa.case(
        (of.c.kind == "legal_entity", of.c.data["code"].astext.in_(codes)),
        (company.is_not(None), _named(company, codes)),
        (project.is_not(None), of_project(as_uuid(project), codes)),
        (contract.is_not(None), _of_kind(_contract, "contract", as_uuid(contract), codes)),
        (of.c.kind == "payment", _pays(of, codes)),
        else_=of.c.kind.in_(SHARED),
    )


def of_project(id: sa.ColumnElement[Any], codes: list[str]) -> sa.ColumnElement[bool]:
    return _of_kind(_project, "project", id, codes)


def of_entry(kind: str, entry: Any, codes: list[str]) -> sa.ColumnElement[bool]:
    """`entry` is the table of time or of expenses."""
    rated = rated_for(kind, entry.c.id)
    return sa.func.coalesce(rated.in_(codes), of_project(entry.c.project, codes))


def run_of(codes: Collection[str]) -> sa.ColumnElement[bool]:
    """A run that is about one object, of these companies."""
    theirs = of_company(_subject, sorted(codes))
    return sa.exists(
        sa.select(_subject.c.id).where(_subject.c.id == as_uuid(run.c.subject), theirs)
    )


def _named(company: sa.ColumnElement[str], codes: list[str]) -> sa.ColumnElement[bool]:
    by_id = sa.exists(
        sa.select(_entity.c.id).where(
            _entity.c.kind == "legal_entity",
            sa.cast(_entity.c.id, sa.Text) == company,
            _entity.c.data["code"].astext.in_(codes),
        )
    )
    return sa.or_(company.in_(codes), by_id)


def _of_kind(
    alias: Any, kind: str, id: sa.ColumnElement[Any], codes: list[str]
) -> sa.ColumnElement[bool]:
    """Projects and contracts name their company by its code."""
    theirs = alias.c.data["legal_entity"].astext.in_(codes)
    return sa.exists(sa.select(alias.c.id).where(alias.c.kind == kind, alias.c.id == id, theirs))


def _pays(of: Any, codes: list[str]) -> sa.ColumnElement[bool]:
    """Invoices of these companies and of no other. One that is not known here is of none."""
    found = sa.func.jsonb_path_query(of.c.data, _INVOICES).op("#>>")(sa.literal_column("'{}'"))
    named = sa.any_(sa.func.array(sa.select(found).correlate(of).scalar_subquery()))

    def some(alias: Any, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        is_it = (alias.c.kind == "invoice", sa.cast(alias.c.id, sa.Text) == named)
        return sa.exists(sa.select(alias.c.id).where(*is_it, condition))

    ours, theirs = (_named(a.c.data["legal_entity"].astext, codes) for a in (_paid, _foreign))
    return sa.and_(some(_paid, ours), sa.not_(some(_foreign, sa.not_(theirs))))
