"""`isthmus scenario`: what it prints, and the exit code that a build looks at."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import call
from tests.scenario.files import ROOT

from isthmus.scenario.schema import scenario_schema

RATES = ROOT / "examples" / "scenarios" / "rate-rise.yaml"


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "wrong.yaml"
    file.write_text(RATES.read_text("utf-8").replace("net: 1590", "net: 1600"), "utf-8")
    return file


def test_a_new_one_passes_as_it_is_and_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"

    assert call("scenario", "new", str(file)).code == 0
    assert call("scenario", "run", str(file)).code == 0
    assert call("scenario", "new").out == file.read_text("utf-8")
    again = call("scenario", "new", str(file))
    assert (again.code, again.err.splitlines()[0]) == (1, f"{file} exists.")


def test_several_are_run_and_counted(wrong: Path) -> None:
    answer = call("scenario", "run", "-q", str(RATES), str(wrong))

    assert answer.code == 1
    assert answer.out.splitlines() == [
        f"{wrong}:47: expect.invoices[1].net: expected 1,600.00 EUR, got 1,590.00 EUR "
        "(10.00 EUR less)",
        "2 scenarios, 1 not as expected",
    ]
    both = call("scenario", "run", "-q", str(RATES), str(RATES))
    assert (both.code, both.out) == (0, "2 scenarios, none not as expected\n")


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path, wrong: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("scenario: Bad\ncurrency: EUR\n", "utf-8")
    answer = call("scenario", "run", "-q", str(bad), str(wrong))

    assert answer.code == 1
    assert f"{bad}:1:1: `contracts` is missing" in answer.out
    assert f"{wrong}:47:" in answer.out
    assert "2 scenarios, 2 not as expected" in answer.out


def test_without_expectations_it_shows_what_happens(tmp_path: Path) -> None:
    file = tmp_path / "open.yaml"
    file.write_text(RATES.read_text("utf-8").split("expect:")[0], "utf-8")
    answer = call("scenario", "run", str(file))

    assert answer.code == 0
    assert "3,645.00 EUR" in answer.out
    assert answer.out.splitlines()[-2] == "nothing is expected, so nothing was compared"


def test_every_amount_is_explained() -> None:
    answer = call("scenario", "run", "--explain", str(RATES))

    assert answer.code == 0
    assert answer.out.splitlines()[1:6] == [
        "invoice of 2026-03-31, Plant rollout: 3,645.00 EUR",
        "  the firm to Client A, posted 2026-04-02",
        "  Senior Consultant, Consultant 1, 2026-03-12 to 2026-03-13: 15.5 x 150.00 EUR = "
        "2,325.00 EUR",
        "    2026-03-12  Consultant 1  8 h x 150.00 EUR = 1,200.00 EUR",
        "        entry, person on project, task rate card, project rate card, person on client, "
        "client rate card, region or practice rate card: looked for Senior Consultant in EUR on "
        "2026-03-12, found none",
    ]


def test_revenue_is_explained_too() -> None:
    overrun = RATES.with_name("cost-overrun.yaml")
    lines = call("scenario", "run", "--explain", str(overrun)).out.splitlines()
    start = lines.index("revenue of 2026-03, Plant control: -8,000.00 EUR")

    assert lines[start + 1 : start + 3] == [
        "  cost 69,000 of 150,000 expected, of 200,000.00 EUR",
        "  92,000.00 EUR earned to date, 100,000.00 EUR before: -8,000.00 EUR",
    ]
    assert any("Plant control, invoice of 2026-02-15" in line for line in lines)


def test_programs_read_the_same_facts(wrong: Path) -> None:
    answer = call("scenario", "run", "--json", str(wrong))
    [found] = json.loads(answer.out)

    assert answer.code == 1
    assert (found["as_expected"], found["figures"], found["mistakes"]) == (False, 21, [])
    assert found["differences"] == [
        {
            "line": 47,
            "path": "expect.invoices[1].net",
            "kind": "differs",
            "expected": {"amount": "1600", "currency": "EUR"},
            "actual": {"amount": "1590.00", "currency": "EUR"},
        }
    ]
    [first, second] = found["outcome"]["invoices"]
    assert (first["on"], first["net"]["amount"], len(first["lines"])) == (
        "2026-03-31", "3645.00", 2,
    )  # fmt: skip
    assert second["lines"][0]["trail"][0] == (
        "2026-03-10  Consultant 1  4 h x 150.00 EUR = 600.00 EUR"
    )


def test_programs_read_mistakes_too(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("scenario: Bad\ncurrency: EUR\ncontracts: []\n", "utf-8")
    answer = call("scenario", "run", "--json", str(file))
    [found] = json.loads(answer.out)

    assert answer.code == 1
    assert (found["outcome"], [m["path"] for m in found["mistakes"]]) == (None, ["contracts"])


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    assert json.loads(call("scenario", "schema").out) == scenario_schema()
    assert call("scenario", "schema", str(tmp_path / "here")).code == 0
    written = json.loads((tmp_path / "here" / "scenario.schema.json").read_text("utf-8"))
    assert written == scenario_schema()


def test_what_changed_an_hours_price_is_explained() -> None:
    overtime = RATES.with_name("overtime-daily-cap.yaml")
    lines = call("scenario", "run", "--explain", str(overtime)).out.splitlines()
    told = [line.strip() for line in lines if "looked for" not in line]
    start = told.index("Commissioning: work of 150.00 EUR is not charged")

    assert "7.6 h rounded to 7.75 h" in told
    assert told[start + 1 : start + 4] == [
        "2026-03-04  Consultant 1  1 h x 0.00 EUR = 0.00 EUR",
        "3 h over 8 h on 2026-03-04: x1.5",
        "1 h over the cap of 10 h on 2026-03-04: not charged",
    ]
