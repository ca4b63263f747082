"""The published revenue cases, worked out by the rules and compared figure by figure.

Every key that a case expects must come back, and nothing else. How far a case may be trusted is
in its `evidence`, which is part of the test's name: `seen_in_text` is a figure of the standard or
of a firm, `derived` is arithmetic of whoever wrote the case and proves agreement only.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.rules.revenue.adapters import books, changes, methods, prices
from tests.rules.revenue.case_file import ADAPTERS, outcome, read_cases

AREAS = (books, changes, methods, prices)
CASES = read_cases()

DISPUTED: dict[str, str] = {}
"""Cases whose figures we believe wrong, with our arithmetic. They stay and must keep failing."""

NOT_EXPRESSIBLE: dict[str, str] = {}
"""Cases that no rule can work out, with the reason."""

needs_cases = pytest.mark.skipif(
    not CASES,
    reason="no revenue_cases.json: set ISTHMUS_FINANCE_CASES to the folder that holds it",
)


def _name(case: dict[str, Any]) -> str:
    return f"{case['id']}-{case['evidence']}"


def _marks(case: dict[str, Any]) -> list[pytest.MarkDecorator]:
    if case["id"] in DISPUTED:
        return [pytest.mark.xfail(strict=True, reason=DISPUTED[case["id"]])]
    return []


@needs_cases
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=_name(case), marks=_marks(case))
        for case in CASES
        if case["id"] not in NOT_EXPRESSIBLE
    ],
)
def test_the_rules_agree_with_the_case(case: dict[str, Any]) -> None:
    found = ADAPTERS[case["id"]](case["inputs"])

    assert outcome(found) == outcome(case["expected"]), case["arithmetic"]


@needs_cases
def test_every_case_is_worked_out_or_listed_with_a_reason() -> None:
    known = {case["id"] for case in CASES}

    assert len(CASES) == len(known) == 62
    assert ADAPTERS.keys() | NOT_EXPRESSIBLE.keys() == known
    assert not ADAPTERS.keys() & NOT_EXPRESSIBLE.keys()
    assert DISPUTED.keys() <= ADAPTERS.keys()
