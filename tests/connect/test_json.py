"""Money goes out and comes in with its own digits."""

from decimal import Decimal

import httpx2
import pytest

from isthmus.connect.http import dump_json, parse_json


def test_digits_that_a_binary_float_cannot_hold_survive() -> None:
    sent = {
        "total": Decimal("12345678901234567.89"),
        "rate": Decimal("0.10"),
        "nested": [Decimal("1E+3"), {"less": Decimal("-0.0001")}],
        "text": '12 "quoted" é',
        "none": None,
        "flag": True,
    }
    body = dump_json(sent)
    assert body.decode() == (
        '{"total": 12345678901234567.89, "rate": 0.10, "nested": [1000, {"less": -0.0001}], '
        '"text": "12 \\"quoted\\" é", "none": null, "flag": true}'
    )
    read = parse_json("crm", httpx2.Response(200, content=body))
    assert read["total"] == Decimal("12345678901234567.89")
    assert str(read["rate"]) == "0.10"


def test_what_has_no_form_in_json_is_refused() -> None:
    with pytest.raises(TypeError, match="set has no form in JSON"):
        dump_json({"a": {1}})
