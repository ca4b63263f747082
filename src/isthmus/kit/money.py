"""Money: an exact amount with its currency. Never a float, never a bare number."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, field_serializer, field_validator

_DIGITS: dict[str, int] = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip
"""ISO 4217, list one: the currencies that have not two digits. CLDR is no source for money: it says
how prices are shown in shops, and gives the Serbian dinar, which is billed in para, none.
"""


def minor_units(currency: str) -> int:
    """Digits after the point that the currency has."""
    return _DIGITS.get(currency, 2)


@lru_cache
def step_of(currency: str) -> Decimal:
    """The smallest amount that the currency has."""
    return Decimal(1).scaleb(-minor_units(currency))


class Money(BaseModel):
    """An amount in major units of an ISO 4217 currency.

    >>> Money.of("10.005", "EUR").rounded()
    Money('10.01 EUR')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, amount: Decimal | int | str, currency: str) -> Money:
        return cls(amount=Decimal(amount), currency=currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(amount=Decimal(0), currency=currency)

    def another(self, amount: Decimal) -> Money:
        """Of the same currency. A finite amount of our own arithmetic is not checked again."""
        made = object.__new__(type(self))
        for name, value in _BARE:
            object.__setattr__(made, name, value)
        object.__setattr__(made, "__dict__", {"amount": amount, "currency": self.currency})
        return made

    @classmethod
    def total(cls, parts: Iterable[Money], currency: str) -> Money:
        return sum(parts, start=cls.zero(currency))

    @field_validator("amount", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Any:
        if isinstance(value, float):
            raise ValueError("a binary float is not money; write the amount as text or Decimal")  # noqa: TRY004 - pydantic reports ValueError as a field error
        return value

    @field_validator("amount")
    @classmethod
    def _finite(cls, value: Decimal) -> Decimal:
        if not value.is_finite():
            raise ValueError("an amount is a finite number")
        return value

    @field_validator("currency")
    @classmethod
    def _known_form(cls, value: str) -> str:
        if len(value) != 3 or not value.isascii() or not value.isupper():
            raise ValueError(f"{value!r} is not an ISO 4217 code such as EUR")
        return value

    @field_serializer("amount", when_used="json")
    def _as_text(self, value: Decimal) -> str:
        return format(value, "f")

    def rounded(self) -> Money:
        """Half up to the currency's minor unit, the rule tax offices and the ERPs here use."""
        return self.another(self.amount.quantize(step_of(self.currency), rounding=ROUND_HALF_UP))

    def times(self, factor: Decimal) -> Money:
        return self.another(self.amount * factor)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self} and {other} are of different currencies; convert one first")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return self.another(self.amount + other.amount)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return self.another(self.amount - other.amount)

    def __neg__(self) -> Money:
        return self.another(-self.amount)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        digits = minor_units(self.currency)
        shown = self.amount if self.amount.as_tuple().exponent < -digits else self.rounded().amount  # type: ignore[operator] # finite, so an int
        return f"{shown:,f} {self.currency}"

    def __repr__(self) -> str:
        return f"Money('{self}')"


_BARE: tuple[tuple[str, Any], ...] = (
    ("__pydantic_fields_set__", {"amount", "currency"}),
    ("__pydantic_extra__", None),
    ("__pydantic_private__", None),
)
"""What pydantic keeps beside the values of a model."""
