"""Remaining performance obligations: contracted, not yet earned (IFRS 15.120, 606-10-50-13)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

from isthmus.kit.money import Money
from isthmus.rules.revenue.ratable import Slice


class HourlyContracts(StrEnum):
    """IFRS 15.121(b), ASC 606-10-50-14(b): what is earned as it may be invoiced."""

    EXEMPT = "exempt"
    """Default: the practical expedient; such contracts are not in the table."""
    DISCLOSED = "disclosed"


def is_exempt(right_to_invoice: bool, hourly: HourlyContracts = HourlyContracts.EXEMPT) -> bool:
    return right_to_invoice and hourly is HourlyContracts.EXEMPT


def remaining_by_band(
    slices: Iterable[Slice], reported_on: date, band_ends: Sequence[date]
) -> tuple[Money, ...]:
    """What is earned after the report, per band; a slice belongs to the band that it ends in."""
    later = [piece for piece in slices if piece.ends_on > reported_on]
    starts = (reported_on, *band_ends[:-1])
    return tuple(
        _sum(piece for piece in later if start < piece.ends_on <= end)
        for start, end in zip(starts, band_ends, strict=True)
    )


def _sum(slices: Iterable[Slice]) -> Money:
    amounts = [piece.amount for piece in slices]
    return sum(amounts[1:], start=amounts[0])
