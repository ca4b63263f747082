"""The parts of a scenario that are well-formed, with their places in the file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from isthmus.landscape.checks.parts import keys_at, well_formed
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.agreed import ContractPart
from isthmus.scenario.changes import AmendmentPart, CreditPart
from isthmus.scenario.file import (
    EstimatePart,
    ExpensePart,
    MilestonePart,
    PeriodPart,
    PersonPart,
    ProgressPart,
    ProjectPart,
    RateCardPart,
    TimePart,
)
from isthmus.scenario.written import CURRENCY

M = TypeVar("M", bound=BaseModel)
Placed = dict[KeyPath, M]
OfProject = ExpensePart | MilestonePart | TimePart


@dataclass(frozen=True)
class Parts:
    document: Document
    currency: str
    """Of contracts that name none."""
    people: Placed[PersonPart]
    rate_cards: Placed[RateCardPart]
    contracts: Placed[ContractPart]
    projects: Placed[ProjectPart]
    milestones: Placed[MilestonePart]
    time: Placed[TimePart]
    expenses: Placed[ExpensePart]
    amendments: Placed[AmendmentPart]
    credits: Placed[CreditPart]
    progress: Placed[ProgressPart]
    estimates: Placed[EstimatePart]
    periods: Placed[PeriodPart]

    @classmethod
    def of(cls, document: Document, context: dict[str, Any]) -> Parts:
        def placed(section: str, model: type[M]) -> Placed[M]:
            written = document.data.get(section)
            items = written.items() if isinstance(written, dict) else _numbered(written)
            found = ((key, well_formed(model, part, context)) for key, part in items)
            return {(section, key): part for key, part in found if part is not None}

        return cls(
            document,
            context[CURRENCY],
            placed("people", PersonPart),
            placed("rate_cards", RateCardPart),
            placed("contracts", ContractPart),
            placed("projects", ProjectPart),
            placed("milestones", MilestonePart),
            placed("time", TimePart),
            placed("expenses", ExpensePart),
            placed("amendments", AmendmentPart),
            placed("credits", CreditPart),
            placed("progress", ProgressPart),
            placed("estimates", EstimatePart),
            placed("periods", PeriodPart),
        )

    def names(self, section: str) -> list[str]:
        """As written, whatever else is wrong with what they name."""
        return list(keys_at(self.document, section))

    def of_contract(self, name: str | None) -> tuple[str, ContractPart] | None:
        """By its name, or the only one; None where it is unknown or unclear which is meant."""
        known = self.names("contracts")
        if name is None and len(known) == 1:
            [name] = known
        part = self.contracts.get(("contracts", name)) if name is not None else None
        return (name, part) if name is not None and part is not None else None

    def name_of(self, contract: str | None) -> str | None:
        """The name of a contract that may be left out where there is only one."""
        found = self.of_contract(contract)
        return found[0] if found else None

    def contract_of(self, part: OfProject) -> tuple[str, ContractPart] | None:
        if part.project is None:
            return self.of_contract(part.contract)
        project = self.projects.get(("projects", part.project))
        stated = project.contract if project is not None else None
        return self.of_contract(stated or part.project)

    def currency_of(self, contract: ContractPart) -> str:
        return contract.currency or self.currency

    def unknown(self, path: KeyPath, what: str, name: str, known: set[str]) -> None:
        self.document.add(
            path,
            f"no {what} is named `{name}`",
            f"known: {listed(known)}",
            did_you_mean(name, known, f"Correct the name, or state the {what}."),
            on_value=True,
        )


def _numbered(written: Any) -> list[tuple[int, Any]]:
    return list(enumerate(written)) if isinstance(written, list) else []
