"""What the report says, word for word."""

from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path

from rich.console import Console
from tests.demo.test_tie_out import a_hold

from isthmus.demo.place import Journal, occupied
from isthmus.demo.tie_out import Counts, CurrencyLine, Report
from isthmus.demo.view import Examples, View, grouped

COUNTS = Counts(
    deals_won=30, projects_opened=27, deals_waiting=2, approved=1200, unbillable=200, rated=990,
    posted=990, invoiced=990, held=10, messages=30, deliveries=41,
)  # fmt: skip
LINE = CurrencyLine(
    "EUR", hours=Decimal("1000.00"), milestones=Decimal("500.00"), rated=Decimal("1400.00"),
    posted=Decimal("1400.00"), invoiced=Decimal("1400.00"), held=Decimal("100.00"),
)  # fmt: skip
REPORT = Report([LINE], [], [a_hold(7, "e1", "60.00"), a_hold(8, "e2", "40.00")], COUNTS)


def said(report: Report, tmp_path: Path) -> str:
    out = StringIO()
    view = View(Console(file=out, highlight=False, width=80))
    with occupied(tmp_path, fresh=False) as place:
        journal = Journal(place)
        journal.note("erp", "netsuite")
        journal.note("outage", {"waited": 954, "drained": 4.6})
        view.report(report, journal, 61.2)
        view.what_next(Path("/tmp/a demo"), Examples("R-0032", "INV1-00004", "H-7"))
    return out.getvalue()


def test_the_report_in_full(tmp_path: Path) -> None:
    lines = said(REPORT, tmp_path).splitlines()
    assert lines[:11] == [
        "    deals won 30 -> projects 27 · amended 1 · waiting for a person 2",
        "    days of work approved 1,200 -> billable 1,000 -> rated 990 -> posted 990 -> "
        "invoiced 990 · held 10",
        "    netsuite was down for 8 s: 954 lines waited, none lost, drained in 5 s",
        "    30 messages of won deals came 41 times, out of order; each deal was taken up once",
        "    all of it in 61 s",
        "  it ties out",
        "              approved      rounding      invoiced    to invoice          held    "
        "difference",
        "    EUR       1,500.00          0.00      1,400.00          0.00        100.00"
        "          0.00",
        "    approved + rounding of hours that clients agreed to = invoiced + to invoice + held",
        "  what needs a person",
        "    finance             100.00 EUR   2 days of work    isthmus hold show H-7",
    ]
    assert "    export ISTHMUS_HOME='/tmp/a demo'" in lines
    assert (
        "    isthmus explain INV1-00004       every line of an invoice, back to the hours" in lines
    )


def test_mismatches_are_told_and_counted(tmp_path: Path) -> None:
    mismatches = [f"mismatch {n}" for n in range(25)]
    told = said(replace(REPORT, mismatches=mismatches), tmp_path)
    assert "  it does NOT tie out: 25 mismatches\n" in told
    assert "    mismatch 19\n    and 5 more\n" in told


def test_holds_of_one_cause_are_one_group() -> None:
    holds = [
        a_hold(1, "e1", "10.00"),
        a_hold(2, "e2", "5.00", currency="USD"),
        a_hold(3, "e3", "1.00"),
        a_hold(4, "o1", "7.00", object_kind="opportunity"),
        a_hold(5, "o2", "7.00", object_kind="opportunity"),
    ]
    assert [[h.number for h in group] for group in grouped(holds)] == [[1, 3], [2], [4], [5]]
