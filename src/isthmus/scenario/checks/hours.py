"""Terms of hours that say nothing, or that stand in each other's way."""

from __future__ import annotations

from isthmus.canonical.terms import CapLevel, RoundingGrain
from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.agreed import CapPart, ContractPart
from isthmus.scenario.checks.parts import Parts


def check_hours(parts: Parts) -> None:
    for path, contract in parts.contracts.items():
        for place, cap in enumerate(contract.caps):
            _cap(parts, (*path, "caps", place), cap)
        _time(parts, (*path, "time"), contract)


def _cap(parts: Parts, path: KeyPath, cap: CapPart) -> None:
    if cap.amount is None and cap.hours is None:
        parts.document.add(
            path, "the cap limits neither money nor hours", "there is nothing to compare work with",
            "Add `amount` or `hours`.",
        )  # fmt: skip
    known = {
        CapLevel.PERSON: parts.names("people"),
        CapLevel.PROJECT: [*parts.names("contracts"), *parts.names("projects")],
    }.get(cap.level)
    if cap.of is not None and known is not None and cap.of not in known:
        parts.unknown((*path, "of"), cap.level, cap.of, set(known))


def _time(parts: Parts, path: KeyPath, contract: ContractPart) -> None:
    terms = contract.time
    if terms is None:
        return
    if terms.rounding and terms.rounding.grain is RoundingGrain.INVOICE_LINE:
        parts.document.add(
            (*path, "rounding", "grain"), "an invoice line cannot be rounded here",
            "hours are priced before it is known which line they are on",
            "Write `entry` or `person_task_day`.", on_value=True,
        )  # fmt: skip
    if terms.rounding and contract.minimum_increment is not None:
        parts.document.add(
            (*path, "rounding"), "hours are rounded in two ways",
            "`minimum_increment` says it too, and would be ignored", "Remove one of the two.",
        )  # fmt: skip
    hourly = terms.overtime and (terms.overtime.daily_threshold or terms.overtime.weekly_threshold)
    if terms.day_rate and (hourly or terms.tiers):
        parts.document.add(
            (*path, "day_rate"), "days have no overtime thresholds and no hourly tiers",
            "the same work would have two prices", "Remove one of the two.",
        )  # fmt: skip
