"""A row of the ledger of facts: what is billed of an entry, or what takes that back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from isthmus.kit.money import Money
from isthmus.rules.facts import Charging, Fact

Key = tuple[str, int]
"""Entry and part."""


@dataclass(frozen=True, slots=True)
class Row:
    """A fact in one version, or the opposite that takes that version back.

    `in_part`: it takes back a part of an amount, and leaves the fact in force.
    """

    fact: Fact
    version: int
    is_reversal: bool = False
    document: str | None = None
    in_part: bool = False

    @property
    def key(self) -> Key:
        return key_of(self.fact)

    @property
    def waits(self) -> bool:
        """To be put on an invoice."""
        return self.document is None and self.fact.charging is not Charging.NOT_CHARGED

    def opposite(self) -> Row:
        return replace(self, fact=self.fact.opposite(), is_reversal=True, document=None)

    def part_of(self, amount: Money) -> Row:
        """Hours and standard value stand as they were billed."""
        zero = Decimal(0)
        part = replace(
            self.fact, hours=zero, billed_hours=zero, quantity=zero, amount=-amount,
            list_amount=Money.zero(amount.currency),
        )  # fmt: skip
        return replace(self, fact=part, is_reversal=True, document=None, in_part=True)


def key_of(fact: Fact) -> Key:
    return fact.work.id, fact.part
