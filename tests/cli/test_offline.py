"""Commands that need no installation, and errors as people read them."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import call
from tests.landscapes import ENVIRONMENT, landscape_text

from isthmus.canonical import OBJECTS
from isthmus.cli.reference import pages
from isthmus.events.catalogue import CATALOGUE
from isthmus.rules.ownership import Ownership

DOCS = Path(__file__).parents[2] / "docs" / "reference"
BAD = """\
firm:
  name: Example Advisory
  legal_entities:
    EA-NL: {country: NL, currency: EUR}
connections:
  books: {vendor: netsuit}
roles:
  erp: [{connection: boks}]
"""


@pytest.mark.parametrize("page", sorted(pages()))
def test_the_page_is_fresh(page: str) -> None:
    assert (DOCS / page).read_text("utf-8") == pages()[page], "run `isthmus docs build`"


def test_stale_pages_are_named(empty_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    folder.mkdir()
    built = call("docs", "build", str(folder))
    assert (built.code, len(list(folder.iterdir()))) == (0, 11)
    assert call("docs", "build", "--check", str(folder)).out == "every page is fresh\n"
    (folder / "model.md").write_text("old")
    (folder / "flows.md").unlink()
    stale = call("docs", "build", "--check", str(folder))
    assert (stale.code, stale.out.splitlines()) == (
        1, [f"stale: {folder / 'model.md'}", f"stale: {folder / 'flows.md'}"],
    )  # fmt: skip
    assert (folder / "model.md").read_text() == "old"


def test_the_commands_in_the_order_of_a_days_work(empty_home: Path) -> None:
    shown = call("--help").out
    names = ["up ", "worker ", "api ", "sandbox ", "demo ", "status ", "doctor ", "explain ",
             "journey ", "bill ", "model ", "scenario ", "landscape ", "connection ", "run ",
             "hold ", "schema ", "event ", "db ", "docs "]  # fmt: skip
    places = [shown.index(f"│ {name}") for name in names]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "words",
    [("status",), ("hold", "list"), ("hold", "show", "H-1"), ("run", "list"), ("event", "tail"),
     ("explain", "INV-1"), ("journey", "x"), ("bill", "--up-to", "2026-07-31")],
)  # fmt: skip
def test_without_an_installation_three_lines_say_so(
    empty_home: Path, words: tuple[str, ...]
) -> None:
    answer = call(*words)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.splitlines() == [
        f"There is no installation in {empty_home}.",
        "  why: Its embedded database was never started, and DATABASE_URL is not set.",
        "  do:  Start one with `isthmus up`, see one with `isthmus demo`, or name it with --home.",
    ]
    assert not empty_home.exists()


def test_an_unreachable_server_is_told_without_a_trace(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    answer = call("status")
    assert answer.code == 1
    what, why, remedy = answer.err.splitlines()
    assert what == "The database does not answer."
    assert why.startswith("  why: connection")
    assert remedy == "  do:  Start the server, or correct DATABASE_URL."


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("hold", "fix", "H-1", "cap"), "'cap' is not attribute=value"),
        (("bill",), "Missing option '--up-to'"),
        (("bill", "--up-to", "soon"), "'soon' does not match the format"),
        (("nonsense",), "No such command 'nonsense'"),
        (("model", "unicorn"), "the model has no object 'unicorn'"),
    ],
)
def test_what_is_not_understood_is_a_usage_error(
    empty_home: Path, words: tuple[str, ...], complaint: str
) -> None:
    answer = call(*words)
    assert answer.code == 2
    assert complaint in " ".join(answer.err.replace("│", " ").split())


def test_mistakes_of_a_landscape_are_told_by_line(empty_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    answer = call("landscape", "check", str(file))
    assert answer.code == 1
    assert f"{file}:6:19: no connector speaks to `netsuit`" in answer.out
    assert "do:  Did you mean `netsuite`?" in answer.out
    found = json.loads(call("landscape", "check", str(file), "--json").out)
    assert (6, "connections.books.vendor") in {(m["line"], m["path"]) for m in found["mistakes"]}
    shown = call("landscape", "show", str(file))
    assert (shown.code, shown.out) == (1, "")
    assert f"{file}:6:19: no connector speaks to `netsuit`" in shown.err


def test_where_personal_data_goes_is_printed(
    empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    told = "destinations: {warehouse: {url: nats://nats.example:4222}}"
    file = tmp_path / "good.yaml"
    file.write_text(landscape_text("https://crm.example", "https://books.example", told))
    answer = call("landscape", "check", str(file))
    assert answer.code == 0
    rows = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert rows[0] == "personal data goes to region of people of masked"
    assert rows[2:-1] == [
        "Isthmus's own database EA-NL, EA-US", "crm: salesforce EA-NL, EA-US",
        "psa: certinia EA-NL, EA-US", "erp: netsuite EA-NL, EA-US", "telemetry nobody",
        "destination warehouse EA-NL, EA-US",
    ]  # fmt: skip
    found = json.loads(call("landscape", "check", str(file), "--json").out)
    assert found["personal_data"][-1] == {
        "place": "destination warehouse",
        "region": None,
        "gets": ["EA-NL", "EA-US"],
        "kept_from": [],
    }


def test_the_model_is_printed_whole(empty_home: Path) -> None:
    rows = json.loads(call("model", "--json").out)
    assert len(rows) == len(Ownership.default().table())
    terms = [r for r in rows if (r["kind"], r["attribute"]) == ("customer", "payment_terms")]
    assert [(r["owner"], r["seeded_by"], r["on_foreign_write"]) for r in terms] == [
        ("erp", "crm", "drift")
    ]
    table = call("model", "customer").out
    assert "customer.payment_terms" in table
    assert "invoice." not in table
    assert call("model", "--markdown").out == pages()["model.md"]


def test_schemas_of_every_object_and_event(empty_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    assert call("schema", "export", str(folder)).code == 0
    kinds = {m.kind for m in OBJECTS}
    assert {f.stem for f in (folder / "objects").iterdir()} == {*kinds, "project.v2"}
    assert {f.stem for f in (folder / "events").iterdir()} == CATALOGUE.keys()
    posted = json.loads((folder / "events" / "invoice.posted.json").read_text())
    assert posted["properties"]["type"] == {"const": "isthmus.invoice.posted.v1"}
    assert sorted(posted["properties"]["data"]["required"]) == ["number", "total"]
    invoice = json.loads((folder / "objects" / "invoice.json").read_text())
    assert invoice["properties"]["number"]["owner"] == "erp"
    assert (folder / "envelope.json").exists()


def test_a_doctor_without_an_installation_finds_nothing_bad(empty_home: Path) -> None:
    answer = call("doctor", "--json")
    found = {f["what"]: f["ok"] for f in json.loads(answer.out)}
    assert (answer.code, found) == (
        0,
        {"Python": True, "embedded PostgreSQL": True, "database": None, "disk": True,
         "landscape": None},
    )  # fmt: skip


def test_a_doctor_names_what_is_bad(
    empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    answer = call("--landscape", str(file), "doctor", "--json")
    assert answer.code == 1
    bad = {f["what"]: f["remedy"] for f in json.loads(answer.out) if f["ok"] is False}
    assert bad["database"] == "Start the server, or correct DATABASE_URL."
    assert bad["bad.yaml:6"] == "Did you mean `netsuite`?"
