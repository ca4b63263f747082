"""One price over several obligations, by stand-alone selling price (SSP)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from isthmus.kit.money import Money
from isthmus.rules.refusal import Unusable, refuse_unless
from isthmus.rules.rounding import Remainder, split

Prices = Mapping[str, Money]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Obligations regularly sold together at a price that explains the discount (IFRS 15.82).

    Whether that is so is the caller's judgement; without a bundle the discount is everyone's.
    """

    names: tuple[str, ...]
    price: Money


@dataclass(frozen=True, slots=True)
class Residual:
    """An obligation whose price is too variable to observe (IFRS 15.79(c)): it gets the rest."""

    name: str
    lowest: Money
    highest: Money


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a share becomes an amount. Obligations have no periods, so `Remainder.LAST`."""

    remainder: Remainder = Remainder.LAST
    step: Decimal | None = None
    """Default: the minor unit, because a share is booked. A finer step carries the share
    unrounded into its schedule, as answer keys to IFRS 15 Example 52 do; it may move a cent
    between periods (3,492.92 or 3,492.91 there)."""


def allocate(price: Money, ssp: Prices, rounding: Rounding = Rounding()) -> dict[str, Money]:
    """In proportion to the stand-alone prices (IFRS 15.76, ASC 606-10-32-31)."""
    weights = [amount.amount for amount in ssp.values()]
    parts = split(price, weights, rounding.remainder, rounding.step)
    return dict(zip(ssp, parts, strict=True))


def allocate_with_bundle(
    price: Money,
    ssp: Prices,
    bundle: Bundle,
    residual: Residual | None = None,
    rounding: Rounding = Rounding(),
) -> dict[str, Money]:
    """The bundle's discount to its members alone, before any residual (IFRS 15.83)."""
    _known(bundle, ssp)
    members = {name: ssp[name] for name in bundle.names}
    inside = allocate(bundle.price, members, rounding)
    if residual is not None:
        fixed = {**ssp, **inside}
        return {**fixed, residual.name: _rest(price, fixed, residual)}
    others = {name: amount for name, amount in ssp.items() if name not in members}
    outside = _outside(price - bundle.price, others, rounding)
    return {name: (inside | outside)[name] for name in ssp}


def allocate_residual(price: Money, ssp: Prices, residual: Residual) -> dict[str, Money]:
    """Observable prices stand; the residual is what they leave."""
    return {**ssp, residual.name: _rest(price, ssp, residual)}


def _known(bundle: Bundle, ssp: Prices) -> None:
    unknown = [name for name in bundle.names if name not in ssp]
    refuse_unless(
        not unknown,
        "bundle",
        f"{', '.join(unknown)} has no stand-alone price.",
        "Give the stand-alone price of every member of the bundle.",
    )


def _outside(price: Money, others: Prices, rounding: Rounding) -> dict[str, Money]:
    if others:
        return allocate(price, others, rounding)
    refuse_unless(
        not price,
        "bundle",
        f"Every obligation is in the bundle, yet its price leaves {price}.",
        "Allocate without a bundle, or correct its price.",
    )
    return {}


def _rest(price: Money, fixed: Prices, residual: Residual) -> Money:
    rest = price - Money.total(fixed.values(), price.currency)
    if residual.lowest <= rest <= residual.highest:
        return rest
    raise Unusable(
        residual.name,
        f"The residual {rest} is outside {residual.lowest} to {residual.highest}, the prices at "
        "which it sells (IFRS 15 Example 34 Case C).",
        "Estimate its stand-alone price and allocate in proportion.",
    )
