"""What events about contracts tell: opened, amended, given other terms, followed."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from isthmus.events.data import Data


class ContractOpened(Data):
    number: str = Field(description="Number of the contract.")


class ContractAmended(Data):
    number: int = Field(description="Number of the amendment, from 1.")
    opportunity: str = Field(description="Deal that amends.")
    deal: str = Field(description="Its name.")
    effective_on: date = Field(description="First day of the new terms.")
    before: dict[str, Any] = Field(description="Value, cap, last day, prices and instalments as "
                                   "they stood for that day.")  # fmt: skip
    after: dict[str, Any] = Field(description="The same as they stand now.")


class CapReached(Data):
    cap: str = Field(description="The limit, and its days where it has some.")
    level: str = Field(description="What it limits: contract, customer, project, task, person.")
    percent: int = Field(description="Highest percentage reached of those to be told.")


class Aligned(Data):
    system: str = Field(description="Connection that was written to.")
    what: str = Field(description="What was changed in it.")
    kind: str = Field(description="Kind of the object.")
    id: str = Field(description="Its canonical id.")
    external_id: str | None = Field(description="Its id in that system.")


class ContractAligned(Data):
    number: int = Field(description="Number of the amendment.")
    opportunity: str = Field(description="Deal that amends.")
    systems: list[Aligned] = Field(description="What was changed, system by system.")
    left_out: list[str] = Field(description="What a system has no place for.")
    repriced: int = Field(description="Unbilled entries that are priced again.")
    billed: int = Field(description="Entries invoiced at the price before the amendment.")
    billed_difference: str = Field(description="What they are worth more (or less) now.")
    billed_work: str = Field(description="Policy by which they were left, held or credited.")


class TermMoved(Data):
    term: str = Field(description="Name of the term, as a terms file writes it.")
    old: str | None = Field(description="What it was; null: there was none.")
    new: str | None = Field(description="What it is; null: there is none.")


class TermsChanged(Data):
    number: int | None = Field(description="Number of the amendment; null: the first terms.")
    effective_on: date = Field(description="First day of the new terms.")
    terms: list[TermMoved] = Field(description="What changed.")
    note: str = Field(description="Why.")
    by: str = Field(description="Who did it.")


class WorkRepriced(Data):
    number: int | None = Field(description="Number of the amendment; null: the first terms.")
    repriced: int = Field(description="Unbilled entries that are priced again.")
    retried: int = Field(description="Held entries that are tried again.")
    difference: str = Field(description="What unbilled amounts move by, with the currency.")
    billed: int = Field(description="Entries invoiced by the terms before.")
    billed_difference: str = Field(description="What they are worth more (or less) now.")
    billed_work: str = Field(description="Policy by which they were left, held or credited.")


class AmendmentEffective(Data):
    effective_on: date = Field(description="Day from which the prices apply.")
