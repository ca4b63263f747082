"""docs/guides/scenarios.md shows every example, and what the command prints of it."""

import re
from pathlib import Path

import pytest
from tests.cli.conftest import call
from tests.scenario.files import EXAMPLES, NEW, ROOT

GUIDE = (ROOT / "docs" / "guides" / "scenarios.md").read_text("utf-8")
SHOWN = re.findall(r"^\$ isthmus (scenario run .*)\n((?:.+\n)+?)```$", GUIDE, re.MULTILINE)
ABOUT_EXAMPLES = [(words, text) for words, text in SHOWN if "examples/scenarios/" in words]
EDITED = [(words, text) for words, text in SHOWN if "examples/scenarios/" not in words]


def printed(words: str) -> str:
    lines = call(*words.split()).out.rstrip().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def test_it_shows_every_example_once() -> None:
    files = sorted(words.split()[-1] for words, _ in ABOUT_EXAMPLES)

    assert files == [file.relative_to(ROOT).as_posix() for file in EXAMPLES]


@pytest.mark.parametrize(("words", "text"), ABOUT_EXAMPLES, ids=lambda part: part.split("/")[-1])
def test_it_shows_what_the_command_prints(
    words: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)

    assert printed(words) == text


def test_it_shows_what_a_changed_figure_and_a_wrong_name_look_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rate_rise = (ROOT / "examples" / "scenarios" / "rate-rise.yaml").read_text("utf-8")
    Path("rate-rise.yaml").write_text(rate_rise.replace("amount: 1320", "amount: 1230"), "utf-8")
    new = NEW.read_text("utf-8").replace("who: Consultant 1", "who: Consultnt 1", 1)
    Path("rollout.yaml").write_text(new, "utf-8")

    assert [printed(words) for words, _ in EDITED] == [text for _, text in EDITED]
    assert len(EDITED) == 2


def test_what_an_example_is_about_is_what_the_guide_says() -> None:
    guide = " ".join(GUIDE.split())
    for file in EXAMPLES:
        about = file.read_text("utf-8").split("about: >\n")[1].split("\ncurrency:")[0]
        assert " ".join(about.split()) in guide
