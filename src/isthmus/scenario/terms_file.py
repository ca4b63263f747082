"""A terms file: what changes of a contract's detailed terms, in the words of a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from isthmus.canonical import Contract
from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import Acceptance, DeemedDay, FixedFeeTerms, RetentionTax
from isthmus.landscape.document import Document, Kind, read_document
from isthmus.landscape.explain import Explainer
from isthmus.landscape.firm import Part
from isthmus.landscape.keys import wrong
from isthmus.landscape.mistake import KeyPath, Mistake, report
from isthmus.rules.agreed_terms import agree_terms, check_agreed
from isthmus.rules.amendments import value_on
from isthmus.rules.contracts import ends_on
from isthmus.rules.refusal import Unusable
from isthmus.scenario.agreed import Clauses, ContractPart, Percent
from isthmus.scenario.checks.clauses import Agreement, check_clauses
from isthmus.scenario.written import CURRENCY

TERMS = Kind(
    name="terms file",
    keys="time, caps, expenses, fixed_fee, recognition",
    start="Start from `isthmus contract show NUMBER --yaml`.",
    place="Name a file that is there.",
)
NOT_BILLED: Mapping[str, str] = {
    "hour_retainer": "an hour retainer",
    "hour_block": "a prepaid block of hours",
    "money_retainer": "a money retainer",
    "deposit": "a deposit",
    "subscription": "a subscription",
    "cost_plus": "cost and a fee",
    "fixed_fee.instalments": "instalments of the terms; those of the deal are billed",
    "fixed_fee.payers": "shares of several payers",
    "fixed_fee.progress_decrease": "progress",
    "fixed_fee.advance_percent": "an advance",
    "fixed_fee.late_damages": "damages for delay",
    "fixed_fee.termination_fee": "a termination fee",
    "caps.includes_expenses": "a cap that expenses use up",
    "expenses.mileage": "a mileage allowance",
    "expenses.per_diem": "a daily allowance",
    "expenses.categories.allowance": "an allowance",
}
"""Terms that the model and the rules know and no flow follows: key, numbers of lists left out, and
what it is.
"""


class FixedFeePart(Part):
    """When a delivered milestone may be billed, and what the client keeps of it."""

    acceptance: Acceptance = Field(
        default=Acceptance.SIGNED,
        description="The client's sign-off, silence after delivery, or delivery alone.",
    )
    deemed_after_days: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="Days of silence that are acceptance, where `deemed`."
    )
    deemed_day: DeemedDay = Field(
        default=DeemedDay.AFTER_LAST_DAY,
        description="Whether silence is acceptance on the last of these days or the day after.",
    )
    retention_percent: Percent | None = Field(
        default=None, description="Part of every milestone that is kept until final acceptance."
    )
    retention_tax: RetentionTax = Field(
        default=RetentionTax.WHEN_INVOICED, description="When the kept part is taxed."
    )

    @model_validator(mode="after")
    def _silence_has_a_length(self) -> FixedFeePart:
        if (self.acceptance is Acceptance.DEEMED) == (self.deemed_after_days is not None):
            return self
        raise wrong(
            "`acceptance: deemed` and `deemed_after_days` go together",
            "Write both, or neither.",
        )


class TermsFile(Clauses):
    """A section that is stated replaces the whole of it; one of nothing goes back to its default.
    A section that is not stated stays as it was.
    """

    fixed_fee: FixedFeePart | None = Field(
        default=None, description="Acceptance and retention of milestones."
    )

    def over(self, terms: Terms) -> Terms:
        """The terms in force, with what the file states."""
        stated = self.terms()
        if "fixed_fee" in self.model_fields_set:
            stated["fixed_fee"] = FixedFeeTerms(**dict(self.fixed_fee or FixedFeePart()))
        return terms.model_copy(update=stated)


class TermsFileError(ValueError):
    """The file cannot be used; `mistakes` holds every reason, in file order."""

    def __init__(self, file: Path, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(report(file, self.mistakes))


def read_terms(path: Path, contract: Contract, day: date) -> TermsFile:
    """The file, as terms of this contract from a day on. Raises TermsFileError."""
    document = read_document(path, TERMS)
    _explain_left_out(document)
    file = _shape(document, contract.currency) if document.data or not document.mistakes else None
    if file is not None:
        check_clauses(document, (), file, _agreement(contract, day))
    if file is not None and not document.mistakes:
        _check_rules(document, file, contract, day)
    if file is None or document.mistakes:
        raise TermsFileError(path, sorted(set(document.mistakes)))
    return file


def _explain_left_out(document: Document) -> None:
    """What would be an unknown key below gets its own explanation, and is not told of twice."""
    for path in list(document.marks):
        key = ".".join(part for part in path if isinstance(part, str))
        if key in NOT_BILLED:
            _drop(document, path)
            document.add(
                path, f"no flow bills by `{key}` yet",
                f"{NOT_BILLED[key]} would be agreed here and never be on an invoice",
                "Remove it, and bill what it says by hand.",
            )  # fmt: skip
        elif len(path) == 1 and key in _OF_THE_DEAL:
            _drop(document, path)
            document.add(path, f"`{key}` is no detailed term", *_elsewhere(key))


_OF_THE_DEAL = ContractPart.model_fields.keys() - TermsFile.model_fields.keys()
"""What a scenario says of a contract and a terms file does not."""


def _elsewhere(key: str) -> tuple[str, str]:
    if key == "retention":
        return (
            "a scenario also says on which day it is released",
            "Write `fixed_fee: {retention_percent: 10}`; final acceptance releases it.",
        )
    if key == "tax":
        return "the ledger works out the tax of an invoice", "Remove it."
    return (
        "the deal says it, in the CRM",
        "Remove it; to change it, win a deal that amends the first one.",
    )


def _drop(document: Document, path: KeyPath) -> None:
    *above, key = path
    parent = document.get(tuple(above))
    if isinstance(parent, dict):
        parent.pop(key, None)


def _shape(document: Document, currency: str) -> TermsFile | None:
    if document.data.get("caps", ()) is None:
        document.data["caps"] = []
    try:
        return TermsFile.model_validate(document.data, context={CURRENCY: currency})
    except ValidationError as error:
        Explainer(document, TermsFile).explain(error)
        return None


def _agreement(contract: Contract, day: date) -> Agreement:
    """The smallest billed slice of the contract is no second rounding: the terms' own replaces
    it.
    """
    return Agreement(
        f"contract {contract.number}", contract.currency, value_on(contract, day),
        ends_on(contract, day), rounds_lines=True,
    )  # fmt: skip


def _check_rules(document: Document, file: TermsFile, contract: Contract, day: date) -> None:
    """What the rules themselves refuse, at the line of the key that they name."""
    terms = file.over(contract.terms_on(day))
    try:
        check_agreed(agree_terms(contract, terms, day, "", at_first=False), day)
    except Unusable as refused:
        named = (path for path in document.marks if path[-1] == refused.field)
        document.add(
            next(named, ()), f"`{refused.field}` cannot be used", refused.reason, refused.remedy
        )
