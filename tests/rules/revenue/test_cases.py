"""62 revenue cases, worked out by the rules and compared figure by figure.

Every key that a case expects must come back, and nothing else. How far a case may be trusted is
in its `evidence`, which is part of the test's name: `seen_in_text` is a figure of the standard or
of a firm, `derived` is arithmetic of whoever wrote the case and proves agreement only.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.finance.case_file import Case, other_inputs, outcome
from tests.rules.revenue.adapters import books, changes, methods, prepaid, prices
from tests.rules.revenue.case_file import REVENUE

from isthmus.rules.refusal import Unusable

AREAS = (books, changes, methods, prepaid, prices)


def _parameter(case: Case) -> Any:
    marks = []
    if case["id"] in REVENUE.disputed:
        marks = [pytest.mark.xfail(strict=True, reason=REVENUE.disputed[case["id"]])]
    return pytest.param(case, id=f"{case['id']}-{case['evidence']}", marks=marks)


@pytest.mark.parametrize("case", [_parameter(case) for case in REVENUE.cases])
def test_the_rules_agree_with_the_case(case: Case) -> None:
    found = REVENUE.adapters[case["id"]](case["inputs"])

    assert outcome(found) == outcome(case["expected"]), case["arithmetic"]


def test_every_case_is_worked_out() -> None:
    known = {case["id"] for case in REVENUE.cases}

    assert len(REVENUE.cases) == len(known) == 62
    assert REVENUE.adapters.keys() == known


def _tried(case: Case, given: Any) -> Any:
    try:
        return outcome(REVENUE.adapters[case["id"]](given))
    except (AssertionError, IndexError, Unusable, ValueError):
        return None


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in REVENUE.cases])
def test_the_answer_follows_from_the_inputs(case: Case) -> None:
    """An adapter that knew its answer by heart would give it for other figures too."""
    right = outcome(case["expected"])
    others = [_tried(case, given) for given in other_inputs(case["inputs"])]

    assert [other for other in others if other is not None and other != right]
