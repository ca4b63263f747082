"""What a person reads of every mistake: the table is mistakes.yaml, one edit of good.yaml each."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.scenario.files import ALL, written

from isthmus.scenario import read

FOLDER = Path(__file__).parent
GOOD = FOLDER.joinpath("good.yaml").read_text("utf-8")
CASES = YAML(typ="safe", pure=True).load(FOLDER.joinpath("mistakes.yaml").read_text("utf-8"))


def said_of(file: Path) -> list[str]:
    return [m.render("").removeprefix(":") for m in read(file).mistakes]


def edited(folder: Path, name: str) -> Path:
    case = CASES[name]
    assert GOOD.count(case["instead_of"]) == 1
    return written(folder, GOOD.replace(case["instead_of"], case["write"]))


def test_a_good_file_has_no_mistake(tmp_path: Path) -> None:
    assert said_of(written(tmp_path, GOOD)) == []


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_a_mistake(tmp_path: Path, name: str) -> None:
    reading = read(edited(tmp_path, name))

    assert reading.scenario is None
    assert (
        "".join(f"{text}\n" for text in said_of(tmp_path / "scenario.yaml"))
        == (CASES[name]["says"])
    )


def test_one_mistake_does_not_hide_another(tmp_path: Path) -> None:
    text = GOOD
    for old, new in [
        ("cost: 70", "cost: seventy"), ("contract: Upgrade, phase", "contract: Upgrad, phase"),
        ("closed_period: hold", "closed_period: holds"), ("on: 2026-04-01, up", "on: soon, up"),
        ("revenue: {Plant", "revenue: {Plan"),
    ]:  # fmt: skip
        assert text.count(old) == 1
        text = text.replace(old, new)
    mistakes = read(written(tmp_path, text)).mistakes

    assert [m.line for m in mistakes] == [6, 25, 38, 40, 44]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("# nothing yet\n", "the file is empty"),
        ("- scenario\n", "the file is not a set of keys"),
    ],
)
def test_a_file_that_is_no_scenario(tmp_path: Path, text: str, what: str) -> None:
    assert said_of(written(tmp_path, text)) == [
        f"1:1: {what}\n"
        "  why: a scenario has keys such as scenario, contracts, time, runs, expect\n"
        "  do:  Start from `isthmus scenario new`."
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert said_of(tmp_path / "absent.yaml") == [
        "1:1: the scenario cannot be read\n"
        "  why: no such file or directory\n"
        "  do:  Name a file that is there, or write one with `isthmus scenario new FILE`."
    ]


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_an_example_has_no_mistake(file: Path) -> None:
    assert said_of(file) == []


def test_a_section_of_comments_is_left_out(tmp_path: Path) -> None:
    assert said_of(written(tmp_path, GOOD.replace("  - {on: 2026-04-01", "  # - {on:"))) == []
