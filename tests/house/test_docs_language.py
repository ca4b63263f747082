"""The project's prose and code keep to facts, and name nobody's machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THIS = Path(__file__).resolve().relative_to(ROOT).as_posix()

HYPE = (
    "robust|comprehensive|seamless|seamlessly|effortless|effortlessly|blazing|cutting-edge"
    "|state-of-the-art|world-class|enterprise-grade|production-ready|battle-tested|best-in-class"
    "|game-changing|revolutionary|next-generation|leverage|leverages|delve|supercharge"
)
UNFINISHED = "TODO|FIXME|XXX|HACK"
FORBIDDEN = {
    "praise": re.compile(rf"\b({HYPE})\b", re.IGNORECASE),
    "unfinished work": re.compile(rf"\b({UNFINISHED})\b"),
    "somebody's machine": re.compile(r"(?<![\w.])/(work|root|home)/[a-z][\w.-]*/[\w./-]+"),
}
BINARY_OR_GENERATED = {".lock", ".png", ".jpg", ".svg", ".gz", ".ico", ".woff2", ".csv"}
OWN_WORDS = {THIS, "LICENSE"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so nobody knows which files are the project's")
    names = [name for name in listed.stdout.split("\0") if name and name not in OWN_WORDS]
    paths = [ROOT / name for name in names]
    return [path for path in paths if path.is_file() and path.suffix not in BINARY_OR_GENERATED]


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_tracked_files_are_free_of(kind: str) -> None:
    pattern = FORBIDDEN[kind]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := pattern.search(line))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("praise", "A seamless, Robust engine"),
        ("unfinished work", "x = 1  # TODO later"),
        ("somebody's machine", "read /home/someone/notes.md first"),
    ],
)
def test_the_patterns_find_what_they_look_for(kind: str, line: str) -> None:
    assert FORBIDDEN[kind].search(line)


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in tracked()
        if page.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:")
        if not (page.parent / target).exists()
    ]
    assert broken == []
