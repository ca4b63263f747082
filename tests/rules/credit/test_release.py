from decimal import Decimal
from typing import Any

import pytest
from tests.rules.credit.facts import FACTS, billed, credited, discount, line, posted
from tests.rules.expenses.facts import expense
from tests.rules.facts import day, entry, eur, milestone

from isthmus.canonical import TimeEntry
from isthmus.canonical.invoice import LineKind
from isthmus.kit.money import Money
from isthmus.rules.credit.dates import MemoDates, memo_dates
from isthmus.rules.credit.memo import Credit
from isthmus.rules.credit.rebill import (
    InvoiceFacts,
    Moved,
    Rebilled,
    credit_and_rebill,
    move_hours,
)
from isthmus.rules.credit.release import released_expenses, released_milestones, released_time
from isthmus.rules.credit.signs import Correction, document
from isthmus.rules.locks import Book, Lock
from isthmus.rules.refusal import Unusable

AGAIN = InvoiceFacts("i2", "R-2", day("2026-04-02"))
LINEAGE = {1: ("t1", "t2"), 2: ("m1",), 3: ("e1",)}
LINES = (
    line(1, "150", "8"),
    line(2, "1000", kind=LineKind.MILESTONE),
    line(3, "110", kind=LineKind.EXPENSE),
)


def work(name: str, **changes: Any) -> TimeEntry:
    facts = {"hours": "4", "invoice_number": "INV-1", "invoiced_on": "2026-03-31"}
    return entry(id=name, **(facts | changes))


def test_a_full_credit_gives_everything_back_to_billing() -> None:
    invoice = billed(*LINES, lineage=LINEAGE)
    found = credited(invoice)
    stage = milestone(state="invoiced", invoice_number="INV-1")
    spent = expense(invoice_number="INV-1", billed_amount=eur(110))

    times = released_time([work("t1"), work("t2"), work("t9")], invoice.invoice, found)
    assert [(t.id, t.invoice_number, t.invoiced_on) for t in times] == [
        ("t1", None, None), ("t2", None, None),
    ]  # fmt: skip
    [free] = released_milestones([stage], invoice.invoice, found)
    assert (free.state, free.invoice_number) == ("ready_to_bill", None)
    [open_expense] = released_expenses([spent], invoice.invoice, found)
    assert (open_expense.invoice_number, open_expense.billed_amount) == (None, None)


def test_a_concession_releases_nothing_and_an_entry_billed_elsewhere_stays() -> None:
    invoice = billed(*LINES, lineage=LINEAGE)
    elsewhere = work("t1", invoice_number="INV-2")

    assert credited(invoice, Credit(1, eur(100))).releases == ()
    assert released_time([elsewhere], invoice.invoice, credited(invoice)) == ()


def test_hours_with_a_name_are_released_alone() -> None:
    invoice = billed(*LINES, lineage=LINEAGE)
    found = credited(invoice, Credit(1, quantity=Decimal(4), entries=("t2",)))

    assert (found.totals.net, found.releases) == (eur(600), ("t2",))


def test_billing_again_keeps_the_ratio_of_a_discount() -> None:
    """8 h at 150 less 10 percent, again at 125: 1,000 less 100."""
    invoice = billed(line(1, "150", "8"), discount(2, "120"), lineage=LINEAGE)
    found = credit_and_rebill(invoice, {1: eur(125)}, FACTS, AGAIN)

    assert isinstance(found, Rebilled)
    assert [part.amount for part in found.invoice.lines] == [eur(1000), eur(-100)]
    assert (found.invoice.status, found.invoice.number) == ("draft", None)
    assert (found.credit.totals.total, found.totals.total) == (eur(1296), eur(1080))
    assert found.net_effect == eur(-216)


def test_lines_without_a_new_price_are_billed_as_before() -> None:
    invoice = billed(line(1, "150", "8"), line(2, "100"))
    found = credit_and_rebill(invoice, {1: eur(160)}, FACTS, AGAIN)

    assert isinstance(found, Rebilled)
    assert found.net_effect == eur(96)


def test_a_new_price_for_no_line_is_refused() -> None:
    with pytest.raises(Unusable, match="has no line 7"):
        credit_and_rebill(billed(line(1, "150", "8")), {7: eur(1)}, FACTS, AGAIN)


def test_after_a_concession_a_person_decides() -> None:
    invoice = billed(line(1, "150", "8"))
    memo = posted(credited(invoice, Credit(1, eur(100))))
    found = credit_and_rebill(invoice, {1: eur(125)}, FACTS, AGAIN, [memo])

    assert isinstance(found, tuple)
    assert [problem.code for problem in found] == ["credited_already"]


def test_hours_move_to_the_project_they_belong_to() -> None:
    invoice = billed(*LINES, lineage=LINEAGE)
    wrong = work("t2", billed_hours="4.25", phase="ph1", task="k1", bill_rate=eur(150))
    found = move_hours(invoice, [wrong], "p2", FACTS)

    assert isinstance(found, Moved)
    assert found.credit.totals.net == eur("637.50")
    [moved] = found.entries
    assert (moved.project, moved.phase, moved.task, moved.bill_rate) == ("p2", None, None, None)
    assert (moved.invoice_number, moved.worked_on, moved.hours) == (
        None, day("2026-03-05"), Decimal(4),
    )  # fmt: skip


@pytest.mark.parametrize("wrong", [work("t9"), work("t1", invoice_number=None)])
def test_hours_that_are_not_on_the_invoice_do_not_move(wrong: TimeEntry) -> None:
    with pytest.raises(Unusable, match="is not billed by R-1"):
        move_hours(billed(*LINES, lineage=LINEAGE), [wrong], "p2", FACTS)


def test_a_credit_note_is_positive_and_a_negative_invoice_is_not() -> None:
    found = credited(billed(line(1, "400", "7"), line(2, "500", "-3")))
    note, negative = document(found), document(found, Correction.NEGATIVE_INVOICE)

    assert [part.quantity for part in note.lines] == [Decimal(7), Decimal(-3)]
    assert [part.quantity for part in negative.lines] == [Decimal(-7), Decimal(3)]
    assert [part.unit_price for part in negative.lines] == [eur(400), eur(500)]
    assert note.totals.total == eur(1560)
    assert negative.totals.total == eur(-1560)
    assert Money.total((n.amount for n in negative.lines), "EUR") == negative.totals.net


@pytest.mark.parametrize(
    ("wanted", "today", "issued_on", "posted_on"),
    [
        (None, "2026-04-02", "2026-04-02", "2026-04-02"),
        ("2026-03-31", "2026-04-02", "2026-04-02", "2026-04-02"),
        ("2026-04-01", "2026-04-20", "2026-04-01", "2026-04-01"),
        (None, "2026-03-20", "2026-03-20", "2026-04-01"),
    ],
)
def test_a_memo_is_not_dated_into_a_closed_period(
    wanted: str | None, today: str, issued_on: str, posted_on: str
) -> None:
    locks = [Lock(Book.RECEIVABLES, day("2026-03-31")), Lock(Book.GENERAL, day("2026-02-28"))]
    found = memo_dates(day(today), locks, day(wanted) if wanted else None)

    assert found == MemoDates(day(issued_on), day(posted_on))
