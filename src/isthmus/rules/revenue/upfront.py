"""Fees for setting up, which deliver nothing by themselves (IFRS 15 B48-B51)."""

from __future__ import annotations

from dataclasses import dataclass

from isthmus.kit.money import Money
from isthmus.rules.rounding import Remainder, split


@dataclass(frozen=True, slots=True)
class SetUp:
    fee: Money
    monthly: Money
    term: int
    expected_life: int
    """Months that the customer is expected to stay, renewals included."""
    material_right: bool
    """Renewing without paying the fee again is worth something (Example 53): a judgement."""


def earned_by_month(terms: SetUp, remainder: Remainder = Remainder.CUMULATIVE) -> tuple[Money, ...]:
    """The fee and the monthly price, over the term or over the life of the customer."""
    months = terms.expected_life if terms.material_right else terms.term
    fees = split(terms.fee, [1] * months, remainder)
    return tuple(fee + terms.monthly for fee in fees)
