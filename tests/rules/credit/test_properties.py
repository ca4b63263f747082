"""What holds for every row of credits."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.credit.facts import FACTS, billed, credited, discount, line, posted
from tests.rules.facts import entry, eur

from isthmus.canonical import CreditMemo, TimeEntry
from isthmus.canonical.invoice import InvoiceLine
from isthmus.kit.money import Money
from isthmus.rules.credit.invoice import BilledInvoice, totals, whole
from isthmus.rules.credit.memo import Credit, Credited, credit_invoice
from isthmus.rules.credit.rebill import Moved, move_hours

unhurried = settings(deadline=None)
"""A slow machine is no wrong sum."""


@st.composite
def invoices(draw: st.DrawFn) -> BilledInvoice:
    prices = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=4))
    quantities = [draw(st.sampled_from(["1", "0.25", "7.5", "3"])) for _ in prices]
    lines: list[InvoiceLine] = [
        line(number, str(Decimal(price).scaleb(-2)), quantity)
        for number, (price, quantity) in enumerate(zip(prices, quantities, strict=True), start=1)
    ]
    gross = Money.total((part.amount for part in lines), "EUR")
    off = gross.times(Decimal(draw(st.integers(0, 100))) / 100).rounded()
    rates = {part.number: draw(st.sampled_from(["0", "7", "19", "20"])) for part in lines}
    if off:
        lines.append(discount(len(lines) + 1, str(off.amount)))
    invoice = billed(*lines, tax=rates)
    odd = Decimal(draw(st.integers(-1, 1))).scaleb(-2)
    tax = totals(invoice, whole(invoice)).tax + Money.of(odd, "EUR")
    return billed(*lines, tax=rates, tax_total=tax if tax.amount >= 0 else None)


@unhurried
@given(invoices(), st.data())
def test_any_row_of_credits_stays_within_the_invoice_and_ends_at_it(
    invoice: BilledInvoice, data: st.DataObject
) -> None:
    invoiced = totals(invoice, whole(invoice))
    memos: list[CreditMemo] = []
    found: list[Credited] = []
    for _ in range(data.draw(st.integers(0, 6))):
        asked = data.draw(st.sampled_from(invoice.lines))
        part = data.draw(st.integers(0, 120)) * asked.amount.amount / 100
        credit = credit_invoice(
            invoice, [Credit(asked.number, Money.of(part, "EUR").rounded())], FACTS, memos
        )
        if isinstance(credit, Credited):
            found.append(credit)
            memos.append(posted(credit))
            assert credit.totals.net.amount >= 0
            assert credit.left.amount >= 0
    found.append(credited(invoice, before=tuple(memos)))

    assert found[-1].left == eur(0)
    assert Money.total((each.totals.net for each in found), "EUR") == invoiced.net
    assert Money.total((each.totals.tax for each in found), "EUR") == invoiced.tax
    lines = [part for each in found for part in each.memo.lines]
    assert Money.total((part.amount for part in lines), "EUR") == invoice.invoice.lines_total()
    assert all(part.unit_price.times(part.quantity).rounded() == part.amount for part in lines)


hours = st.lists(st.integers(1, 32), min_size=1, max_size=6)


@unhurried
@given(hours, st.integers(1000, 30_000), st.data())
def test_no_entry_is_billed_by_two_documents_at_once(
    quarters: list[int], price: int, data: st.DataObject
) -> None:
    """Moved off one by one in any order, the rest credited: each comes free exactly once."""
    entries = {
        f"t{n}": entry(id=f"t{n}", hours=Decimal(q) / 4, invoice_number="INV-1")
        for n, q in enumerate(quarters)
    }
    total = sum((each.hours for each in entries.values()), Decimal(0))
    work = line(1, str(Decimal(price).scaleb(-2)), str(total))
    invoice = billed(work, lineage={1: tuple(entries)})
    memos: list[CreditMemo] = []
    freed: list[TimeEntry] = []
    for name in data.draw(st.permutations(list(entries)))[: data.draw(st.integers(0, 6))]:
        moved = move_hours(invoice, [entries.pop(name)], "p2", FACTS, memos)
        assert isinstance(moved, Moved)
        memos.append(posted(moved.credit))
        freed += moved.entries
    rest = credited(invoice, before=tuple(memos))

    assert rest.left == eur(0)
    assert {each.id for each in freed}.isdisjoint(entries)
    assert {each.invoice_number for each in freed} <= {None}
    assert set(entries) <= set(rest.releases) or not entries
    credits = Money.total(
        (part.amount for memo in (*memos, rest.memo) for part in memo.lines), "EUR"
    )
    assert credits == work.amount
