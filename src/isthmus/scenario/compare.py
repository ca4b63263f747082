"""Where the outcome is not what the file expects, figure by figure, at its line in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from isthmus.kit.money import Money
from isthmus.landscape.document import Document
from isthmus.landscape.mistake import KeyPath, dotted
from isthmus.scenario.align import align
from isthmus.scenario.expected import Expected
from isthmus.scenario.outcome import Outcome, as_plain

Kind = Literal["differs", "missing", "not expected"]
_WHOLE = ("revenue", "to_invoice", "not_charged")
"""Sections by name of which everything must be stated; of balances, any day may be."""


@dataclass(frozen=True, slots=True)
class Difference:
    line: int
    path: str
    kind: Kind
    expected: Any
    actual: Any

    def render(self, file: str) -> str:
        return f"{file}:{self.line}: {self.path}: {_sentence(self)}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`figures` are the values that the file states."""

    figures: int
    differences: tuple[Difference, ...]


def compare(expected: Expected, outcome: Outcome, document: Document) -> Comparison:
    stated, actual = _stated(expected), as_plain(outcome)
    found = [
        Difference(_line(document, path, kind), dotted(path), kind, wanted, got)
        for section, wanted_section in stated.items()
        for path, kind, wanted, got in _differences(
            ("expect", section), wanted_section, actual[section], section in _WHOLE
        )
    ]
    figures = sum(1 for section in stated.values() for _ in _leaves(section))
    return Comparison(figures, tuple(found))


Found = tuple[KeyPath, Kind, Any, Any]


def _differences(path: KeyPath, expected: Any, actual: Any, whole: bool = False) -> Iterator[Found]:
    if isinstance(expected, dict):
        yield from _of_keys(path, expected, actual, whole)
    elif isinstance(expected, list):
        yield from _of_list(path, expected, actual)
    elif expected != actual:
        yield path, "differs", expected, actual


def _of_keys(
    path: KeyPath, expected: Mapping[str, Any], actual: Mapping[str, Any], whole: bool
) -> Iterator[Found]:
    for key, wanted in expected.items():
        here = (*path, key)
        if key in actual:
            yield from _differences(here, wanted, actual[key], whole)
        elif not _nothing(wanted):
            yield here, "missing", wanted, None
    if whole:
        for key in actual.keys() - expected.keys():
            if not _nothing(actual[key]):
                yield path, "not expected", None, {key: actual[key]}


def _of_list(path: KeyPath, expected: list[Any], actual: list[Any]) -> Iterator[Found]:
    def cost(wanted: Any, got: Any) -> int:
        return sum(1 for _ in _differences((), wanted, got))

    sizes = [max(sum(1 for _ in _leaves(wanted)), 1) for wanted in expected]
    for wanted_at, got_at in align(expected, actual, cost, sizes):
        if wanted_at is None and got_at is not None:
            yield path, "not expected", None, actual[got_at]
        elif wanted_at is not None and got_at is None:
            yield (*path, wanted_at), "missing", expected[wanted_at], None
        elif wanted_at is not None and got_at is not None:
            yield from _differences((*path, wanted_at), expected[wanted_at], actual[got_at])


def _nothing(value: Any) -> bool:
    """A month without an amount is a month of zero."""
    values = value.values() if isinstance(value, dict) else (value,)
    return all(isinstance(part, Money) and not part for part in values)


def _leaves(stated: Any) -> Iterator[Any]:
    """An empty list is a figure too: it says that there is none."""
    if isinstance(stated, dict | list) and stated:
        for part in stated.values() if isinstance(stated, dict) else stated:
            yield from _leaves(part)
    else:
        yield stated


def _stated(value: Any) -> Any:
    """Only the keys that the file has, by the names that it has them under."""
    if isinstance(value, Money):
        return value
    if isinstance(value, BaseModel):
        return {name: _stated(getattr(value, name)) for name in _in_order(value)}
    if isinstance(value, dict):
        return {str(key): _stated(part) for key, part in value.items()}
    return [_stated(part) for part in value] if isinstance(value, tuple) else value


def _in_order(value: BaseModel) -> list[str]:
    return [
        name
        for name in type(value).model_fields
        if name in value.model_fields_set and getattr(value, name) is not None
    ]


def _line(document: Document, path: KeyPath, kind: Kind) -> int:
    """Of what is stated; what is not is told at the key of its list."""
    mark = document.mark(path) if kind == "not expected" else document.value_mark(path)
    return mark.line


def _sentence(difference: Difference) -> str:
    match difference.kind:
        case "missing":
            return f"expected {summary(difference.expected)}, and there is none"
        case "not expected":
            return f"not expected: {summary(difference.actual)}"
        case "differs":
            wanted, got = shown(difference.expected), shown(difference.actual)
            return f"expected {wanted}, got {got}{_apart(difference.expected, difference.actual)}"


def _apart(expected: Any, actual: Any) -> str:
    if not isinstance(expected, Money) or not isinstance(actual, Money):
        return ""
    if expected.currency != actual.currency:
        return ""
    apart = actual - expected
    return f" ({apart} more)" if apart.amount > 0 else f" ({-apart} less)"


def summary(value: Any) -> str:
    """A thing on one line: its own values, not those of its parts."""
    if not isinstance(value, dict):
        return shown(value)
    told = (
        f"{key} {summary(part)}"
        for key, part in value.items()
        if part is not None and not isinstance(part, list)
    )
    return ", ".join(told)


def shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
