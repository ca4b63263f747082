"""What each company of a chain earns, and the group. Amounts in one currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isthmus.kit.money import Money
from isthmus.rules.intercompany.transfer import Transfer
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.revenue.affiliates import Result


@dataclass(frozen=True, slots=True)
class Delivered:
    """`held`: worked, beyond the client's cap, not billed."""

    billed: Money
    held: Money
    companies: dict[str, Result]
    group: Result


def delivered(value: Money, chain: Sequence[Transfer], cap_left: Money | None = None) -> Delivered:
    """`value` is what the client would pay without a cap, `cap_left` what the cap still allows.

    The cap bounds the client's invoice and nothing else.
    """
    refuse_unless(
        bool(chain) and (cap_left is None or cap_left.amount >= 0),
        "cap_left",
        "The work was moved between companies, and a cap has at least nothing left.",
        "Give the transfers of the work, and zero where the cap is used up.",
    )
    billed = value if cap_left is None else min(value, cap_left)
    revenue = [billed, *(each.document for each in chain)]
    cost = [*(each.document for each in chain), chain[-1].cost]
    names = [chain[0].companies.contracting, *(each.companies.performing for each in chain)]
    results = (Result(earned, borne) for earned, borne in zip(revenue, cost, strict=True))
    return Delivered(
        billed, value - billed, dict(zip(names, results, strict=True)), Result(billed, cost[-1])
    )
