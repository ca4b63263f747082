"""A YAML file as plain values, with the place of every key and value.

Read from the parser's nodes, because only they know the places and every duplicate key. Numbers
with a point become Decimal. Keys are text, as written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from isthmus.landscape.mistake import KeyPath, Mistake, dotted

_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "null": "null",
    "timestamp": "date",
}


@dataclass(frozen=True)
class Mark:
    line: int
    column: int


@dataclass(frozen=True)
class Kind:
    """What a file is meant to be, for messages about a file that is not even that."""

    name: str
    keys: str
    """Some of its top-level keys."""
    start: str
    """How to begin one."""
    place: str
    """What to do when there is none."""


@dataclass
class Document:
    file: Path
    data: dict[str, Any] = field(default_factory=dict)
    marks: dict[KeyPath, Mark] = field(default_factory=dict)
    value_marks: dict[KeyPath, Mark] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    unreadable: set[KeyPath] = field(default_factory=set)
    """Values that YAML itself could not give; nothing else is said of them."""

    def mark(self, path: KeyPath) -> Mark:
        """Where the key is, or the nearest key above it that the file has."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(1, 1))

    def value_mark(self, path: KeyPath) -> Mark:
        return self.value_marks.get(path) or self.mark(path)

    def has(self, path: KeyPath) -> bool:
        return path in self.marks

    def get(self, path: KeyPath) -> Any:
        value: Any = self.data
        for key in path:
            value = value[key]
        return value

    def add(self, path: KeyPath, what: str, why: str, remedy: str, **place: Any) -> None:
        """`on_value=True` points at the value instead of its key; `severity` as in Mistake."""
        mark = self.value_mark(path) if place.pop("on_value", False) else self.mark(path)
        self.mistakes.append(
            Mistake(mark.line, mark.column, dotted(path), what, why, remedy, **place)
        )


def read_document(file: Path, kind: Kind) -> Document:
    document = Document(file)
    text = _text(document, kind)
    if text is None:
        return document
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        _explain_syntax(document, text, error)
        return document
    if not isinstance(root, MappingNode):
        what = "the file is empty" if root is None else "the file is not a set of keys"
        document.add(
            (),
            what,
            f"a {kind.name} has keys such as {kind.keys}",
            kind.start,
        )
        return document
    document.data = _Reader(document).mapping(root, ())
    return document


def _text(document: Document, kind: Kind) -> str | None:
    try:
        return document.file.read_text("utf-8-sig")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        document.add((), f"the {kind.name} cannot be read", reason.lower(), kind.place)
    except UnicodeDecodeError as error:
        document.add(
            (),
            "the file is not UTF-8 text",
            f"byte {error.start} is not UTF-8",
            "Save it as UTF-8.",
        )
    return None


def _explain_syntax(document: Document, text: str, error: YAMLError) -> None:
    tabs = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r" *\t+ *\S", line)]
    for line in tabs:
        column = text.splitlines()[line - 1].index("\t") + 1
        document.mistakes.append(
            Mistake(
                line,
                column,
                "",
                "a tab in the indentation",
                "YAML indents with spaces only",
                "Replace the tab by spaces.",
            )
        )
    if tabs:
        return
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    document.mistakes.append(
        Mistake(
            place[0],
            place[1],
            "",
            "not valid YAML",
            f"{problem} {context}" if context else problem,
            "Check the indentation, colons, quotes and brackets here and on the line above.",
        )
    )


class _Reader:
    """Nodes to values. An alias may repeat a part of the file, but not contain itself."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._constructor = YAML(typ="safe", pure=True).constructor
        self._open: list[Node] = []

    def mapping(self, node: MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            mark = Mark(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if str(key_node.tag) == _TAG + "merge":
                self._merge(value_node, path, found)
                continue
            if not isinstance(key_node, ScalarNode):
                self._no_key(path, mark)
                continue
            key = str(key_node.value)
            if key in first_lines:
                self._duplicate((*path, key), mark, first_lines[key])
                continue
            first_lines[key] = mark.line
            self._document.marks[*path, key] = mark
            found[key] = self.value(value_node, (*path, key))
        return found

    def _merge(self, node: Node, path: KeyPath, found: dict[str, Any]) -> None:
        parts = node.value if isinstance(node, SequenceNode) else [node]
        for part in parts:
            merged = self.mapping(part, path) if isinstance(part, MappingNode) else {}
            found.update({k: v for k, v in merged.items() if k not in found})

    def value(self, node: Node, path: KeyPath) -> Any:
        mark = Mark(node.start_mark.line + 1, node.start_mark.column + 1)
        self._document.value_marks[path] = mark
        if node in self._open:
            return self._unreadable(
                node, path, "an alias that contains itself", "it would never end",
                "Write the value out.",
            )  # fmt: skip
        self._open.append(node)
        try:
            return self._inside(node, path)
        finally:
            self._open.pop()

    def _inside(self, node: Node, path: KeyPath) -> Any:
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _item(self, node: Node, path: KeyPath) -> Any:
        self._document.marks[path] = Mark(node.start_mark.line + 1, node.start_mark.column + 1)
        return self.value(node, path)

    def _scalar(self, node: Node, path: KeyPath) -> Any:
        tag = str(node.tag)
        if tag == _TAG + "float" and re.fullmatch(r"[-+]?[0-9_]*\.?[0-9_]*", node.value):
            return Decimal(node.value.replace("_", ""))
        if tag.removeprefix(_TAG) not in _SCALARS:
            return self._unreadable(
                node, path, f"the tag {tag} means nothing here", "tags are not supported",
                "Remove it.",
            )  # fmt: skip
        try:
            return self._constructor.construct_object(node)
        except (ValueError, KeyError, YAMLError):
            kind = _SCALARS[tag.removeprefix(_TAG)]
            return self._unreadable(
                node, path, f"{node.value!r} is not a valid {kind}",
                f"it has the form of a {kind}, and is none",
                f"Correct the {kind}, or put it in quotes if it is text.",
            )  # fmt: skip

    def _unreadable(self, node: Node, path: KeyPath, what: str, why: str, remedy: str) -> str:
        self._document.unreadable.add(path)
        self._document.add(path, what, why, remedy, on_value=True)
        return str(node.value) if isinstance(node, ScalarNode) else ""

    def _no_key(self, path: KeyPath, mark: Mark) -> None:
        self._document.mistakes.append(
            Mistake(mark.line, mark.column, dotted(path), "a key that is not text",
                    "keys are names", "Write a name, in quotes if it has brackets.")
        )  # fmt: skip

    def _duplicate(self, path: KeyPath, mark: Mark, first: int) -> None:
        self._document.mistakes.append(
            Mistake(
                mark.line,
                mark.column,
                dotted(path),
                f"`{path[-1]}` is written twice",
                f"it is already on line {first}, and one of the two would be ignored",
                "Keep one.",
            )
        )
