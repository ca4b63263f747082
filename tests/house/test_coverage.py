"""docs/coverage.md names only tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "coverage.md"
CITED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def citations() -> list[tuple[str, str]]:
    return sorted(set(CITED.findall(PAGE.read_text("utf-8"))))


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    functions = (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(n.name for n in functions if n.name.startswith("test_"))


@pytest.mark.parametrize(("file", "name"), citations())
def test_a_cited_test_exists(file: str, name: str) -> None:
    assert (ROOT / file).is_file(), f"docs/coverage.md cites {file}, which does not exist"
    if name:
        assert name in names_in(file)


def test_every_row_of_this_release_is_there() -> None:
    rows = re.findall(r"^\| ([A-J]\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [
        "A1", "A2", "A3", "A4", "A5", "A6", "A7", "B1", "B2", "B3", "B4", "B6", "B7", "C1", "C2",
        "C3", "C4", "C5", "C6", "C7", "C8", "C13", "D1", "D2", "D3", "D4", "D5", "D6", "D7", "E1",
        "E2", "E3", "E4", "E5", "E7", "F1", "G1", "G2", "G3", "G4", "H1", "H2", "H3", "H4", "H5",
        "I1", "J1", "J2",
    ]  # fmt: skip
