"""What a step returns or raises comes back the same after a restart."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from isthmus.canonical import Customer
from isthmus.canonical.customer import Address
from isthmus.connect import (
    Conflict,
    Duplicate,
    FieldProblem,
    Invalid,
    PeriodClosed,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from isthmus.engine.hold import Hold
from isthmus.engine.serializer import StepFailed, TypedJSON
from isthmus.kit.money import Money

serializer = TypedJSON()


def again(value: object) -> Any:
    return serializer.deserialize(serializer.serialize(value))


@pytest.mark.parametrize(
    "value",
    [
        None, True, 7, "text", [1, "two"], {"a": {"b": [Decimal("1.10")]}},
        Decimal("0.10"), date(2026, 2, 28), datetime(2026, 2, 28, 12, 0, 1, 5, tzinfo=UTC),
        Money.of("10.10", "EUR"),
        Customer(id="c1", name="Harbour Works", billing_address=Address(city="Rotterdam")),
    ],
)  # fmt: skip
def test_values(value: object) -> None:
    assert again(value) == value
    assert type(again(value)) is type(value)


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("erp", "gone", code="503", outcome_unknown=True),
        Throttled("erp", "slow down", retry_after=1.5),
        Unauthorized("erp", "expired"),
        Refused("erp", "never", code="X"),
        Invalid("erp", "bad", fields=(FieldProblem("invoice", "terms", "x", "unknown", "Pick."),)),
        Conflict("erp", "changed"),
        PeriodClosed("erp", "closed", period="Jul 2026"),
        Duplicate("erp", "twice", existing_id="17"),
    ],
)
def test_errors_keep_their_class_and_state(error: Any) -> None:
    back = again(error)
    assert type(back) is type(error)
    assert back.state() == error.state()
    assert str(back) == str(error)


def test_a_hold() -> None:
    hold = Hold("why", code="c", owner="pmo", fix="do", blocks=Money.of(5, "JPY"),
                customer="Harbour Works", about=("opportunity", "o1"))  # fmt: skip
    assert again(hold).state() == hold.state()


def test_any_other_error_keeps_its_text() -> None:
    back = again(KeyError("x"))
    assert isinstance(back, StepFailed)
    assert str(back) == "KeyError: 'x'"


def test_what_cannot_be_kept_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="a step may not return object"):
        serializer.serialize(object())
