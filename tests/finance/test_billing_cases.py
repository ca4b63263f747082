"""126 billing cases, worked out by the rules and compared figure by figure.

Every key that a case expects must come back, and nothing else. How far a case may be trusted is in
its `evidence`, which is part of the test's name.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from tests.finance.billing import BILLING
from tests.finance.case_file import Case, one_left_out, other_inputs, outcome

from isthmus.rules.refusal import Unusable


def _parameter(case: Case) -> Any:
    marks = []
    if case["id"] in BILLING.disputed:
        marks = [pytest.mark.xfail(strict=True, reason=BILLING.disputed[case["id"]])]
    return pytest.param(case, id=f"{case['id']}-{case['evidence']}", marks=marks)


WORKED_OUT = [case for case in BILLING.cases if case["id"] in BILLING.adapters]


@pytest.mark.parametrize("case", [_parameter(case) for case in WORKED_OUT])
def test_the_rules_agree_with_the_case(case: Case) -> None:
    found = BILLING.adapters[case["id"]](case["inputs"])

    assert outcome(found) == outcome(case["expected"]), case["arithmetic"]


def _tried(case: Case, given: Any) -> Any:
    try:
        return outcome(BILLING.adapters[case["id"]](given))
    except (ArithmeticError, AssertionError, LookupError, Unusable, ValueError):
        return None


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in WORKED_OUT])
def test_the_answer_follows_from_the_inputs(case: Case) -> None:
    """An adapter that knew its answer by heart would give it for other figures too."""
    right = outcome(case["expected"])
    given = case["inputs"]
    others = (_tried(case, other) for other in chain(other_inputs(given), one_left_out(given)))

    assert any(other is not None and other != right for other in others)
