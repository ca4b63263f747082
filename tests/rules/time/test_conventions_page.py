"""docs/concepts/billed-time.md states every convention, its default and its alternatives."""

import re
from enum import StrEnum
from pathlib import Path

from isthmus.canonical.terms import Cap, Overtime, TimeRounding, TimeTerms
from isthmus.rules.time.clock import ClockPrecision, ClockRounding

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "billed-time.md"
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| ([^|]*)\|", re.MULTILINE)

DEFAULTS: list[StrEnum] = [
    TimeRounding().mode,
    TimeRounding().grain,
    TimeTerms().half_cent,
    ClockRounding().mode,
    ClockPrecision.EXACT,
    Overtime().stacking,
    Cap().policy,
]


def test_the_page_states_the_conventions_of_the_code() -> None:
    stated = {
        name: (default, {default, *re.findall(r"`(\w+)`", others)})
        for name, default, others in ROW.findall(PAGE.read_text("utf-8"))
    }
    assert stated == {
        type(default).__name__: (default.value, {option.value for option in type(default)})
        for default in DEFAULTS
    }
