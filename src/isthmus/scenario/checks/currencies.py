"""Amounts in another currency than their contract's: nothing is converted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isthmus.kit.money import Money, minor_units
from isthmus.landscape.mistake import KeyPath
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
    for path, amendment in parts.amendments.items():
        yield from _of(path, amendment, amendment.contract, ("value_change", "cap"))
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
    """An invoice cannot ask for parts of a cent."""
    for path, milestone in parts.milestones.items():
        amount = milestone.amount
        if amount != amount.rounded():
            digits = minor_units(amount.currency)
            parts.document.add(
                (*path, "amount"), f"{amount} has parts of a minor unit",
                f"an invoice in {amount.currency} has {digits} digits after the point",
                "Correct the price of the milestone.", on_value=True,
            )  # fmt: skip
