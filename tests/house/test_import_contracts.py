"""Each import contract is broken on purpose, to see that it can fail."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
]

VIOLATIONS = [
    ("Imports point down", {"kit/broken.py": "import isthmus.canonical"}),
    ("Imports point down", {"store/broken.py": "import isthmus.connect"}),
    ("Imports point down", {"landscape/broken.py": "import isthmus.scenario"}),
    ("Imports point down", {"scenario/broken.py": "import isthmus.flows"}),
    ("Imports point down", {"engine/broken.py": "import isthmus.flows"}),
    ("Imports point down", {"engine/broken.py": "import isthmus.holds"}),
    ("Imports point down", {"holds/broken.py": "import isthmus.flows"}),
    ("Imports point down", {"api/broken.py": "import isthmus.cli"}),
    ("Imports point down", {"unlisted/__init__.py": ""}),
    (
        "A vendor never knows another vendor",
        {
            "connectors/one/__init__.py": "",
            "connectors/other/__init__.py": "import isthmus.connectors.one",
        },
    ),
    (
        "A connector knows its platform, the connector kit and the model",
        {"connectors/one/__init__.py": "import isthmus.store"},
    ),
    (
        "A connector knows its platform, the connector kit and the model",
        {"platforms/broken.py": "import isthmus.rules"},
    ),
    ("Vendors are bound by entry points only", {"cli/broken.py": "import isthmus.connectors"}),
    ("Vendors are bound by entry points only", {"app.py": "import isthmus.connectors"}),
    ("A platform serves connectors only", {"app.py": "import isthmus.platforms"}),
    (
        "A simulator knows nothing of what it tests",
        {"sandbox/broken.py": "import isthmus.connectors"},
    ),
    (
        "A simulator knows nothing of what it tests",
        {"sandbox/broken.py": "import isthmus.canonical"},
    ),
    (
        "Only the demo and the command line start simulators",
        {"app.py": "import isthmus.sandbox"},
    ),
    ("Flows speak roles, never vendors, HTTP or SQL", {"flows/broken.py": "import httpx2"}),
    (
        "Flows speak roles, never vendors, HTTP or SQL",
        {"flows/broken.py": "import isthmus.platforms"},
    ),
    ("Only the store speaks SQL", {"connect/broken.py": "import sqlalchemy"}),
    ("Only the store speaks SQL", {"cli/broken.py": "import psycopg"}),
    ("Only the store speaks SQL", {"holds/broken.py": "import sqlalchemy"}),
    ("Only the engine knows DBOS", {"store/broken.py": "import dbos"}),
    (
        "Model, arithmetic and configuration do no I/O",
        {"rules/broken.py": "import httpx2"},
    ),
    (
        "Model, arithmetic and configuration do no I/O",
        {"landscape/broken.py": "import sqlalchemy"},
    ),
    (
        "Model, arithmetic and configuration do no I/O",
        {"scenario/broken.py": "import psycopg"},
    ),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignore)
    return tmp_path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("import-linter")


def lint(tree: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("lint-imports")),
            "--no-logo",
            "--cache-dir",
            str(cache),
        ],
        cwd=tree,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tree / "src"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def plant(tree: Path, files: dict[str, str]) -> None:
    for name, code in files.items():
        path = tree / "src" / "isthmus" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code + "\n")


def test_every_contract_has_a_violation() -> None:
    assert {name for name, _ in VIOLATIONS} == set(CONTRACTS)


def test_the_code_keeps_its_contracts(tree: Path, cache: Path) -> None:
    found = lint(tree, cache)
    assert found.returncode == 0, found.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in found.stdout


def test_a_vendor_may_import_itself_and_its_platform(tree: Path, cache: Path) -> None:
    plant(
        tree,
        {
            "platforms/broken.py": "import isthmus.connect",
            "connectors/one/__init__.py": "import isthmus.platforms.broken",
            "connectors/one/client.py": "import isthmus.connectors.one",
        },
    )
    assert lint(tree, cache).returncode == 0


@pytest.mark.parametrize(
    ("contract", "files"),
    VIOLATIONS,
    ids=[f"{name}: {min(files)}" for name, files in VIOLATIONS],
)
def test_a_violation_breaks_its_contract(
    contract: str, files: dict[str, str], tree: Path, cache: Path
) -> None:
    plant(tree, files)
    found = lint(tree, cache)
    assert found.returncode == 1, found.stdout
    assert f"{contract} BROKEN" in found.stdout, found.stdout + found.stderr
