"""The catalogue and the source agree on which events there are, and on what is in them."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from pydantic import ValidationError

from isthmus.canonical import BY_KIND
from isthmus.events.catalogue import CATALOGUE
from isthmus.events.derived import _RULES
from isthmus.flows import FLOWS
from isthmus.reconcile.flows import RECONCILING

SOURCE = Path(__file__).parents[2] / "src" / "isthmus"
PASSED_ON = {("engine/flow.py", "type"), ("engine/hold_story.py", "type"),
             ("events/envelope.py", "type"), ("holds/bulk.py", "type")}  # fmt: skip
"""Functions that hand on the type that their caller names."""


@cache
def _emitted() -> frozenset[str]:
    """Every type that the source emits; `*` stands for an object's kind."""
    return frozenset(_in_the_source())


def _in_the_source() -> Iterator[str]:
    for file in sorted(SOURCE.rglob("*.py")):
        name = file.relative_to(SOURCE).as_posix()
        if name.startswith("sandbox/"):
            continue
        tree = ast.parse(file.read_text("utf-8"))
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                for value in _types_in(scope, name):
                    yield from _patterns(value, scope, name)


def _types_in(scope: ast.AST, file: str) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id="Event"):
                yield from (k.value for k in node.keywords if k.arg == "type")
            case ast.Attribute(attr="emit") if len(node.args) > 2:
                yield node.args[1]
            case ast.Attribute(attr="caused") if node.args:
                yield node.args[0]
            case ast.Name(id="tell") if len(node.args) > 2:
                yield node.args[2]
            case _:
                continue


def _patterns(value: ast.expr, scope: ast.AST, file: str) -> list[str]:
    match value:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr():
            return [
                "".join(parts) for parts in product(*(_part(p, scope, file) for p in value.values))
            ]
        case ast.IfExp():
            return [*_patterns(value.body, scope, file), *_patterns(value.orelse, scope, file)]
        case ast.Name(id=name):
            return _named(name, scope, file)
    raise AssertionError(f"{file}:{value.lineno}: the type of this event cannot be read")


def _part(part: ast.expr, scope: ast.AST, file: str) -> list[str]:
    match part:
        case ast.Constant():
            return [str(part.value)]
        case ast.FormattedValue(value=ast.Name(id=name)):
            return _named(name, scope, file)
    return ["*"]


def _named(name: str, scope: ast.AST, file: str) -> list[str]:
    if (file, name) in PASSED_ON:
        return []
    found: list[str] = []
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == name for t in node.targets
        ):
            found += _patterns(node.value, scope, file)
        if isinstance(node, ast.For) and ast.unparse(node.target) == name:
            source = ast.unparse(node.iter)
            assigned = [
                ast.unparse(a.value)
                for a in ast.walk(scope)
                if isinstance(a, ast.Assign) and ast.unparse(a.targets[0]) == source
            ]
            assert "derived_events" in " ".join([source, *assigned]), f"{file}: {name} from where?"
            found += [type for rules in _RULES.values() for type, _ in rules]
    assert found, f"{file}: nobody says which types {name} may be"
    return found


def test_what_is_emitted_is_in_the_catalogue() -> None:
    emitted = _emitted()
    unknown = {p for p in emitted if not any(fnmatchcase(name, p) for name in CATALOGUE)}
    assert unknown == set()


def test_what_is_in_the_catalogue_is_emitted() -> None:
    emitted = _emitted()
    never = {name for name in CATALOGUE if not any(fnmatchcase(name, p) for p in emitted)}
    assert never == set()
    assert {"*.changed", "*.drifted", "*.correction_due", "invoice.posted", "hold.fixed",
            "opportunity.closed_won", "time.batched"} <= emitted  # fmt: skip


def test_flows_start_on_events_that_there_are() -> None:
    assert {
        type for flow in (*FLOWS, *RECONCILING) for type in (flow.on, *flow.also)
    } <= CATALOGUE.keys()


def test_subjects_are_objects_or_named() -> None:
    assert {e.subject for e in CATALOGUE.values()} - BY_KIND.keys() == {
        "batch",
        "break",
        "bulk",
        "connection",
        "database",
        "destination",
        "hold",
        "reconciliation",
    }


def test_data_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValidationError):
        CATALOGUE["contract.opened"].data.model_validate({"number": "C-1", "value": "1"})
