"""Every example is as it says, and no figure in it could be another one."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from tests.cli.conftest import call
from tests.scenario.files import ALL, compared

from isthmus.canonical.journal_entry import Account


class Figure(NamedTuple):
    """A value under `expect`, with its place in the text."""

    file: Path
    path: str
    line: int
    start: int
    end: int
    value: str


def figures(file: Path) -> Iterator[Figure]:
    root = YAML(typ="safe", pure=True).compose(file.read_text("utf-8"))
    [expect] = [value for key, value in root.value if key.value == "expect"]
    yield from _in(file, expect, "expect")


def _in(file: Path, node: Node, path: str) -> Iterator[Figure]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _in(file, value, f"{path}.{key.value}")
    elif isinstance(node, SequenceNode):
        for place, value in enumerate(node.value):
            yield from _in(file, value, f"{path}[{place}]")
    elif isinstance(node, ScalarNode):
        start, end = node.start_mark, node.end_mark
        yield Figure(file, path, start.line + 1, start.index, end.index, node.value)


def another(value: str) -> str:
    """A value of the same kind that is not this one."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return "2031-01-01"
    if found := re.fullmatch(r"(-?[\d,.]+)(?: ([A-Z]{3}))?", value):
        number = Decimal(found[1].replace(",", "")) + Decimal("0.01")
        return f"{number:f} {found[2]}" if found[2] else f"{number:f}"
    return "inventory" if value in set(Account) else '"something else"'


FIGURES = [figure for file in ALL for figure in figures(file)]


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_it_is_as_it_says(file: Path) -> None:
    comparison = compared(file)

    assert comparison.differences == ()
    assert comparison.figures >= sum(1 for figure in FIGURES if figure.file == file)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f"{f.file.stem}:{f.path}")
def test_any_other_figure_is_told_at_its_line(figure: Figure, tmp_path: Path) -> None:
    text = figure.file.read_text("utf-8")
    file = tmp_path / figure.file.name
    file.write_text(text[: figure.start] + another(figure.value) + text[figure.end :], "utf-8")
    answer = call("scenario", "run", "--quiet", str(file))

    assert answer.code == 1
    assert re.search(rf"{re.escape(str(file))}:{figure.line}\b", answer.out), answer.out


def test_an_editor_finds_the_schema_of_each() -> None:
    first_lines = {file.read_text("utf-8").splitlines()[0] for file in ALL}

    assert first_lines == {"# yaml-language-server: $schema=scenario.schema.json"}
