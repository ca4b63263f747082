"""Values as people write them: an amount without its currency, a day, a month."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, PlainValidator, WithJsonSchema
from pydantic import create_model as make_model
from pydantic_core.core_schema import ValidationInfo

from isthmus.kit.money import Money
from isthmus.landscape.firm import currencies
from isthmus.landscape.keys import alternatives, is_model, wrong
from isthmus.scenario.month import Month

M = TypeVar("M", bound=BaseModel)
CURRENCY = "currency"
"""Key of the validation context: the currency of amounts that name none."""
_AMOUNT = r"(-?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?)(?: ([A-Z]{3}))?"


def _currency(code: str) -> str:
    if code not in currencies():
        raise wrong(
            f"`{code}` is not the ISO 4217 code of a currency in use",
            "Write three capital letters, such as EUR.",
        )
    return code


def _amount(value: Any, info: ValidationInfo) -> Money:
    if isinstance(value, Money):
        return value
    assert info.context is not None, "a scenario is validated with its currency"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Money.of(value, info.context[CURRENCY])
    found = re.fullmatch(_AMOUNT, value) if isinstance(value, str) else None
    if found is None:
        shown = "no amount" if isinstance(value, dict | list | None) else f"`{value}`"
        raise wrong(
            f"it must be an amount such as 1200, 1200.50 or 1200.50 EUR, and is {shown}",
            "Write digits with a point before the cents, and the currency after a space.",
        )
    number = Decimal(found[1].replace(",", ""))
    return Money.of(number, _currency(found[2] or info.context[CURRENCY]))


def _day(value: Any) -> Any:
    if isinstance(value, date | str):
        return value
    shown = "no date" if isinstance(value, dict | list | None) else f"`{value}`"
    raise wrong(
        f"it must be a date such as 2026-12-31, and is {shown}", "Write a date such as 2026-12-31."
    )


def _month(value: Any) -> Month:
    if isinstance(value, Month):
        return value
    try:
        return Month.parse(str(value))
    except ValueError:
        raise wrong(
            f"it must be a month such as 2026-03, and is `{value}`",
            "Write the year, a hyphen and two digits.",
        ) from None


Amount = Annotated[
    Money,
    BeforeValidator(_amount),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{_AMOUNT}$"}]}),
]
CurrencyCode = Annotated[
    str, AfterValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})
]
Day = Annotated[date, BeforeValidator(_day)]
Days = Annotated[
    tuple[Day, ...],
    BeforeValidator(lambda value: value if isinstance(value, list | tuple) else (value,)),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "array", "items": {"type": "string", "format": "date"}},
            ]
        }
    ),
]
"""One day, or a list of them."""
MonthKey = Annotated[
    Month,
    PlainValidator(_month),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"}),
]


@cache
def written(model: type[M]) -> type[M]:
    """The same model whose amounts and days, at any depth, are written as in a scenario."""
    fields = {
        name: (_as_written(declared.annotation), declared)
        for name, declared in model.model_fields.items()
    }
    return make_model(model.__name__, __base__=model, __doc__=model.__doc__, **fields)  # type: ignore[call-overload, no-any-return] # fields are computed


def _as_written(annotation: Any) -> Any:
    if annotation is Money:
        return Amount
    if annotation is date:
        return Day
    if is_model(annotation):
        return written(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return tuple[tuple(_as_written(part) if part is not ... else part for part in args)]  # type: ignore[misc] # a type that is computed
    parts = tuple(alternatives(annotation))
    return Union[tuple(_as_written(part) for part in parts)] if len(parts) > 1 else annotation  # noqa: UP007 - a union that is computed
