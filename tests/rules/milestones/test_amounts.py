"""What a milestone bills: parts, percents of a line, retention, damages, bonus."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import day, eur
from tests.rules.revenue.test_properties import CURRENCIES, money, unhurried

from isthmus.canonical.terms import LateDamages, RetentionTax
from isthmus.kit.money import Money
from isthmus.rules.charge import lump
from isthmus.rules.milestones.billing import bill_bonus, bill_part
from isthmus.rules.milestones.damages import late_damages
from isthmus.rules.milestones.quantity import OrderLine, deliver
from isthmus.rules.milestones.retention import release, withhold
from isthmus.rules.refusal import Unusable

TEN = Decimal(10)
WORK = [lump(f"M{n}", eur(amount), "accepted") for n, amount in enumerate(["1000", "333.33"], 1)]


def test_retention_is_a_line_of_its_own_with_a_running_balance() -> None:
    first, second = withhold(WORK, TEN, eur(0))

    assert [(c.description, c.amount) for c in second.charges] == [
        ("M2", eur("333.33")),
        ("Retention 10 %", -eur("33.33")),
    ]
    assert (first.net, first.balance) == (eur(900), eur(100))
    assert (second.net, second.balance) == (eur("300.00"), eur("133.33"))


def test_half_may_be_released_on_completion_and_half_later() -> None:
    half = release(eur("133.33"), Decimal(50))
    rest = release(half.balance)

    assert (half.net, half.balance) == (eur("66.67"), eur("66.66"))
    assert (rest.net, rest.balance) == (eur("66.66"), eur(0))
    assert release(eur(0)).charges == ()


@pytest.mark.parametrize(
    ("tax", "on_work", "on_release"),
    [(RetentionTax.WHEN_INVOICED, "900", "100"), (RetentionTax.WHEN_EARNED, "1000", "0")],
)
def test_when_the_withheld_part_is_taxed_is_a_setting(
    tax: RetentionTax, on_work: str, on_release: str
) -> None:
    [invoice] = withhold(WORK[:1], TEN, eur(0), tax)

    assert invoice.net == eur(900)
    assert invoice.taxable == eur(on_work)
    assert release(invoice.balance, tax=tax).taxable == eur(on_release)


@pytest.mark.parametrize("percent", ["-1", "101"])
def test_a_retention_is_a_part(percent: str) -> None:
    with pytest.raises(Unusable, match="retention_percent cannot be used"):
        withhold(WORK, Decimal(percent), eur(0))
    with pytest.raises(Unusable, match="percent cannot be used"):
        release(eur(100), Decimal(percent))


@unhurried
@given(
    CURRENCIES.flatmap(lambda code: st.lists(money(code, -(10**6)), min_size=1, max_size=10)),
    st.integers(0, 10_000),
    st.sampled_from(RetentionTax),
)
def test_what_is_withheld_is_released_and_the_work_is_paid(
    amounts: list[Money], percent: int, tax: RetentionTax
) -> None:
    currency = amounts[0].currency
    work = [lump("M", amount, "accepted") for amount in amounts]
    invoices = withhold(work, Decimal(percent) / 100, Money.zero(currency), tax)
    final = release(invoices[-1].balance, tax=tax)
    every = [*invoices, final]

    assert final.balance == Money.zero(currency)
    assert Money.total((i.net for i in every), currency) == Money.total(amounts, currency)
    assert Money.total((i.taxable for i in every), currency) == Money.total(amounts, currency)


@pytest.mark.parametrize(
    ("delivered_on", "deduction", "weeks"),
    [
        ("2026-05-01", None, ""),
        ("2026-04-20", None, ""),
        ("2026-05-02", "-500", "1 started weeks at 0.5 %, 0.5 %"),
        ("2026-05-08", "-500", "1 started weeks at 0.5 %, 0.5 %"),
        ("2026-05-09", "-1000", "2 started weeks at 0.5 %, 1.0 %"),
        ("2027-05-01", "-5000", "53 started weeks at 0.5 %, 5 %, the most agreed"),
    ],
)
def test_a_started_week_of_delay_counts_up_to_the_maximum(
    delivered_on: str, deduction: str | None, weeks: str
) -> None:
    terms = LateDamages(percent_per_week=Decimal("0.5"), maximum_percent=Decimal(5))
    found = late_damages("Go-live", eur(100_000), day("2026-05-01"), day(delivered_on), terms)

    if deduction is None:
        assert found is None
        return
    assert found is not None
    assert found.amount == eur(deduction)
    assert found.why == f"due on 2026-05-01, delivered on {delivered_on}: {weeks}"


def test_a_bonus_waits_for_its_condition() -> None:
    waiting = bill_bonus("Early bonus", eur(9000), None)
    confirmed = bill_bonus("Early bonus", eur(9000), day("2026-06-01"))

    assert waiting.charges == ()
    assert [(h.amount, h.problem.code) for h in waiting.held] == [(eur(9000), "condition_open")]
    assert [c.amount for c in confirmed.charges] == [eur(9000)]
    assert confirmed.held == ()


def test_a_part_that_the_client_takes_back_is_a_problem() -> None:
    found = bill_part("Go-live", eur(1000), Decimal(40), eur(600))

    assert found.charges == ()
    assert found.held[0].problem.code == "progress_decreased"


def test_percents_of_a_line_bill_the_line_and_not_a_cent_more() -> None:
    """Three units at 33.335 are 100.01; a third of them is 33.34, and two are 66.67."""
    line = OrderLine("Rollout", Decimal(3), eur("33.335"))
    third = Decimal(100) / 4
    steps = [deliver(line, n * third, third) for n in range(4)]

    assert [step.quantity for step in steps] == [Decimal(q) for q in ("0.75", "1.5", "2.25", "3")]
    assert steps[-1].to_date == eur("100.01")
    assert sum((s.charge.amount for s in steps), eur(0)) == eur("100.01")


def test_milestones_of_a_line_total_a_hundred_percent_at_most() -> None:
    with pytest.raises(Unusable, match="Milestones deliver 80 % and 30 % of Rollout"):
        deliver(OrderLine("Rollout", Decimal(3), eur(10)), Decimal(80), Decimal(30))
