"""What events about milestones, work, invoices, credits and revenue tell."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from isthmus.events.data import Data


class AcceptedUnsigned(Data):
    accepted_on: date = Field(description="Day on which it came to count as accepted.")
    basis: str = Field(description="deemed or not_required.")


class MilestoneEarned(Data):
    on: date = Field(description="Day on which it counts as accepted.")
    basis: str = Field(description="signed, deemed or not_required.")
    amount: str = Field(description="Its price with the currency.")
    billed_in_advance: str = Field(description="What of it was invoiced before.")


class RetentionReleased(Data):
    amount: str = Field(description="What was withheld and is billed now, with its currency.")


class Batched(Data):
    entries: int = Field(description="Number of entries in the batch.")


class Rerated(Data):
    entries: int = Field(description="Number of entries that are priced again.")
    difference: str = Field(description="What their amounts move by, with the currency.")
    by: str = Field(description="Who asked.")


class BillingDue(Data):
    up_to: date = Field(description="Last day of work to bill.")


class InvoiceDrafted(Data):
    total: str = Field(description="Sum of the lines with its currency, before tax.")
    facts: int = Field(description="Number of rated facts on it.")


class InvoicePosted(Data):
    number: str | None = Field(description="Number that the ledger gave.")
    total: str = Field(description="Total with its currency, tax included where known.")


class CreditedLine(Data):
    line: int = Field(description="Number of the invoice's line.")
    quantity: str | None = Field(description="How much of it; null: see amount.")
    amount: str | None = Field(description="Amount before tax; both null: all that is left.")


class CreditRequested(Data):
    lines: list[CreditedLine] = Field(description="What to credit; empty: all that is left.")
    reason: str = Field(description="Why, as the client reads it.")
    rebill: bool = Field(description="Whether what is credited is billed again.")
    on: date = Field(description="Date of the memo.")
    by: str = Field(description="Who asked.")


class CreditDrafted(Data):
    invoice: str = Field(description="Canonical id of the invoice that is credited.")
    total: str = Field(description="Sum of the lines with its currency, before tax.")


class CreditPosted(Data):
    invoice: str = Field(description="Canonical id of the invoice that is credited.")
    number: str | None = Field(description="Number that the ledger gave.")
    total: str = Field(description="Total with its currency, tax included where known.")


class IntercompanyDue(Data):
    contracting: str = Field(description="Code of the company that has the contracts.")
    performing: str = Field(description="Code of the company whose people worked.")
    month: date = Field(description="First day of the month of work.")
    up_to: date = Field(description="Last day of work to charge.")


class TransferPosted(Data):
    performing: str = Field(description="Code of the company that charges.")
    contracting: str = Field(description="Code of the company that is charged.")
    month: date = Field(description="First day of the month of work.")
    amounts: list[str] = Field(description="What is charged, with its currency.")
    numbers: list[str | None] = Field(description="Numbers of the journal entries, both sides.")


class RevenueDue(Data):
    month: str = Field(description="Calendar month, as 2026-07.")


class RevenueWorkedOut(Data):
    month: str = Field(description="Calendar month that was asked for, as 2026-07.")
    period: str = Field(description="Canonical id of the accounting period that it goes into.")
    moved: str = Field(description="What the period's revenue moved by, with its currency.")
    to_date: str = Field(description="Revenue of the contract up to the end of the month.")


class RevenueCompared(Data):
    month: str = Field(description="Month up to which every period was compared.")
    ours: str = Field(description="Our revenue of these periods, with its currency.")


class RevenueNotCompared(RevenueCompared):
    why: str = Field(description="Why the ledger's figure is not known.")
