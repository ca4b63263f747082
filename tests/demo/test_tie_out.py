"""The proof finds what was planted, and says where."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from isthmus.canonical import TimeEntry
from isthmus.demo.clerk import LedgerInvoice, LedgerTime
from isthmus.demo.evidence import CrmInvoice, Evidence, PsaDay, PsaMilestone
from isthmus.demo.tie_out import billed_value_of, tie_out, value_of
from isthmus.store.entries import HELD, INVOICED, POSTED, EntryRow
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HoldRow

NOW = datetime(2026, 9, 30, tzinfo=UTC)
DAY = date(2026, 7, 6)


def a_day(external_id: str, hours: str, rate: str = "133.33", **more: Any) -> PsaDay:
    facts = {"currency": "EUR", "increment": None, **more}
    return PsaDay(external_id, Decimal(hours), Decimal(rate), **facts)


def an_entry(id: str, external_id: str, state: str) -> EntryRow:
    entry = TimeEntry.model_validate(
        {"id": id, "resource": "r", "project": "p", "worked_on": DAY, "hours": "7.25",
         "approval": "approved", "currency": "EUR"}
    )  # fmt: skip
    return EntryRow(entry, "certinia", external_id, 1, state)


def a_fact(source: str, amount: str, invoice: str | None, kind: str = "time_entry") -> FactRow:
    return FactRow(
        id=f"fact-{source}", source_kind=kind, source_id=source, source_version=1,
        reversal_of=None, contract="c", project="p", resource="r", role="Consultant",
        happened_on=DAY, hours=Decimal(1), billed_hours=Decimal(1), rate=Decimal(1),
        amount=Decimal(amount), currency="EUR", description=source, cost_centre=None,
        profit_centre=None, legal_entity="EA-NL", rate_card=None, trail=[], run_id="run",
        rated_at=NOW, posted_as="1", posted_at=NOW, invoice=invoice, invoice_line=1,
    )  # fmt: skip


def a_hold(number: int, entry: str, amount: str, **more: Any) -> HoldRow:
    facts: dict[str, Any] = {
        "number": number, "key": f"time_entry:{entry}", "state": "held",
        "code": "rate_outdated", "reason": "no rate",
        "owner": "finance", "fix": "Add the rate.", "flow": "time_to_invoice", "step": None,
        "run_id": None, "object_kind": "time_entry", "object_id": entry, "customer": None,
        "amount": Decimal(amount), "currency": "EUR", "system": None, "period": None,
        "detail": {}, "correlation_id": None, "opened_at": NOW, "resolved_at": None,
        "resolution": None, "resolved_by": None, **more,
    }  # fmt: skip
    return HoldRow(**facts)


def a_time(key: str, hours: str, rate: str = "133.33") -> LedgerTime:
    return LedgerTime(key, f"work {key}", Decimal(hours), Decimal(rate), "EUR", "2026-07")


INVOICE = LedgerInvoice(
    key="i1", number="INV1-00001", customer="Client", currency="EUR", issued_on=DAY,
    period="Jul 2026", hours_amount=Decimal("966.64"), milestones_amount=Decimal("500.00"),
    lines_total=Decimal("1466.64"), total=Decimal("1774.63"), due=Decimal("774.63"),
    status="partially_paid",
)  # fmt: skip
SHOWN = CrmInvoice(
    "i1", "INV1-00001", "EUR", "partially_paid", Decimal("1774.63"), Decimal("774.63")
)


@pytest.fixture
def found() -> Evidence:
    """An invoiced day, a posted one with rounding, a held one, and an invoiced milestone."""
    return Evidence(
        days=[a_day("h:1", "7.25"), a_day("h:2", "7.25", increment=30), a_day("h:3", "4")],
        milestones=[PsaMilestone("m1", "Instalment 1", Decimal("500.00"), "EUR")],
        crm_invoices=[SHOWN],
        ledger_time=[a_time("e1", "7.25"), a_time("e2", "7.5")],
        ledger_invoices=[INVOICE],
        names={"customers of the ledger": ["Client"]},
        entries={
            "h:1": an_entry("e1", "h:1", INVOICED),
            "h:2": an_entry("e2", "h:2", POSTED),
            "h:3": an_entry("e3", "h:3", HELD),
        },
        facts=[
            a_fact("e1", "966.64", "i1"), a_fact("e2", "999.98", None),
            a_fact("m1", "500.00", "i1", "milestone"),
        ],
        holds=[a_hold(7, "e3", "533.32")],
    )  # fmt: skip


def test_what_is_in_order_ties_out(found: Evidence) -> None:
    report = tie_out(found)
    assert report.mismatches == []
    [line] = report.lines
    assert (line.hours, line.milestones) == (Decimal("2466.60"), Decimal("500.00"))
    assert (line.rounding, line.rated, line.posted) == (
        Decimal("33.34"), Decimal("2466.62"), Decimal("2466.62"),
    )  # fmt: skip
    assert (line.invoiced, line.uninvoiced, line.held) == (
        Decimal("1466.64"), Decimal("999.98"), Decimal("533.32"),
    )  # fmt: skip
    assert line.difference == 0
    assert (report.counts.rated, report.counts.invoiced, report.counts.held) == (2, 1, 1)


def test_a_day_is_rounded_half_up_and_to_the_increment() -> None:
    assert value_of(a_day("h:1", "0.5", "33.33")) == Decimal("16.67")
    assert billed_value_of(a_day("h:1", "7.25", "100", increment=15)) == Decimal("725.00")
    assert billed_value_of(a_day("h:1", "7.25", "100", increment=30)) == Decimal("750.00")


def planted(found: Evidence, **change: Any) -> list[str]:
    return list(tie_out(replace(found, **change)).mismatches)


def test_a_lost_day_is_named(found: Evidence) -> None:
    entries = {k: v for k, v in found.entries.items() if k != "h:3"}
    assert planted(found, entries=entries, holds=[]) == [
        "approved work h:3 never reached Isthmus",
        "EUR: approved and rounding = rated + held fails: 2,999.94 and 2,466.62",
    ]


def test_a_day_that_stays_behind_is_named(found: Evidence) -> None:
    entries = {**found.entries, "h:3": an_entry("e3", "h:3", "received")}
    assert planted(found, entries=entries)[0] == (
        "approved work h:3 is received: neither billed nor held"
    )


def test_an_hour_that_nobody_approved_is_named(found: Evidence) -> None:
    facts = [*found.facts, a_fact("e9", "10.00", None)]
    assert planted(found, facts=facts)[:2] == [
        "e9 on 2026-07-06 is rated, but the PSA did not approve it",
        "e9 on 2026-07-06 is rated, but not in the ledger",
    ]


def test_a_cent_is_seen(found: Evidence) -> None:
    facts = [a_fact("e1", "966.65", "i1"), *found.facts[1:]]
    assert planted(found, facts=facts) == [
        "work h:1 is rated at 966.65 EUR, by the PSA's rate it is 966.64 EUR",
        "work e1: the ledger holds 966.64, Isthmus rated 966.65",
        "invoice INV1-00001 has lines of 1466.64, the work behind it is worth 1466.65",
        "EUR: approved and rounding = rated + held fails: 2,999.94 and 2,999.95",
        "EUR: rated = posted in the ledger fails: 2,466.63 and 2,466.62",
    ]


def test_hours_posted_twice_are_named(found: Evidence) -> None:
    assert found.ledger_time is not None
    twice = [*found.ledger_time, replace(a_time("e1", "7.25"), key="other")]
    names = {"hours of the ledger": [t.natural for t in twice]}
    mismatches = planted(found, ledger_time=twice, names=names)
    assert "the ledger holds work e1 (966.64), which Isthmus did not rate" in mismatches
    assert "hours of the ledger: work e1 is there 2 times" in mismatches


def test_a_second_invoice_is_named(found: Evidence) -> None:
    second = replace(INVOICE, key="i2", number="INV1-00002")
    mismatches = planted(found, ledger_invoices=[INVOICE, second])
    assert mismatches == [
        "invoice INV1-00002 has lines of 1466.64, the work behind it is worth 0",
        "invoice INV1-00002 is not in the CRM",
        "EUR: posted = invoiced + to be invoiced fails: 2,466.62 and 3,933.26",
    ]


def test_an_invoice_that_the_ledger_lacks_is_named(found: Evidence) -> None:
    mismatches = planted(found, ledger_invoices=[], crm_invoices=[])
    assert mismatches[0] == (
        "work of 1466.64 is frozen on invoice i1, which the ledger does not have"
    )


@pytest.mark.parametrize("change", [{"status": "paid"}, {"due": Decimal("774.62")}])
def test_a_crm_that_says_something_else_is_named(found: Evidence, change: dict[str, Any]) -> None:
    [mismatch] = planted(found, crm_invoices=[replace(SHOWN, **change)])
    assert mismatch.startswith("invoice INV1-00001: CRM (")


def test_an_accepted_milestone_that_is_not_billed_is_named(found: Evidence) -> None:
    more = [*found.milestones, PsaMilestone("m2", "Instalment 2", Decimal("250.00"), "EUR")]
    assert planted(found, milestones=more) == [
        "accepted milestone Instalment 2 (250.00) was not billed",
        "EUR: approved and rounding = rated + held fails: 3,249.94 and 2,999.94",
    ]


def test_a_hold_of_another_amount_is_named(found: Evidence) -> None:
    assert planted(found, holds=[a_hold(7, "e3", "533.00")])[0] == (
        "H-7 blocks 533.00 EUR, the PSA says 533.32 EUR"
    )


def test_a_hold_without_owner_or_fix_is_named(found: Evidence) -> None:
    assert planted(found, holds=[a_hold(7, "e3", "533.32", fix="")]) == [
        "H-7 names no owner, reason or fix"
    ]


def test_a_customer_that_is_there_twice_is_named(found: Evidence) -> None:
    assert planted(found, names={"customers of the ledger": ["Client", "Client"]}) == [
        "customers of the ledger: Client is there 2 times"
    ]


def test_a_ledger_without_time_transactions_is_judged_by_its_invoices(found: Evidence) -> None:
    assert planted(found, ledger_time=None) == []
