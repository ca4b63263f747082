"""What is told where the outcome is another one: each thing once, at the place it is about."""

from pathlib import Path

from tests.scenario.files import compared, written

WORK = """\
scenario: Three months of one contract
currency: EUR
people: {Consultant 1: {role: Tester}}
rate_cards: [{role: Tester, rate: 100, from: 2026-01-01}]
contracts:
  Tests:
    {customer: Client A, billing: t_and_m, starts: 2026-01-01,
     recognition: {method: right_to_invoice}}
time:
  - {on: 2026-01-12, who: Consultant 1, hours: 1}
  - {on: 2026-02-12, who: Consultant 1, hours: 2}
  - {on: 2026-03-12, who: Consultant 1, hours: 3}
runs: [{on: 2026-01-31}, {on: 2026-02-28}, {on: 2026-03-31}]
expect:
"""


def differences(folder: Path, expected: str) -> list[str]:
    file = written(folder, WORK + expected)
    return [difference.render("f") for difference in compared(file).differences]


def test_only_what_is_stated_is_compared(tmp_path: Path) -> None:
    assert differences(tmp_path, "  held: []\n") == []
    assert differences(tmp_path, "  invoices: [{}, {net: 200}, {}]\n") == []


def test_a_wrong_amount_is_told_with_what_it_is_off_by(tmp_path: Path) -> None:
    expected = "  invoices:\n    - {net: 100}\n    - {net: 205}\n    - {net: 290.50}\n"

    assert differences(tmp_path, expected) == [
        "f:17: expect.invoices[1].net: expected 205.00 EUR, got 200.00 EUR (5.00 EUR less)",
        "f:18: expect.invoices[2].net: expected 290.50 EUR, got 300.00 EUR (9.50 EUR more)",
    ]


def test_one_invoice_too_few_is_no_difference_of_the_others(tmp_path: Path) -> None:
    expected = "  invoices:\n    - {on: 2026-01-31, net: 100}\n    - {on: 2026-03-31, net: 300}\n"

    assert differences(tmp_path, expected) == [
        "f:15: expect.invoices: not expected: contract Tests, on 2026-02-28, posted 2026-02-28, "
        "company the firm, customer Client A, net 200.00 EUR"
    ]


def test_one_invoice_too_many_is_missing(tmp_path: Path) -> None:
    expected = (
        "  invoices:\n    - {on: 2026-01-31, net: 100}\n    - {on: 2026-02-14, net: 55}\n"
        "    - {on: 2026-02-28, net: 200}\n    - {on: 2026-03-31, net: 300}\n"
    )

    assert differences(tmp_path, expected) == [
        "f:17: expect.invoices[1]: expected on 2026-02-14, net 55.00 EUR, and there is none"
    ]


def test_the_order_counts(tmp_path: Path) -> None:
    expected = "  invoices:\n    - {net: 200}\n    - {net: 100}\n    - {net: 300}\n"

    assert len(differences(tmp_path, expected)) == 2


def test_every_month_of_revenue_is_to_be_stated(tmp_path: Path) -> None:
    assert differences(tmp_path, "  revenue: {Tests: {2026-01: 100, 2026-03: 300}}\n") == [
        "f:15: expect.revenue.Tests: not expected: 2026-02 200.00 EUR"
    ]
    assert differences(tmp_path, "  revenue: {}\n") == [
        "f:15: expect.revenue: not expected: Tests 2026-01 100.00 EUR, 2026-02 200.00 EUR, "
        "2026-03 300.00 EUR"
    ]


def test_a_month_of_nothing_may_be_stated(tmp_path: Path) -> None:
    months = "2025-12: 0, 2026-01: 100, 2026-02: 200, 2026-03: 300"

    assert differences(tmp_path, f"  revenue: {{Tests: {{{months}}}}}\n") == []
    assert differences(tmp_path, "  unbilled: {Tests: {2026-02: 0}}\n") == []
    assert differences(tmp_path, "  unbilled: {Tests: {2025-12: 7}}\n") == [
        "f:15: expect.unbilled.Tests.2025-12: expected 7.00 EUR, and there is none"
    ]


def test_another_currency_is_another_amount(tmp_path: Path) -> None:
    expected = "  invoices: [{net: 100 USD}, {}, {}]\n"

    assert differences(tmp_path, expected) == [
        "f:15: expect.invoices[0].net: expected 100.00 USD, got 100.00 EUR"
    ]
