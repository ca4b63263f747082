"""Many cases of one kind, each a firm of its own: a few run each time, all in `make test-all`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], some: int) -> list[Any]:
    """For `parametrize`: those after the first `some` are slow."""
    return [
        case if number < some else pytest.param(case, marks=pytest.mark.slow)
        for number, case in enumerate(cases)
    ]
