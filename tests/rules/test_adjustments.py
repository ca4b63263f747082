from decimal import Decimal
from fractions import Fraction

import pytest
from tests.rules.facts import eur, rated, work

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import TimeRounding
from isthmus.kit.money import Money
from isthmus.rules.adjustments import (
    AdjustmentKind,
    adjustment_line,
    agree,
    as_courtesy,
    discounted,
    percent_of,
    realisation,
    write_down_hours,
    write_off,
)
from isthmus.rules.billing import invoice_lines
from isthmus.rules.facts import Charging
from isthmus.rules.refusal import Unusable
from isthmus.rules.time.pricing import whole

TWO_HUNDRED = eur(200)


def test_six_of_eight_hours_are_charged() -> None:
    """Dynamics 365: 8 h at 200, of which an approver leaves 6."""
    made = write_down_hours(rated("e1", "8", TWO_HUNDRED), Decimal(6), "rework")
    charged, free = made.facts
    assert (charged.billed_hours, charged.amount) == (6, eur("1200.00"))
    assert (free.billed_hours, free.amount, free.list_amount) == (
        2,
        eur("0.00"),
        eur("400.00"),
    )
    assert free.charging is Charging.NOT_CHARGED
    assert free.why == ("2 h written down: rework",)
    assert (made.adjustment.kind, made.adjustment.amount) == (
        AdjustmentKind.WRITE_DOWN,
        eur("-400.00"),
    )
    found = realisation(made.facts)
    assert (found.by_hours, found.by_value) == (Fraction(3, 4), Fraction(3, 4))


def test_an_agreed_price_is_a_line_of_its_own_and_the_invoice_adds_up() -> None:
    facts = [rated("e1", "8", TWO_HUNDRED), rated("e2", "2", TWO_HUNDRED)]
    down = agree(facts, eur(1800), "goodwill")
    assert down is not None
    lines = [*invoice_lines(facts, lambda _: "Work").lines, adjustment_line(down, 2, "Agreed")]
    assert [(n.kind, n.amount) for n in lines] == [
        (LineKind.TIME, eur("2000.00")),
        (LineKind.ADJUSTMENT, eur("-200.00")),
    ]
    assert Money.total((n.amount for n in lines), "EUR") == eur("1800.00")
    assert (down.kind, down.entries) == (AdjustmentKind.WRITE_DOWN, ("e1", "e2"))
    assert realisation(facts, [down]).by_value == Fraction(9, 10)
    assert realisation(facts, [down]).by_hours == 1
    assert agree(facts, eur(2000), "goodwill") is None


def test_courtesy_shows_its_value_at_nothing() -> None:
    made = as_courtesy(rated("e1", "1", eur(150)), "follow-up")
    [line] = invoice_lines(made.facts, lambda _: "Follow-up").lines
    assert (line.quantity, line.unit_price, line.amount) == (1, eur("0.00"), eur("0.00"))
    assert made.facts[0].list_amount == eur("150.00")
    assert realisation([*made.facts, rated("e2", "3", eur(150))]).by_value == Fraction(3, 4)


def test_a_discount_is_taken_off_the_rate_before_rounding() -> None:
    """2.5 h at 99.99 less 10 % is 2.5 x 89.991 = 224.9775, not 249.98 less 25.00."""
    made = discounted(rated("e1", "2.5", eur("99.99")), Decimal(10), "framework")
    [fact] = made.facts
    assert (fact.price.amount, fact.amount, fact.list_amount) == (
        Decimal("89.991"),
        eur("224.98"),
        eur("249.98"),
    )
    assert made.adjustment.amount == eur("-25.00")


def test_what_is_not_paid_lowers_the_collection_only() -> None:
    facts = [rated("e1", "10", eur(100))]
    lost = write_off(eur("1000.00"), eur("250.00"), "insolvent")
    found = realisation(facts, [lost])
    assert (found.by_hours, found.by_value, found.collection) == (1, 1, Fraction(3, 4))


def test_hours_rounded_up_are_realised_more_than_once() -> None:
    """Raw hours are what was worked; 2 h billed for 1.5."""
    fact = whole(work("e1", "1.5"), TimeRounding(increment=60))
    assert percent_of(realisation([fact]).by_hours or Fraction(0)) == Decimal("133.33")


def test_work_that_is_not_billable_is_no_part_of_realisation() -> None:
    free = rated("e1", "8", is_billable=False)
    found = realisation([free])
    assert (found.by_hours, found.by_value, found.collection) == (None, None, None)
    assert free.list_amount == eur("0.00")
    assert realisation([free, rated("e2")]).by_value == 1


def test_what_cannot_be_adjusted() -> None:
    fact = rated("e1", "8")
    [free] = as_courtesy(fact, "x").facts
    with pytest.raises(Unusable, match="has no reason"):
        agree([fact], eur(1), " ")
    with pytest.raises(Unusable, match="not charged as it is"):
        discounted(free, Decimal(10), "x")
    with pytest.raises(Unusable, match="Of 8 billed hours, 8 cannot be left"):
        write_down_hours(fact, Decimal(8), "x")
    with pytest.raises(Unusable, match=r"100\.00 EUR open, 100\.01 EUR cannot be written off"):
        write_off(eur("100.00"), eur("100.01"), "x")
    with pytest.raises(Unusable, match="101 % is no discount"):
        discounted(fact, Decimal(101), "x")
    with pytest.raises(Unusable, match="in the lines of its work"):
        adjustment_line(as_courtesy(fact, "x").adjustment, 1, "x")
