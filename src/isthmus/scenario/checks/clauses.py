"""What is wrong with the detailed terms of one contract, wherever they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel

from isthmus.canonical.revenue import RecognitionMethod
from isthmus.canonical.terms import RoundingGrain
from isthmus.kit.money import Money
from isthmus.landscape.document import Document
from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.agreed import BillingClauses, Clauses

COST, HOURS = RecognitionMethod.COST_TO_COST, RecognitionMethod.TIME_BASED
NEEDS = {COST: "expected_cost", HOURS: "expected_hours"}
"""By method: what is expected in all, in the terms or in an estimate."""
OVER_TIME = {*NEEDS, RecognitionMethod.RATABLE}


@dataclass(frozen=True)
class Agreement:
    """What else is agreed in the contract that the clauses belong to. `estimated` are the keys
    that are estimated elsewhere; `rounds_lines` where invoices are drafted that can be rounded.
    """

    name: str
    currency: str
    value: Money | None = None
    ends: date | None = None
    minimum_increment: int | None = None
    estimated: frozenset[str] = frozenset()
    rounds_lines: bool = False


def check_clauses(
    document: Document, path: KeyPath, clauses: BillingClauses, of: Agreement
) -> None:
    """`path` is where the clauses stand in the document."""
    for place, amount in amounts_in(clauses, path):
        if amount.currency != of.currency:
            foreign_amount(document, place, amount, of.name, of.currency)
    for number, cap in enumerate(clauses.caps):
        if cap.amount is None and cap.hours is None:
            document.add(
                (*path, "caps", number), "the cap limits neither money nor hours",
                "there is nothing to compare work with", "Add `amount` or `hours`.",
            )  # fmt: skip
    _time(document, (*path, "time"), clauses, of)
    if isinstance(clauses, Clauses):
        _recognition(document, (*path, "recognition"), clauses, of)


def amounts_in(part: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Money]]:
    """Every amount at any depth, with its place."""
    if isinstance(part, Money):
        yield path, part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from amounts_in(getattr(part, name), (*path, name))
    elif isinstance(part, tuple):
        for place, inner in enumerate(part):
            yield from amounts_in(inner, (*path, place))


def foreign_amount(
    document: Document, path: KeyPath, amount: Money, contract: str, currency: str
) -> None:
    document.add(
        path, f"{amount} is of another currency than its contract",
        f"{contract} is in {currency}, and nothing is converted",
        f"Write the amount in {currency}, as `{amount.amount:f} {currency}`.",
        on_value=True,
    )  # fmt: skip


def _time(document: Document, path: KeyPath, clauses: BillingClauses, of: Agreement) -> None:
    terms = clauses.time
    if terms is None:
        return
    on_line = terms.rounding and terms.rounding.grain is RoundingGrain.INVOICE_LINE
    if on_line and not of.rounds_lines:
        document.add(
            (*path, "rounding", "grain"), "an invoice line cannot be rounded here",
            "hours are priced before it is known which line they are on",
            "Write `entry` or `person_task_day`.", on_value=True,
        )  # fmt: skip
    if terms.rounding and of.minimum_increment is not None:
        document.add(
            (*path, "rounding"), "hours are rounded in two ways",
            "`minimum_increment` says it too, and would be ignored", "Remove one of the two.",
        )  # fmt: skip
    hourly = terms.overtime and (terms.overtime.daily_threshold or terms.overtime.weekly_threshold)
    if terms.day_rate and (hourly or terms.tiers):
        document.add(
            (*path, "day_rate"), "days have no overtime thresholds and no hourly tiers",
            "the same work would have two prices", "Remove one of the two.",
        )  # fmt: skip


def _recognition(document: Document, path: KeyPath, clauses: Clauses, of: Agreement) -> None:
    terms = clauses.recognition
    if terms is None:
        return
    if terms.method in OVER_TIME and terms.price is None and of.value is None:
        document.add(
            path, "nothing says what there is to earn",
            f"{terms.method} earns a price over time", "Add `value` to the contract.",
        )  # fmt: skip
    if terms.method is RecognitionMethod.RATABLE and not (terms.ends_on or of.ends):
        document.add(
            path, "nothing says until when it is earned", "ratable revenue needs a last day",
            "Add `ends` to the contract.",
        )  # fmt: skip
    key = NEEDS.get(terms.method)
    if key and getattr(terms, key) is None and key not in of.estimated:
        document.add(
            path, f"`{key}` is missing", f"{terms.method} divides what is done by it",
            f"Add `{key}` here, or an estimate.",
        )  # fmt: skip
