"""Which hold comes first: cause, money and the day it is billed on."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.kit.money import Money
from isthmus.rules.billing_day import next_billing_on
from isthmus.rules.severity import Severity, SeverityRule, severity_of

RULE = SeverityRule(
    critical_from={"EUR": Decimal(50_000)}, high_from={"EUR": Decimal(10_000)},
    deadline_within=timedelta(hours=16),
)  # fmt: skip


def of(
    amount: str | None, state: str = "held", code: str = "rate_mismatch", hours: int | None = None,
    currency: str = "EUR",
) -> str:  # fmt: skip
    blocked = None if amount is None else Money.of(amount, currency)
    left = None if hours is None else timedelta(hours=hours)
    return severity_of(RULE, state=state, code=code, blocked=blocked, until_deadline=left).value


@pytest.mark.parametrize(
    ("found", "severity"),
    [
        (of(None), "normal"),
        (of("9999.99"), "normal"),
        (of("10000.00"), "high"),
        (of("50000.00"), "critical"),
        (of("-50000.00"), "critical"),
        (of("50000.00", currency="USD"), "normal"),
        (of(None, state="waiting_system", code="unavailable"), "low"),
        (of(None, state="waiting_system", code="unauthorized"), "high"),
        (of(None, state="dead", code="refused"), "high"),
        (of("100.00", hours=17), "normal"),
        (of("100.00", hours=16), "high"),
        (of("100.00", hours=-1), "high"),
        (of("10000.00", hours=1), "critical"),
        (of("50000.00", hours=1), "critical"),
        (of(None, hours=1), "normal"),
        (of("0", hours=1), "normal"),
    ],
)
def test_cause_amount_and_deadline(found: str, severity: str) -> None:
    assert found == severity


amounts = st.decimals("0.01", "1000000", places=2)
states = st.sampled_from(["held", "dead", "waiting_system", "waiting_period", "replaying"])
codes = st.sampled_from(["rate_mismatch", "unauthorized", "defect", "refused"])
hours = st.none() | st.integers(-100, 100)


@given(states, codes, amounts, amounts, hours)
def test_more_money_never_presses_less(
    state: str, code: str, one: Decimal, more: Decimal, left: int | None
) -> None:
    low, high = of(str(one), state, code, left), of(str(one + more), state, code, left)
    assert Severity(high).at_least(Severity(low))


@given(states, codes, amounts, st.integers(-100, 100), st.integers(0, 100))
def test_a_nearer_deadline_never_presses_less(
    state: str, code: str, amount: Decimal, left: int, passed: int
) -> None:
    later, sooner = of(str(amount), state, code, left), of(str(amount), state, code, left - passed)
    assert Severity(sooner).at_least(Severity(later))


@pytest.mark.parametrize(
    ("after", "day", "billed_on"),
    [
        (date(2026, 7, 10), 1, date(2026, 8, 1)),
        (date(2026, 7, 1), 1, date(2026, 8, 1)),
        (date(2026, 7, 10), 15, date(2026, 7, 15)),
        (date(2026, 1, 31), 28, date(2026, 2, 28)),
        (date(2026, 12, 31), "last", date(2027, 1, 31)),
        (date(2026, 2, 27), "last", date(2026, 2, 28)),
        (date(2026, 1, 31), "last", date(2026, 2, 28)),
    ],
)
def test_the_next_billing_day(after: date, day: int, billed_on: date) -> None:
    assert next_billing_on(after, day) == billed_on
