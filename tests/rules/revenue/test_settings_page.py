"""docs/concepts/revenue-rules.md states every convention, its default and its alternatives."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from isthmus.rules import revenue
from isthmus.rules.revenue.allocation import Rounding
from isthmus.rules.rounding import Remainder

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "revenue-rules.md"
ROW = re.compile(r"^\| `(\w+)`([^|]*)\| `(\w+)` \| ([^|]*)\|", re.MULTILINE)


def _defaults() -> Iterator[tuple[str, StrEnum]]:
    """Every argument or field of the package that defaults to a named convention."""
    for module in pkgutil.iter_modules(revenue.__path__, f"{revenue.__name__}."):
        for member in vars(importlib.import_module(module.name)).values():
            if getattr(member, "__module__", None) != module.name or not callable(member):
                continue
            if inspect.isclass(member) and issubclass(member, StrEnum):
                continue
            for parameter in inspect.signature(member).parameters.values():
                if isinstance(parameter.default, StrEnum):
                    yield type(parameter.default).__name__, parameter.default


def _options(default: StrEnum) -> tuple[str, frozenset[str]]:
    return default.value, frozenset(option.value for option in type(default))


def test_the_page_states_the_conventions_of_the_code() -> None:
    stated = {
        (name, default, frozenset([default, *re.findall(r"`(\w+)`", others)]))
        for name, _, default, others in ROW.findall(PAGE.read_text("utf-8"))
    }

    assert stated == {(name, *_options(default)) for name, default in _defaults()}
    assert len(stated) == 16


def test_schedules_and_allocations_round_each_by_their_own_default() -> None:
    found = {default for name, default in _defaults() if name == "Remainder"}

    assert found == {Remainder.CUMULATIVE, Remainder.LAST}
    assert Rounding().remainder is Remainder.LAST
