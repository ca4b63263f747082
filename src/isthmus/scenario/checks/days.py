"""Days in an order that cannot have been."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.checks.parts import Parts
from isthmus.scenario.file import MilestonePart, PeriodPart


def check_days(parts: Parts) -> None:
    for path, key, day, before, what in _orders(parts):
        if day < before:
            parts.document.add(
                (*path, key), f"{day} is before {before}", f"{what} comes first",
                "Correct one of the two days.", on_value=True,
            )  # fmt: skip
    _periods(parts)


Order = tuple[KeyPath, str, date, date, str]


def _orders(parts: Parts) -> Iterator[Order]:
    yield from _terms(parts)
    for path, project in parts.projects.items():
        for name, phase in project.phases.items():
            if phase.starts and phase.ends:
                yield (*path, "phases", name), "ends", phase.ends, phase.starts, "`starts`"
    for path, period in parts.periods.items():
        if period.opened_again:
            yield path, "opened_again", period.opened_again, period.closed, "`closed`"
    for path, milestone in parts.milestones.items():
        yield from _of_milestone(path, milestone)
    for path, credit in parts.credits.items():
        yield path, "on", credit.on, credit.invoice, "the invoice"


def _terms(parts: Parts) -> Iterator[Order]:
    for path, contract in parts.contracts.items():
        if contract.ends:
            yield path, "ends", contract.ends, contract.starts, "`starts`"
    for path, card in parts.rate_cards.items():
        if card.ends:
            yield path, "to", card.ends, card.starts, "`from`"


def _of_milestone(path: KeyPath, milestone: MilestonePart) -> Iterator[Order]:
    if milestone.delivered:
        first = min(milestone.delivered)
        for rejected in milestone.rejected:
            yield path, "rejected", rejected, first, "delivery"
        if milestone.accepted:
            last = max((*milestone.delivered, *milestone.rejected))
            yield path, "accepted", milestone.accepted, last, "delivery, or its repetition,"


def _periods(parts: Parts) -> None:
    spans: dict[tuple[str, str], list[tuple[date, KeyPath, PeriodPart]]] = {}
    for path, period in parts.periods.items():
        key = (str(period.month), period.company or "")
        spans.setdefault(key, []).append((period.closed, path, period))
    for closings in spans.values():
        for (_, _, first), (_, path, later) in pairwise(sorted(closings, key=lambda c: c[:1])):
            if first.opened_again is None or later.closed < first.opened_again:
                parts.document.add(
                    path, f"{later.month} is closed twice",
                    f"it is closed since {first.closed} and not open on {later.closed}",
                    "Say when it was opened again in between, or remove one.",
                )  # fmt: skip
