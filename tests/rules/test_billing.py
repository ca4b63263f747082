import random
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import day, entry, eur, rated, usd

from isthmus.canonical.invoice import LineKind
from isthmus.kit.money import Money, minor_units
from isthmus.rules.billing import (
    RatedEntry,
    apply_cap,
    billable_hours,
    invoice_lines,
    rate_entry,
)
from isthmus.rules.rating import Rated, Tried


def roles(entries: Sequence[RatedEntry]) -> str:
    return f"{entries[0].role}, {len(entries)} entries"


@pytest.mark.parametrize(
    ("hours", "increment", "billed"),
    [
        ("2.11", 15, "2.25"),  # Harvest's own example
        ("2.25", 15, "2.25"),
        ("2.26", 15, "2.5"),
        ("0.01", 30, "0.5"),
        ("7.1", 6, "7.1"),
        ("7.11", 6, "7.2"),
        ("8", 60, "8"),
        ("8.01", 60, "9"),
        ("2.11", None, "2.11"),
        ("0", 15, "0"),
        ("-2.11", 15, "-2.25"),
        ("10", 60, "10"),
    ],
)
def test_hours_go_up_to_the_next_increment(hours: str, increment: int | None, billed: str) -> None:
    assert str(billable_hours(Decimal(hours), increment)) == billed


def test_ten_minutes_kept_as_two_places_are_not_twenty() -> None:
    """0.17 h is what a PSA keeps of 10 minutes; it is 10.2 minutes."""
    assert billable_hours(Decimal("0.17"), 10) == Decimal("0.166667")
    assert billable_hours(Decimal("0.18"), 10) == Decimal("0.333333")
    assert billable_hours(Decimal("0.005"), 10) == Decimal("0.166667")
    assert eur("150").times(billable_hours(Decimal("0.17"), 10)).rounded() == eur("25.00")


@pytest.mark.parametrize("increment", [0, -15])
def test_an_increment_that_is_no_slice_of_time_is_refused(increment: int) -> None:
    with pytest.raises(ValueError, match=f"{increment} minutes is not a slice of time"):
        billable_hours(Decimal(1), increment)


@given(
    st.decimals(min_value="0.01", max_value="24", places=2),
    st.sampled_from([3, 6, 9, 12, 15, 18, 30, 60]),
)
def test_rounded_hours_are_the_smallest_multiple_not_below(hours: Decimal, increment: int) -> None:
    billed = billable_hours(hours, increment)
    assert billed * 60 % increment == 0
    assert hours <= billed < hours + Decimal(increment) / 60


def test_an_entry_is_rated_on_rounded_hours_and_keeps_its_raw_ones() -> None:
    trail = (Tried("company rate card", "Architect in USD on 2026-03-05", "RC-1"),)
    price = Rated(usd("145.37"), "id-RC-1", "RC-1", "company rate card", day("2026-01-01"), trail)
    result = rate_entry(
        entry(hours="2.11"),
        price,
        role="Architect",
        label="TC-0001",
        minimum_increment=15,
        cost_centre="cc1",
        profit_centre="pc1",
    )
    assert (result.hours, result.billed_hours) == (Decimal("2.11"), Decimal("2.25"))
    assert result.amount == usd("327.08")  # 2.25 x 145.37 = 327.0825
    assert (result.entry_id, result.label, result.role) == ("t1", "TC-0001", "Architect")
    assert (result.cost_centre, result.profit_centre) == ("cc1", "pc1")
    assert (result.rate_card_id, result.trail) == ("id-RC-1", trail)


@pytest.mark.parametrize(
    ("rate", "hours", "amount"),
    [
        (Money.of("33.33", "EUR"), "0.5", Money.of("16.67", "EUR")),  # 16.665 goes up
        (Money.of("10001", "JPY"), "0.5", Money.of("5001", "JPY")),
        (Money.of("33.333", "BHD"), "0.5", Money.of("16.667", "BHD")),
    ],
)
def test_amounts_round_half_up_to_the_currencys_own_unit(
    rate: Money, hours: str, amount: Money
) -> None:
    price = Rated(rate, "id", "RC", "company rate card", None, ())
    assert rate_entry(entry(hours=hours), price, role="Architect").amount == amount


def test_capped_items_go_out_in_sequence_while_they_fit() -> None:
    """Certinia's own example: remaining 300, items 100, 150, 140."""
    items = [
        rated("e3", "1", eur("140.00"), "2026-03-03"),
        rated("e1", "1", eur("100.00"), "2026-03-01"),
        rated("e2", "1", eur("150.00"), "2026-03-02"),
    ]
    outcome = apply_cap(items, eur("1000.00"), consumed=eur("700.00"))
    assert [e.entry_id for e in outcome.accepted] == ["e1", "e2"]
    assert [e.entry_id for e in outcome.blocked] == ["e3"]
    assert outcome.remaining == eur("50.00")


def test_a_later_smaller_item_does_not_jump_over_a_blocked_one() -> None:
    items = [
        rated("e1", "1", eur("100.00"), "2026-03-01"),
        rated("e2", "1", eur("140.00"), "2026-03-02"),
        rated("e3", "1", eur("40.00"), "2026-03-03"),
    ]
    outcome = apply_cap(items, eur("200.00"), consumed=eur("0"))
    assert [e.entry_id for e in outcome.blocked] == ["e2", "e3"]
    assert outcome.remaining == eur("100.00")


def test_a_cap_may_be_used_to_the_last_cent_and_no_further() -> None:
    exact = apply_cap([rated("e1", "1", eur("100.00"))], eur("100.00"), eur("0"))
    assert (len(exact.accepted), exact.remaining) == (1, eur("0.00"))
    over = apply_cap([rated("e1", "1", eur("100.01"))], eur("100.00"), eur("0"))
    assert (over.accepted, len(over.blocked)) == ((), 1)
    spent = apply_cap([rated("e1", "1", eur("0.01"))], eur("100.00"), eur("120.00"))
    assert (len(spent.blocked), spent.remaining) == (1, eur("-20.00"))


def test_without_a_cap_everything_passes() -> None:
    outcome = apply_cap([rated("e2"), rated("e1")], None, eur("5000.00"))
    assert [e.entry_id for e in outcome.accepted] == ["e1", "e2"]
    assert (outcome.blocked, outcome.remaining) == ((), None)


def test_a_cap_in_another_currency_is_an_error_not_a_number() -> None:
    with pytest.raises(ValueError, match="different currencies"):
        apply_cap([rated("e1")], usd("100.00"), eur("0"))


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


def _entries(currency: str) -> st.SearchStrategy[list[RatedEntry]]:
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
    return st.lists(one, max_size=25, unique_by=lambda e: e.entry_id)


ENTRIES = CURRENCY.flatmap(_entries)


@given(ENTRIES, st.randoms(use_true_random=False))
def test_lines_sum_to_their_entries_in_any_order_of_arrival(
    entries: list[RatedEntry], rng: random.Random
) -> None:
    billed = invoice_lines(entries, roles)
    amounts = {e.entry_id: e.amount for e in entries}
    for line in billed.lines:
        assert line.amount == line.unit_price.times(line.quantity).rounded()
        behind = [amounts[i] for i in billed.lineage[line.number]]
        assert line.amount == Money.total(behind, line.amount.currency)
    assert sorted(i for ids in billed.lineage.values() for i in ids) == sorted(amounts)
    rng.shuffle(entries)
    assert invoice_lines(entries, roles) == billed


@given(_entries("EUR"), st.integers(0, 20_000), st.integers(1, 8), st.randoms())
def test_the_cap_holds_whatever_the_order_and_the_batches(
    entries: list[RatedEntry], cap: int, batches: int, rng: random.Random
) -> None:
    rng.shuffle(entries)
    limit, consumed = eur(cap), eur(0)
    accepted: list[str] = []
    for start in range(batches):
        batch = entries[start::batches]
        outcome = apply_cap(batch, limit, consumed)
        assert {*outcome.accepted, *outcome.blocked} == set(batch)
        consumed = Money.total((e.amount for e in outcome.accepted), "EUR") + consumed
        accepted += [e.entry_id for e in outcome.accepted]
        assert consumed <= limit
        assert outcome.remaining == limit - consumed
    assert len(set(accepted)) == len(accepted)
