from datetime import date
from decimal import Decimal

import pytest
from tests.rules.facts import contract, day, eur, rated, work

from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import Overtime, TimeTerms
from isthmus.rules.fact_ledger import BillingState, FactLedger, rerate, total
from isthmus.rules.facts import Fact
from isthmus.rules.refusal import Unusable
from isthmus.rules.time.pricing import price

HUNDRED = eur(100)
ALL = (date.min, date.max)


def amounts(ledger: FactLedger) -> list[tuple[str, int, int, str]]:
    return [(*row.key, row.version, str(row.fact.amount)) for row in ledger.rows]


def test_a_changed_entry_is_taken_back_and_written_anew() -> None:
    ledger = FactLedger().rerated([rated("e1", "8", HUNDRED), rated("e2", "2", HUNDRED)])
    ledger = ledger.rerated([rated("e1", "6", HUNDRED), rated("e2", "2", HUNDRED)])
    assert amounts(ledger) == [
        ("e1", 1, 1, "800.00 EUR"),
        ("e2", 1, 1, "200.00 EUR"),
        ("e1", 1, 1, "-800.00 EUR"),
        ("e1", 1, 2, "600.00 EUR"),
    ]
    assert total(ledger.in_force(), "EUR") == eur("800.00")
    assert total((row.fact for row in ledger.rows), "EUR") == eur("800.00")


def test_the_same_facts_again_write_nothing() -> None:
    ledger = FactLedger().rerated([rated("e1")])
    assert ledger.rerated([rated("e1")]) == ledger
    assert not rerate(ledger.open(), [rated("e1")])


def test_a_diff_says_what_moves_and_why_before_it_is_written() -> None:
    terms = Terms(
        time=TimeTerms(overtime=Overtime(daily_threshold=Decimal(8), multiplier=Decimal("1.5")))
    )
    entry = work("e1", "12", HUNDRED, "2026-03-12")
    diff = rerate(price(contract(), [entry]).facts, price(contract(terms=terms), [entry]).facts)
    assert diff.why == (
        "e1, part 1: 12 h at 100.00 EUR, 1,200.00 EUR on 2026-03-12 -> "
        "8 h at 100.00 EUR, 800.00 EUR on 2026-03-12",
        "e1, part 2: nothing -> 4 h at 150.00 EUR, 600.00 EUR on 2026-03-12 "
        "(4 h over 8 h on 2026-03-12: x1.5)",
    )
    assert diff.change("EUR") == eur("200.00")
    assert (len(diff.old), len(diff.new)) == (1, 2)


def test_an_invoice_takes_open_facts_of_its_days_once() -> None:
    facts = [
        rated("e1", worked_on="2026-03-31"),
        rated("e2", worked_on="2026-04-01"),
        rated("e3", worked_on="2026-03-31", is_billable=False),
    ]
    ledger = FactLedger().rerated(facts)
    march = ledger.billable(day("2026-03-01"), day("2026-03-31"))
    ledger = ledger.on_document("INV-1", march)
    assert [fact.work.id for fact in ledger.frozen()] == ["e1"]
    assert [fact.work.id for fact in ledger.billable(*ALL)] == ["e2"]
    with pytest.raises(Unusable, match="Part 1 of entry e1 is on INV-1"):
        ledger.on_document("INV-2", march)
    with pytest.raises(Unusable, match="nothing to put on INV-2"):
        ledger.on_document("INV-2", ledger.billable(day("2026-03-01"), day("2026-03-31")))
    with pytest.raises(Unusable, match="INV-1 exists"):
        ledger.on_document("INV-1", ledger.billable(*ALL))


def test_what_is_invoiced_is_not_rated_again() -> None:
    ledger = FactLedger().rerated([rated("e1", "8", HUNDRED)])
    stale = rerate(ledger.open(), [rated("e1", "6", HUNDRED)])
    ledger = ledger.on_document("INV-1", ledger.open())
    with pytest.raises(Unusable, match="Credit INV-1 first"):
        ledger.applied(stale)
    with pytest.raises(Unusable, match="is in force already"):
        ledger.rerated([rated("e1", "6", HUNDRED)])


def test_a_diff_of_another_day_is_refused() -> None:
    ledger = FactLedger().rerated([rated("e1", "8", HUNDRED)])
    stale = rerate(ledger.open(), [rated("e1", "6", HUNDRED)])
    with pytest.raises(Unusable, match="not in force as it is given"):
        ledger.rerated([rated("e1", "7", HUNDRED)]).applied(stale)


def test_a_credited_invoice_leaves_its_entries_open_to_be_priced_again() -> None:
    entry = work("e1", "8", HUNDRED)
    ledger = FactLedger().rerated(price(contract(), [entry]).facts)
    ledger = ledger.on_document("INV-1", ledger.open()).credited("INV-1", "CM-1")
    assert (ledger.in_force(), ledger.amount_of("CM-1", "EUR")) == ((), eur("-800.00"))
    again = ledger.rerated(price(contract(), [entry], ledger.frozen()).facts)
    assert amounts(again)[-1] == ("e1", 1, 2, "800.00 EUR")
    with pytest.raises(Unusable, match="is credited"):
        again.credited("INV-1", "CM-2")
    with pytest.raises(Unusable, match="Nothing is on INV-9"):
        again.credited("INV-9", "CM-2")


def test_a_credit_down_to_what_stays_freezes_it() -> None:
    ledger = FactLedger().rerated([rated("e1", "5", HUNDRED)])
    ledger = ledger.on_document("INV-1", ledger.open())
    ledger = ledger.credited("INV-1", "CM-1", [rated("e1", "3", HUNDRED)])
    assert ledger.amount_of("CM-1", "EUR") == eur("-200.00")
    assert total(ledger.frozen(), "EUR") == eur("300.00")
    assert ledger.open() == ()


def test_parts_leave_a_fact_in_force_and_the_rest_takes_it_out() -> None:
    [a, b] = [rated("a", "8", HUNDRED), rated("b", "2", HUNDRED)]
    ledger = FactLedger().rerated([a, b]).on_document("INV-1", [a, b])
    ledger = ledger.taken_back("CM-1", [], [(a, eur("80.01")), (b, eur("20.00"))])
    assert [fact.amount for fact in ledger.frozen()] == [eur("800.00"), eur("200.00")]
    assert [fact.amount for fact in ledger.left(ledger.frozen())] == [eur("719.99"), eur("180.00")]
    with pytest.raises(Unusable, match=r"720\.00 EUR of part 1 of entry a are more than 719\.99"):
        ledger.taken_back("CM-2", [], [(a, eur("720.00"))])
    with pytest.raises(Unusable, match="CM-1 took back parts of facts"):
        ledger.credited("CM-1", "X-1")

    ledger = ledger.taken_back("CM-2", [a])
    assert ledger.amount_of("CM-2", "EUR") == eur("-719.99")
    assert [fact.work.id for fact in ledger.in_force()] == ["b"]
    assert total((row.fact for row in ledger.rows), "EUR") == eur("180.00")
    assert ledger.state_of("ab") is BillingState.PARTLY_BILLED

    again = ledger.applied(rerate([], [rated("a", "8", eur(90))]))
    assert [fact.amount for fact in again.left(again.open())] == [eur("720.00")]
    assert total((row.fact for row in again.rows), "EUR") == eur("900.00")


def test_the_rest_of_an_invoice_is_what_parts_left_of_it() -> None:
    ledger = FactLedger().rerated([rated("a", "8", HUNDRED)])
    ledger = ledger.on_document("INV-1", ledger.open())
    ledger = ledger.taken_back("CM-1", [], [(ledger.frozen()[0], eur("80.00"))])
    ledger = ledger.credited("INV-1", "CM-2")
    assert (ledger.amount_of("CM-2", "EUR"), ledger.in_force()) == (eur("-720.00"), ())


def test_what_is_on_no_invoice_is_not_credited() -> None:
    [fact] = (ledger := FactLedger().rerated([rated("a")])).open()
    with pytest.raises(Unusable, match="Part 1 of entry a is on no invoice"):
        ledger.taken_back("CM-1", [fact])


def test_the_state_of_a_time_sheet_through_credit_and_its_cancellation() -> None:
    ledger = FactLedger().rerated([rated("a", "2", HUNDRED), rated("b", "2", HUNDRED)])

    def on(ledger: FactLedger, id: str) -> list[Fact]:
        return [fact for fact in ledger.open() if fact.work.id == id]

    states = [ledger.state_of("ab")]
    ledger = ledger.on_document("I-a", on(ledger, "a"))
    states.append(ledger.state_of("ab"))
    ledger = ledger.on_document("I-b", on(ledger, "b"))
    states.append(ledger.state_of("ab"))
    ledger = ledger.credited("I-b", "C-b")
    states.append(ledger.state_of("ab"))
    ledger = ledger.credited("C-b", "X-b")
    states.append(ledger.state_of("ab"))
    partly, billed = BillingState.PARTLY_BILLED, BillingState.BILLED
    assert states == [BillingState.UNBILLED, partly, billed, partly, billed]
    assert amounts(ledger)[-2:] == [("b", 1, 1, "-200.00 EUR"), ("b", 1, 2, "200.00 EUR")]
    assert total((row.fact for row in ledger.rows), "EUR") == eur("400.00")


def test_an_invoiced_entry_that_changes_is_held_with_the_difference() -> None:
    [fact] = price(contract(), [work("e1", "8", HUNDRED)]).billed
    priced = price(contract(), [work("e1", "6", HUNDRED)], frozen=[fact])
    [held] = priced.held
    assert (priced.billed, held.fact.amount) == ((), eur("-200.00"))
    assert held.problem.code == "invoiced_entry_changed"
    assert held.problem.reason == (
        "e1: 8 h of 2026-03-05 on project p1 are invoiced, but the entry now says 6 h of "
        "2026-03-05 on project p1"
    )


def test_one_entry_in_two_versions_is_refused() -> None:
    with pytest.raises(Unusable, match="Entry e1 comes twice, and not alike"):
        price(contract(), [work("e1", "8"), work("e1", "6")])
