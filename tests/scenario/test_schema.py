"""The JSON Schema says what `read` says, as far as a schema can."""

from pathlib import Path

import pytest
from tests.scenario.files import ALL, ROOT, written
from tests.scenario.json_schema import as_json, fits
from tests.scenario.test_mistakes import CASES, GOOD, edited

from isthmus.scenario import read
from isthmus.scenario.schema import scenario_schema, schema_text

SCHEMA = scenario_schema()


def accepted(file: Path) -> bool:
    return fits(SCHEMA, as_json(read(file).document.data), SCHEMA)


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_it_accepts_the_examples(file: Path) -> None:
    assert accepted(file)


def test_it_accepts_every_key(tmp_path: Path) -> None:
    assert accepted(written(tmp_path, GOOD))


@pytest.mark.parametrize("name", [name for name in CASES if name != "syntax"])
def test_it_refuses_the_mistakes_that_a_schema_can_see(tmp_path: Path, name: str) -> None:
    assert accepted(edited(tmp_path, name)) is not CASES[name].get("seen_by_schema", False)


def test_the_examples_have_it_beside_them() -> None:
    beside = ROOT / "examples" / "scenarios" / "scenario.schema.json"

    assert beside.read_text("utf-8") == schema_text(), (
        "run `isthmus scenario schema examples/scenarios`"
    )
