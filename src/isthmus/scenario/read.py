"""Read a scenario file and find every mistake in it, before anything is played."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from isthmus.landscape.document import Document, Kind, read_document
from isthmus.landscape.explain import Explainer
from isthmus.landscape.firm import currencies
from isthmus.landscape.mistake import Mistake
from isthmus.scenario.checks import check_meaning
from isthmus.scenario.file import ScenarioFile
from isthmus.scenario.written import CURRENCY

SCENARIO = Kind(
    name="scenario",
    keys="scenario, contracts, time, runs, expect",
    start="Start from `isthmus scenario new`.",
    place="Name a file that is there, or write one with `isthmus scenario new FILE`.",
)
NAMED = ("companies", "customers", "people", "projects")
"""Sections in which a name alone says enough."""


@dataclass(frozen=True)
class Reading:
    """What was found in the file; `scenario` is None when a mistake is an error."""

    scenario: ScenarioFile | None
    mistakes: tuple[Mistake, ...]
    document: Document


def read(path: Path) -> Reading:
    document = read_document(path, SCENARIO)
    _fill_empty(document)
    shape: ScenarioFile | None = None
    if document.data:
        context = {CURRENCY: _currency(document)}
        shape = _shape(document, context)
        check_meaning(document, context)
    mistakes = tuple(sorted(set(document.mistakes)))
    return Reading(None if mistakes else shape, mistakes, document)


def _fill_empty(document: Document) -> None:
    """A section of comments is not there; a name with nothing after it is a name."""
    document.data = {key: value for key, value in document.data.items() if value is not None}
    for section in NAMED:
        names = document.data.get(section)
        if isinstance(names, dict):
            document.data[section] = {
                name: {} if keys is None else keys for name, keys in names.items()
            }


def _currency(document: Document) -> str:
    """A mistaken currency is told of once, not once for every amount."""
    written = document.data.get("currency")
    return written if isinstance(written, str) and written in currencies() else "EUR"


def _shape(document: Document, context: dict[str, Any]) -> ScenarioFile | None:
    try:
        return ScenarioFile.model_validate(document.data, context=context)
    except ValidationError as error:
        Explainer(document, ScenarioFile).explain(error)
        return None
