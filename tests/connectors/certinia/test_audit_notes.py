from datetime import date, timedelta

from isthmus.connectors.certinia import audit_notes

WEEK = [date(2026, 6, 29) + timedelta(days=n) for n in range(7)]


def test_marked_days_come_back_by_invoice_across_a_month_end() -> None:
    marked = {WEEK[0]: "INV-1", WEEK[1]: "INV-1", WEEK[3]: "INV: 2"}
    text = audit_notes.write(None, marked)
    assert text == "Isthmus INV-1: 29 30\nIsthmus INV: 2: 02"
    assert audit_notes.read(text, WEEK) == marked


def test_what_people_wrote_stays_before_ours_and_is_not_read_as_ours() -> None:
    text = audit_notes.write("Hours agreed: 29 30\nIsthmus INV-1: 29", {WEEK[1]: "INV-2"})
    assert text == "Hours agreed: 29 30\nIsthmus INV-2: 30"
    assert audit_notes.read(text, WEEK) == {WEEK[1]: "INV-2"}


def test_the_notes_never_outgrow_their_field() -> None:
    text = audit_notes.write("x" * 300, {WEEK[0]: "INV-1"})
    assert len(text) == 255
    assert text.endswith("\nIsthmus INV-1: 29")
