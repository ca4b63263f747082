"""Conventions that a page states, and those that the code has."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from types import ModuleType

PAGES = Path(__file__).parents[2] / "docs" / "concepts"
ROW = re.compile(r"^\| `(\w+)`([^|]*)\| `(\w+)` \| ([^|]*)\|", re.MULTILINE)
Convention = tuple[str, str, frozenset[str]]
"""Name, default, and every option."""


def stated(page: str) -> set[Convention]:
    return {
        (name, default, frozenset([default, *re.findall(r"`(\w+)`", others)]))
        for name, _, default, others in ROW.findall((PAGES / page).read_text("utf-8"))
    }


def coded(defaults: Iterable[StrEnum]) -> set[Convention]:
    return {
        (type(default).__name__, default.value, frozenset(o.value for o in type(default)))
        for default in defaults
    }


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(module.name)


def defaults(modules: Iterable[ModuleType]) -> Iterator[StrEnum]:
    """Every argument or field that defaults to a named convention."""
    for module in modules:
        for member in vars(module).values():
            if getattr(member, "__module__", None) != module.__name__ or not callable(member):
                continue
            if inspect.isclass(member) and issubclass(member, StrEnum):
                continue
            for parameter in inspect.signature(member).parameters.values():
                if isinstance(parameter.default, StrEnum):
                    yield parameter.default
