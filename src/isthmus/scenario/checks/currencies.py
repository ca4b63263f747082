"""Amounts in another currency than their contract's: nothing is converted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isthmus.kit.money import Money, minor_units
from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.agreed import ContractPart, ExpensesPart
from isthmus.scenario.checks.parts import Parts


def check_currencies(parts: Parts) -> None:
    for path, contract, amount in _amounts(parts):
        found = parts.of_contract(contract)
        if found and amount.currency != (currency := parts.currency_of(found[1])):
            parts.document.add(
                path, f"{amount} is of another currency than its contract",
                f"{found[0]} is in {currency}, and nothing is converted",
                f"Write the amount in {currency}, as `{amount.amount:f} {currency}`.",
                on_value=True,
            )  # fmt: skip
    _whole_cents(parts)


Placed = tuple[KeyPath, str | None, Money]


def _amounts(parts: Parts) -> Iterator[Placed]:
    for path, contract in parts.contracts.items():
        name = str(path[-1])
        yield from _of(path, contract, name, ("value", "cap"))
        yield from _of_time(path, contract, name)
        if contract.expenses is not None:
            yield from _of_expenses((*path, "expenses"), contract.expenses, name)
        if contract.recognition is not None:
            place = (*path, "recognition")
            yield from _of(place, contract.recognition, name, ("price", "expected_cost"))
    for path, milestone in parts.milestones.items():
        if found := parts.contract_of(milestone):
            yield from _of(path, milestone, found[0], ("amount",))
    for path, amendment in parts.amendments.items():
        yield from _of(path, amendment, amendment.contract, ("value_change", "cap"))
    for path, progress in parts.progress.items():
        yield from _of(path, progress, progress.contract, ("cost",))
    for path, estimate in parts.estimates.items():
        yield from _of(path, estimate, estimate.contract, ("expected_cost",))


def _of_expenses(path: KeyPath, terms: ExpensesPart, name: str) -> Iterator[Placed]:
    yield from _of(path, terms, name, ("flat_fee", "receipt_above"))
    for place, rule in enumerate(terms.categories):
        keys = ("limit", "receipt_above", "flat_fee")
        yield from _of((*path, "categories", place), rule, name, keys)


def _of_time(path: KeyPath, contract: ContractPart, name: str) -> Iterator[Placed]:
    for place, cap in enumerate(contract.caps):
        yield from _of((*path, "caps", place), cap, name, ("amount",))
    if contract.time is not None:
        for place, tier in enumerate(contract.time.tiers):
            yield from _of((*path, "time", "tiers", place), tier, name, ("rate",))
        if contract.time.day_rate is not None:
            yield from _of((*path, "time", "day_rate"), contract.time.day_rate, name, ("rate",))


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
