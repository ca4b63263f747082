"""What events about reconciliations tell."""

from __future__ import annotations

from pydantic import Field

from isthmus.events.data import Data


class ReconciliationDue(Data):
    name: str = Field(description="Its name in the landscape, or that of its promise.")
    promise: str = Field(description="time, invoices or customers.")
    by: str = Field(description="Who asked; `schedule`: the clock.")


class ReconciliationFinished(Data):
    name: str = Field(description="Its name in the landscape, or that of its promise.")
    breaks: int = Field(description="What the two systems do not agree on.")
    unexplained: int = Field(description="Of these, what nobody answers for.")
    amounts: dict[str, str] = Field(description="Currency to what is unexplained in it.")


class RepairAsked(Data):
    break_: str = Field(alias="break", description="Label of the break, such as BR-12.")
    act: str = Field(description="What is done about it.")
    by: str = Field(description="Who asked.")


class BreakAccepted(Data):
    name: str = Field(description="Name of the reconciliation.")
    break_: str = Field(alias="break", description="Label of the break, such as BR-12.")
    by: str = Field(description="Who answers for it.")
    reason: str = Field(description="Why it stays.")


class ReconciliationSigned(Data):
    name: str = Field(description="Name of the reconciliation.")
    run: str = Field(description="Label of the run, such as RC-7.")
    by: str = Field(description="Who signed.")
    role: str = Field(description="finance or delivery.")
    evidence: str = Field(description="SHA-256 of the totals and breaks that were signed.")
