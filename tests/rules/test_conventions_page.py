"""docs/concepts/expense-and-credit-rules.md states every convention, its default, its others."""

import inspect
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from isthmus.canonical.terms import expenses
from isthmus.rules import margin, periods
from isthmus.rules.credit import signs

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "expense-and-credit-rules.md"
ROW = re.compile(r"^\| `([A-Z]\w+)` \| `(\w+)` \| ([^|]*)\|", re.MULTILINE)


def _defaults(module: ModuleType) -> Iterator[StrEnum]:
    """Of functions, of their classes' methods, and of the fields of terms."""
    for member in vars(module).values():
        if getattr(member, "__module__", None) != module.__name__:
            continue
        parts = [member, *vars(member).values()] if inspect.isclass(member) else [member]
        for part in parts:
            if inspect.isfunction(part) or hasattr(part, "model_fields"):
                for parameter in inspect.signature(part).parameters.values():
                    if isinstance(parameter.default, StrEnum):
                        yield parameter.default


def test_the_page_states_the_conventions_of_the_code() -> None:
    found = {
        (type(d).__name__, d.value, frozenset(option.value for option in type(d)))
        for module in (expenses, margin, periods, signs)
        for d in _defaults(module)
    }
    stated = {
        (name, default, frozenset([default, *re.findall(r"`(\w+)`", others)]))
        for name, default, others in ROW.findall(PAGE.read_text("utf-8"))
    }

    assert stated == found
    assert len(stated) == 7
