"""Tax numbers of the firm's companies."""

from __future__ import annotations

from isthmus.landscape.checks.parts import each
from isthmus.landscape.document import Document
from isthmus.landscape.firm import LegalEntity
from isthmus.landscape.mistake import KeyPath
from isthmus.rules.problems import Problem
from isthmus.rules.tax import read_tax_registration


def check_companies(document: Document) -> None:
    first: dict[str, KeyPath] = {}
    for path, company in each(document, LegalEntity, "firm", "legal_entities"):
        for index, tax_id in enumerate(company.tax_ids):
            place = (*path, "tax_ids", index)
            found = read_tax_registration(company.country, tax_id)
            if isinstance(found, Problem):
                _invalid(document, place, company.country, tax_id, found)
                continue
            other = first.setdefault(found.number, place)
            if other is not place:
                _twice(document, place, tax_id, other)


def _invalid(
    document: Document, place: KeyPath, country: str, tax_id: str, problem: Problem
) -> None:
    document.add(
        place,
        f"`{tax_id}` is not a tax number of {country}",
        problem.reason.rpartition(": ")[2],
        "Copy it from the registration, or correct the company's country.",
    )


def _twice(document: Document, place: KeyPath, tax_id: str, other: KeyPath) -> None:
    document.add(
        place,
        f"the tax number `{tax_id}` is given twice",
        f"{other[2]} has it on line {document.mark(other).line}, and a number belongs to one "
        "company",
        "Remove it from one of them.",
    )
