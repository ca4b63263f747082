import random
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import day, eur, rated, usd

from isthmus.canonical.invoice import LineKind
from isthmus.kit.money import Money, minor_units
from isthmus.rules.billing import invoice_lines
from isthmus.rules.facts import Fact


def roles(entries: Sequence[Fact]) -> str:
    return f"{entries[0].work.role}, {len(entries)} entries"


def test_lines_gather_by_role_rate_and_dimensions() -> None:
    lead = eur("200.00")
    billed = invoice_lines(
        [
            rated("e1", "8", worked_on="2026-03-02"),
            rated("e2", "6.5", worked_on="2026-03-03"),
            rated("e3", "4", lead, "2026-03-03", role="Lead"),
            rated("e4", "2", worked_on="2026-03-04", cost_centre="cc2"),
        ],
        roles,
    )
    assert [(n.number, n.description, n.quantity, n.amount) for n in billed.lines] == [
        (1, "Architect, 2 entries", Decimal("14.5"), eur("2175.00")),
        (2, "Architect, 1 entries", Decimal("2"), eur("300.00")),
        (3, "Lead, 1 entries", Decimal("4"), eur("800.00")),
    ]
    assert billed.lineage == {1: ("e1", "e2"), 2: ("e4",), 3: ("e3",)}
    assert {n.kind for n in billed.lines} == {LineKind.TIME}
    assert [n.cost_centre for n in billed.lines] == ["cc1", "cc2", "cc1"]


def test_half_cents_split_into_lines_that_a_ledger_computes_the_same() -> None:
    """Two half hours at 33.33 are 16.67 each; one line of an hour would say 33.33."""
    price = eur("33.33")
    billed = invoice_lines([rated("e1", "0.5", price), rated("e2", "0.5", price)], roles)
    assert [(n.quantity, n.amount) for n in billed.lines] == [(Decimal("0.5"), eur("16.67"))] * 2
    assert billed.lineage == {1: ("e1",), 2: ("e2",)}


def test_entries_whose_roundings_cancel_share_a_line() -> None:
    """0.25 h at 100.01 is 25.0025, down to 25.00; one hour is 100.01 exactly."""
    price = eur("100.01")
    billed = invoice_lines([rated("e1", "0.25", price), rated("e2", "1", price)], roles)
    assert [(n.quantity, n.amount) for n in billed.lines] == [(Decimal("1.25"), eur("125.01"))]


def test_lines_may_start_after_others_and_none_come_of_nothing() -> None:
    assert invoice_lines([rated("e1")], roles, first_number=4).lineage == {4: ("e1",)}
    assert invoice_lines([], roles).lines == ()


def test_two_currencies_make_no_invoice() -> None:
    with pytest.raises(ValueError, match="entries in EUR and USD are on one invoice"):
        invoice_lines([rated("e1"), rated("e2", rate=usd("150.00"))], roles)


CURRENCY = st.sampled_from(["EUR", "JPY", "BHD"])


def _entries(currency: str) -> st.SearchStrategy[list[Fact]]:
    rates = st.decimals(min_value="1", max_value="500", places=minor_units(currency) + 1)
    hours = st.decimals(min_value="0.01", max_value="12", places=2)
    days = st.dates(day("2026-01-01"), day("2026-03-31")).map(str)
    one = st.builds(
        lambda n, h, r, d, role: rated(f"e{n:05}", h, Money.of(r, currency), d, role=role),
        st.integers(0, 99_999),
        hours,
        st.sampled_from([Decimal("33.33"), Decimal("145.37"), Decimal("150")]) | rates,
        days,
        st.sampled_from(["Architect", "Lead"]),
    )
    return st.lists(one, max_size=25, unique_by=lambda e: e.work.id)


ENTRIES = CURRENCY.flatmap(_entries)


@given(ENTRIES, st.randoms(use_true_random=False))
def test_lines_sum_to_their_entries_in_any_order_of_arrival(
    entries: list[Fact], rng: random.Random
) -> None:
    billed = invoice_lines(entries, roles)
    amounts = {e.work.id: e.amount for e in entries}
    for line in billed.lines:
        assert line.amount == line.unit_price.times(line.quantity).rounded()
        behind = [amounts[i] for i in billed.lineage[line.number]]
        assert line.amount == Money.total(behind, line.amount.currency)
    assert sorted(i for ids in billed.lineage.values() for i in ids) == sorted(amounts)
    rng.shuffle(entries)
    assert invoice_lines(entries, roles) == billed
