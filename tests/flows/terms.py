"""Terms of a contract as finance gives them, and what was told of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tests.firm import Firm
from tests.flows.work import contract

from isthmus.flows.terms_request import TermsChange, TermsRequest, change_terms
from isthmus.scenario.terms_file import read_terms

HALF_HOURS = "time: {rounding: {increment: 30}}\n"
JULY = date(2026, 7, 6)


async def give(
    firm: Firm, text: str, since: date = JULY, *, write: bool = True, note: str = "as agreed"
) -> TermsChange:
    """To the one contract of the firm."""
    given = await contract(firm)
    file = _written(firm.landscape_path.parent, text)
    request = TermsRequest(read_terms(file, given, since), since, note, "a tester")
    change = await change_terms(firm.app.engine, given.id, request, write=write)
    await firm.settle()
    return change


def _written(folder: Path, text: str) -> Path:
    file = folder / "terms.yaml"
    file.write_text(text, "utf-8")
    return file


def words(change: TermsChange) -> list[tuple[str, str | None, str | None]]:
    return [(m.term, m.old, m.new) for m in change.terms]


async def repriced(firm: Firm) -> dict[str, Any]:
    """What the latest change of terms did to work."""
    data: dict[str, Any] = (await firm.events("contract.work_repriced"))[-1]["data"]
    return data
