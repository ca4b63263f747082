"""Rounds of chaos, and the proof that their checker can fail."""

from __future__ import annotations

import ast
import asyncio
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from chaos.check import DOUBLED, HOLDS, LOST, ORDER, REST, WRONG, broken, expected_invoices
from chaos.faults import FAULTS
from chaos.plan import ALWAYS, BURST, strikes_of
from chaos.product import COLUMNS
from chaos.sent import Sent, SentDeal, SentHold, SentHour, SentLog, read_sent
from chaos.stores import (
    Found,
    LedgerInvoice,
    LedgerTime,
    LoggedEvent,
    Mark,
    OpenHold,
    ShownInvoice,
)

ROOT = Path(__file__).parents[2]
DEAL, ORDER_NUMBER, KEY = "Harbour: Ledger", "PO Harbour", "invoice-1"
MONDAY, TUESDAY, FRIDAY = date(2026, 7, 6), date(2026, 7, 7), date(2026, 7, 10)
RATE = Decimal("148.35")
HASTY = SentHold("opportunity", "Harbour: Hasty", "billing_model_missing", "pmo")


def sent() -> Sent:
    """One deal with two days of work, invoiced and half paid; another deal waits for a person."""
    hours = (SentHour(DEAL, "E001", day, Decimal("7.25"), RATE, 0, "billed")
             for day in (MONDAY, TUESDAY))  # fmt: skip
    return Sent(
        deals={
            DEAL: SentDeal(DEAL, "Harbour", "EUR", ORDER_NUMBER, True),
            HASTY.id: SentDeal(HASTY.id, "Harbour", "EUR", "PO Hasty", False),
        },
        hours={(h.deal, h.person, h.day): h for h in hours},
        holds={HASTY},
        billed={0: FRIDAY},
        paid={KEY: Decimal("1000.00")},
    )


def found() -> Found:
    """What the stores hold when all went well: 2 x 1,075.54 and 21 % tax."""
    subtotal, tax, total = Decimal("2151.08"), Decimal("451.73"), Decimal("2602.81")
    due = Decimal("1602.81")
    return Found(
        ledger_customers=["Harbour"],
        ledger_projects=[DEAL],
        psa_projects=[DEAL],
        time=[LedgerTime(DEAL, "E001", day, Decimal("7.25"), RATE) for day in (MONDAY, TUESDAY)],
        invoices=[
            LedgerInvoice(KEY, "INV-1", ORDER_NUMBER, FRIDAY, subtotal, subtotal, tax, total, due)
        ],
        shown=[ShownInvoice(KEY, "INV-1", "partially_paid", total, due)],
        marks=[Mark(DEAL, "E001", (MONDAY, TUESDAY), "INV-1")],
        holds=[OpenHold(HASTY.kind, HASTY.id, HASTY.code, "held", HASTY.owner, "why", "how")],
        unfinished=[("opportunity_to_project", "run-1", "held")],
        unread=0,
        events=[
            LoggedEvent(1, "a", "invoice.status_changed", "invoice-1", 1),
            LoggedEvent(2, "b", "invoice.status_changed", "invoice-1", 2),
            LoggedEvent(3, "c", "invoice.posted", "invoice-1", None),
        ],
        followed=[(1, "a"), (2, "b"), (3, "c")],
    )


@pytest.mark.parametrize("module", ["check", "sent", "stores"])
def test_the_checker_uses_nothing_of_what_it_checks(module: str) -> None:
    tree = ast.parse((ROOT / "chaos" / f"{module}.py").read_text("utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom)
                     else [alias.name for alias in node.names])
    }  # fmt: skip
    assert not {name for name in imported if name.startswith("isthmus")}
    assert {n for n in imported if n.startswith("chaos")} <= {"chaos.sent", "chaos.stores"}


def test_what_went_well_breaks_nothing() -> None:
    assert expected_invoices(sent()) == {(ORDER_NUMBER, FRIDAY): Decimal("2151.08")}
    assert broken(sent(), found()) == []


Change = Callable[[Found], Found]


def _time(*lines: int, **changed: Decimal) -> Change:
    return lambda f: replace(f, time=[replace(f.time[n], **changed) for n in lines])


def _invoice(**changed: object) -> Change:
    return lambda f: replace(f, invoices=[replace(f.invoices[0], **changed)])  # type: ignore[arg-type] # by the case


def _hold(**changed: str) -> Change:
    return lambda f: replace(f, holds=[replace(f.holds[0], **changed)])


CASES: dict[str, tuple[Change, set[str]]] = {
    "a line of time is doubled": (_time(0, 0, 1), {DOUBLED}),
    "a line of time is lost": (_time(0), {LOST}),
    "another rate": (_time(0, 1, rate=Decimal("148.34")), {WRONG}),
    "an older version of the hours": (_time(0, 1, hours=Decimal("7.5")), {WRONG}),
    "time that nobody sent": (
        lambda f: replace(f, time=[*f.time, replace(f.time[0], day=FRIDAY)]), {DOUBLED}),
    "an invoice is told again": (
        lambda f: replace(f, events=[*f.events, replace(f.events[2], position=4, id="d")],
                          followed=[*f.followed, (4, "d")]), {DOUBLED}),
    "a second customer": (lambda f: replace(f, ledger_customers=["Harbour"] * 2), {DOUBLED}),
    "no project in the PSA": (lambda f: replace(f, psa_projects=[]), {LOST}),
    "a project of the deal that waits": (
        lambda f: replace(f, ledger_projects=[DEAL, HASTY.id]), {DOUBLED}),
    "an invoice is doubled": (
        lambda f: replace(f, invoices=[*f.invoices, replace(f.invoices[0], key="another")]),
        {DOUBLED, LOST, WRONG}),
    "an invoice is lost": (
        lambda f: replace(f, invoices=[], shown=[]), {LOST}),
    "an invoice is a cent too high": (
        _invoice(subtotal=Decimal("2151.09"), lines=Decimal("2151.09"), tax=Decimal("451.72")),
        {WRONG}),
    "an invoice does not sum up": (_invoice(lines=Decimal("2151.07")), {WRONG}),
    "a payment is booked twice": (_invoice(due=Decimal("602.81")), {WRONG}),
    "the CRM shows an older status": (
        lambda f: replace(
            f, shown=[replace(f.shown[0], status="posted", due=Decimal("2602.81"))]), {ORDER}),
    "the CRM does not show the invoice": (lambda f: replace(f, shown=[]), {LOST}),
    "a card without its invoice's number": (
        lambda f: replace(f, marks=[replace(f.marks[0], number=None)]), {LOST}),
    "a hold is missing": (lambda f: replace(f, holds=[]), {HOLDS}),
    "a hold for another reason": (_hold(code="defect"), {HOLDS}),
    "a hold without a fix": (_hold(fix=""), {HOLDS}),
    "a run in error": (
        lambda f: replace(f, unfinished=[*f.unfinished, ("time_to_invoice", "run-2", "dead")]),
        {REST}),
    "a message is not read": (lambda f: replace(f, unread=1), {REST}),
    "the feed passed an event over": (lambda f: replace(f, followed=[(2, "b"), (3, "c")]), {LOST}),
    "the feed went back": (lambda f: replace(f, followed=[(2, "b"), (1, "a"), (3, "c")]), {ORDER}),
    "versions out of order": (
        lambda f: replace(f, events=[f.events[0], replace(f.events[1], version=1), f.events[2]]),
        {ORDER}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_checker_finds(case: str) -> None:
    change, promises = CASES[case]
    assert {problem.promise for problem in broken(sent(), change(found()))} == promises


def test_what_is_held_must_not_be_in_the_ledger() -> None:
    held = sent()
    for key, hour in held.hours.items():
        held.hours[key] = replace(hour, fate="held")
    assert [p.promise for p in broken(held, found()) if "hours" in p.why] == [DOUBLED, DOUBLED]


def test_the_log_gives_back_what_was_sent(tmp_path: Path) -> None:
    log, told = SentLog(tmp_path / "sent.jsonl"), sent()
    for deal in told.deals.values():
        log.deal(deal)
    for hour in told.hours.values():
        log.hour(replace(hour, hours=Decimal(1)))
        log.hour(hour)
    log.hold(HASTY)
    log.billed(0, FRIDAY)
    log.paid(KEY, Decimal("600.00"))
    log.paid(KEY, Decimal("400.00"))
    assert read_sent(log.file) == told


def test_the_same_seed_strikes_in_the_same_way() -> None:
    assert strikes_of(1, 1, FRIDAY) == strikes_of(1, 1, FRIDAY)
    assert strikes_of(1, 1, FRIDAY) != strikes_of(2, 1, FRIDAY)
    rounds = [strikes_of(1, number, FRIDAY) for number in (1, 2)]
    assert {strike.fault for strikes in rounds for strike in strikes} == {f.name for f in FAULTS}
    for strikes in rounds:
        assert {strike.fault for strike in strikes} >= set(ALWAYS)
        assert all(0 < s.at < BURST for s in strikes)
    turns = Counter(
        (s.fault, s.flow) for number in range(1, 9) for s in strikes_of(1, number, FRIDAY)
    )
    assert len(turns) == len(FAULTS) * len(COLUMNS), "in eight rounds each fault meets each flow"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.anyio
async def test_three_rounds_break_no_promise() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chaos", "--rounds", "3", cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    said = output.decode()
    assert process.returncode == 0, said
    found = re.findall(r"^round +(\d+) .*lost 0  doubled 0  broken 0", said, re.MULTILINE)
    assert found == ["1", "2", "3"], said
