"""62 revenue cases, worked out by the rules and compared figure by figure.

Every key that a case expects must come back, and nothing else. How far a case may be trusted is
in its `evidence`, which is part of the test's name: `seen_in_text` is a figure of the standard or
of a firm, `derived` is arithmetic of whoever wrote the case and proves agreement only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from tests.rules.revenue.adapters import books, changes, methods, prepaid, prices
from tests.rules.revenue.case_file import ADAPTERS, outcome, read_cases

from isthmus.rules.revenue.refusal import Unusable

AREAS = (books, changes, methods, prepaid, prices)
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


def _other_inputs(given: Any) -> Iterator[Any]:
    """The inputs again and again: one figure raised by one each time, then all doubled."""
    yield from _one_raised(given)
    yield _doubled(given)


def _one_raised(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        places = value.items() if isinstance(value, dict) else enumerate(value)
        for place, part in places:
            for changed in _one_raised(part):
                copy = deepcopy(value)
                copy[place] = changed
                yield copy
    else:
        yield from _changed(value, lambda figure: figure + 1)


def _doubled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _doubled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_doubled(part) for part in value]
    return next(_changed(value, lambda figure: figure * 2), value)


def _changed(value: Any, change: Callable[[int], int]) -> Iterator[Any]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield change(value)
    elif isinstance(value, str) and re.search(r"\d", value):
        yield re.sub(r"\d+", lambda found: str(change(int(found.group()))), value, count=1)


def _tried(case: dict[str, Any], given: Any) -> Any:
    try:
        return outcome(ADAPTERS[case["id"]](given))
    except (AssertionError, IndexError, Unusable, ValueError):
        return None


@needs_cases
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_the_answer_follows_from_the_inputs(case: dict[str, Any]) -> None:
    """An adapter that knew its answer by heart would give it for other figures too."""
    right = outcome(case["expected"])
    others = [_tried(case, given) for given in _other_inputs(case["inputs"])]

    assert [other for other in others if other is not None and other != right]
