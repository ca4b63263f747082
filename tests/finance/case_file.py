"""Published cases: how they are read, worked out by an adapter, and compared with the rules.

An adapter works a case out with the public rules from its inputs alone. It knows no answers: the
tests give it other figures and expect another result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

from isthmus.kit.money import Money

Inputs = dict[str, Any]
Case = dict[str, Any]
Adapter = Callable[[Inputs], dict[str, Any]]

FOLDER = Path(__file__).parent / "cases"
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


class CaseBook:
    """One file of cases and the adapters that work them out.

    `disputed`: cases whose figures we believe wrong, with our arithmetic; they stay and must keep
    failing.
    """

    def __init__(self, name: str) -> None:
        text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
        document = json.loads(text, parse_float=Decimal)
        self.cases: list[Case] = document["cases"]
        self.adapters: dict[str, Adapter] = {}
        self.disputed: dict[str, str] = {}

    def case(self, name: str) -> Callable[[Adapter], Adapter]:
        """The function below works the case out."""

        def register(adapter: Adapter) -> Adapter:
            assert name not in self.adapters, f"two adapters for {name}"
            self.adapters[name] = adapter
            return adapter

        return register

    def named(self, name: str) -> Case:
        [found] = [case for case in self.cases if case["id"] == name]
        return found

    def agrees(self, case: Case) -> bool:
        found = outcome(self.adapters[case["id"]](deepcopy(case["inputs"])))
        return bool(found == outcome(case["expected"]))


def comparable(value: Any) -> Any:
    """Amounts by value, so 40 is 40.00; words as they are."""
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, dict):
        return {key: comparable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [comparable(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return value


def in_any_order(journal: Any) -> Any:
    return [
        {**entry, "lines": sorted(entry["lines"], key=lambda line: sorted(map(str, line.items())))}
        for entry in journal
    ]


def outcome(value: dict[str, Any]) -> dict[str, Any]:
    found = comparable(value)
    if "journal" in found:
        found["journal"] = in_any_order(found["journal"])
    return found  # type: ignore[no-any-return]


def other_inputs(given: Any) -> Iterator[Any]:
    """The inputs again and again: one figure raised by one each time, then one made ten times as
    large, then all doubled, then one yes or no turned round each time.
    """
    yield from _one_changed(given, lambda value: _changed(value, lambda figure: figure + 1))
    yield from _one_changed(given, lambda value: _changed(value, lambda figure: figure * 10))
    yield _doubled(given)
    yield from _one_changed(given, lambda value: [not value] if isinstance(value, bool) else [])


def _one_changed(value: Any, others: Callable[[Any], Any]) -> Iterator[Any]:
    if isinstance(value, dict | list):
        places = value.items() if isinstance(value, dict) else enumerate(value)
        for place, part in places:
            for changed in _one_changed(part, others):
                copy = deepcopy(value)
                copy[place] = changed
                yield copy
    else:
        yield from others(value)


def one_left_out(value: Any) -> Iterator[Any]:
    """The inputs again and again, without one of the named ones each time."""
    if isinstance(value, dict | list):
        places = value.items() if isinstance(value, dict) else enumerate(value)
        for place, part in places:
            for changed in one_left_out(part):
                copy = deepcopy(value)
                copy[place] = changed
                yield copy
    if isinstance(value, dict):
        yield from ({k: v for k, v in value.items() if k != left_out} for left_out in value)


def _doubled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _doubled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_doubled(part) for part in value]
    return next(_changed(value, lambda figure: figure * 2), value)


def _changed(value: Any, change: Callable[[int], int]) -> Iterator[Any]:
    if isinstance(value, Decimal):
        yield value + change(1)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield change(value)
    elif isinstance(value, str) and re.search(r"\d", value):
        yield re.sub(r"\d+", lambda found: str(change(int(found.group()))), value, count=1)
