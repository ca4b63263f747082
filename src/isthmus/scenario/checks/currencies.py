"""Amounts in another currency than their contract's: nothing is converted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isthmus.kit.money import Money, minor_units
from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.changes import CreditedLinePart
from isthmus.scenario.checks.clauses import foreign_amount
from isthmus.scenario.checks.parts import Parts


def check_currencies(parts: Parts) -> None:
    for path, contract, amount in _amounts(parts):
        found = parts.of_contract(contract)
        if found and amount.currency != (currency := parts.currency_of(found[1])):
            foreign_amount(parts.document, path, amount, found[0], currency)
    _whole_cents(parts)


Placed = tuple[KeyPath, str | None, Money]


def _amounts(parts: Parts) -> Iterator[Placed]:
    for path, contract in parts.contracts.items():
        yield from _of(path, contract, str(path[-1]), ("value", "cap"))
    for path, milestone in parts.milestones.items():
        if found := parts.contract_of(milestone):
            yield from _of(path, milestone, found[0], ("amount",))
    yield from _of_changes(parts)


def _of_changes(parts: Parts) -> Iterator[Placed]:
    for path, amendment in parts.amendments.items():
        yield from _of(path, amendment, amendment.contract, ("value_change", "cap"))
    for path, contract_name, credited in _credited(parts):
        yield from _of(path, credited, contract_name, ("amount",))
    for path, progress in parts.progress.items():
        yield from _of(path, progress, progress.contract, ("cost",))
    for path, estimate in parts.estimates.items():
        yield from _of(path, estimate, estimate.contract, ("expected_cost",))


def _of(path: KeyPath, part: Any, contract: str | None, keys: tuple[str, ...]) -> Iterator[Placed]:
    for key in keys:
        amount = getattr(part, key)
        if amount is not None:
            yield (*path, key), contract, amount


def _whole_cents(parts: Parts) -> None:
    """An invoice cannot ask for parts of a cent, nor a credit memo give them."""
    for path, amount, what in _payable(parts):
        if amount != amount.rounded():
            digits = minor_units(amount.currency)
            parts.document.add(
                (*path, "amount"), f"{amount} has parts of a minor unit",
                f"an invoice in {amount.currency} has {digits} digits after the point",
                f"Correct the {what}.", on_value=True,
            )  # fmt: skip


def _payable(parts: Parts) -> Iterator[tuple[KeyPath, Money, str]]:
    for path, milestone in parts.milestones.items():
        yield path, milestone.amount, "price of the milestone"
    for path, _, line in _credited(parts):
        if line.amount is not None:
            yield path, line.amount, "amount to credit"


def _credited(parts: Parts) -> Iterator[tuple[KeyPath, str | None, CreditedLinePart]]:
    for path, credit in parts.credits.items():
        for place, line in enumerate(credit.lines or ()):
            yield (*path, "lines", place), credit.contract, line
