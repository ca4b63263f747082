"""The examples, and short ways to play a scenario that a test writes out."""

from pathlib import Path
from textwrap import dedent

from isthmus.scenario import Comparison, Outcome, World, compare, play, read

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "scenarios").glob("*.yaml"))
NEW = ROOT / "src" / "isthmus" / "scenario" / "example.yaml"
ALL = [*EXAMPLES, NEW]


def written(folder: Path, text: str) -> Path:
    file = folder / "scenario.yaml"
    file.write_text(dedent(text), "utf-8")
    return file


def played(file: Path) -> Outcome:
    reading = read(file)
    assert [mistake.render(file.name) for mistake in reading.mistakes] == []
    assert reading.scenario is not None
    return play(World(reading.scenario))


def compared(file: Path) -> Comparison:
    reading = read(file)
    assert reading.scenario is not None
    return compare(reading.scenario.expect, play(World(reading.scenario)), reading.document)
