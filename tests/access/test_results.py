"""H4: what a step returned is shown without the people whom a role may not see."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from isthmus.access import AccessRole, Grant, Principal
from isthmus.access.pii import result_of
from isthmus.canonical import Resource
from isthmus.kit.ids import new_id

ANA = Resource(id=new_id(), name="Ana Example", email="ana@firm.example", employee_number="E001")


def a(role: AccessRole) -> Principal:
    return Principal("x", "x", "person", frozenset({Grant(role)}))


def test_a_person_in_a_result_is_masked_wherever_it_stands() -> None:
    result = {"who": [ANA], "hours": Decimal("7.50"), "worked_on": date(2026, 7, 6)}
    seen = json.loads(result_of(result, a(AccessRole.FINANCE)))
    assert (seen["who"][0]["name"], seen["hours"]) == ("Ana Example", "7.50")
    hidden = result_of(result, a(AccessRole.INTEGRATION))
    assert "Ana" not in hidden
    assert "ana@" not in hidden
    assert json.loads(hidden)["worked_on"] == "2026-07-06"


def test_texts_are_as_they_are_and_nothing_is_empty() -> None:
    assert result_of("INV-1", a(AccessRole.AUDITOR)) == "INV-1"
    assert result_of(None, a(AccessRole.AUDITOR)) == ""
