"""What a credit takes back, what of it is billed again, and what is refused."""

from decimal import Decimal
from pathlib import Path

import pytest
from tests.rules.facts import day, eur
from tests.scenario.files import played, written

from isthmus.kit.money import Money
from isthmus.scenario import Outcome
from isthmus.scenario.month import Month

FIRM = """\
scenario: A test
currency: EUR
people: {Consultant 1: {role: Tester}, Consultant 2: {role: Trainer}}
rate_cards:
  - {role: Tester, rate: 150, from: 2026-01-01}
  - {role: Trainer, rate: 80, from: 2026-01-01}
"""
HOURLY = (
    "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
    " recognition: {method: right_to_invoice}}}\n"
)
WORKED = """\
time:
  - {on: 2026-03-10, who: Consultant 1, hours: 8}
  - {on: 2026-03-11, who: Consultant 1, hours: 7.5}
  - {on: 2026-03-12, who: Consultant 1, hours: 4}
"""
RUNS = "runs: [{on: 2026-04-01, up_to: 2026-03-31}, {on: 2026-05-04, up_to: 2026-04-30}]\n"
MARCH, APRIL, MAY = Month(2026, 3), Month(2026, 4), Month(2026, 5)


def outcome(folder: Path, *parts: str) -> Outcome:
    return played(written(folder, FIRM + "".join(parts)))


def credits(*asked: str) -> str:
    lines = (f"  - {{on: 2026-04-20, invoice: 2026-03-31, reason: No, {a}}}\n" for a in asked)
    return "credits:\n" + "".join(lines)


def credited(folder: Path, *asked: str) -> Outcome:
    return outcome(folder, HOURLY, WORKED, RUNS, credits(*asked))


def nets(found: Outcome) -> tuple[list[Money], list[Money]]:
    return [i.net for i in found.invoices], [m.net for m in found.credit_memos]


def test_without_rebill_nothing_is_billed_again_nor_earned(tmp_path: Path) -> None:
    found = credited(tmp_path, "rebill: false")
    [memo] = found.credit_memos

    assert nets(found) == ([eur(2925)], [eur(2925)])
    assert (memo.contract, memo.invoice, memo.on, memo.posted) == (
        "Tests", day("2026-03-31"), day("2026-04-20"), day("2026-04-20"),
    )  # fmt: skip
    assert [(n.quantity, n.price) for n in memo.lines] == [(Decimal("19.5"), eur(150))]
    assert (found.to_invoice, found.held) == ({}, ())
    assert found.revenue == {"Tests": {}}


def test_a_part_is_shared_by_the_hours_behind_the_line(tmp_path: Path) -> None:
    """100.01 over 1,200, 1,125 and 600 are 41.03, 38.47 and 20.51."""
    found = credited(tmp_path, "lines: [{line: 1, amount: 100.01}]")
    [memo] = found.credit_memos
    [line] = memo.lines

    assert line.trail == (
        "2026-03-10  Consultant 1: 41.03 EUR of 1,200.00 EUR",
        "2026-03-11  Consultant 1: 38.47 EUR of 1,125.00 EUR",
        "2026-03-12  Consultant 1: 20.51 EUR of 600.00 EUR",
    )
    assert (line.quantity, line.price, memo.net) == (Decimal(1), eur("100.01"), eur("100.01"))
    assert found.revenue == {"Tests": {MARCH: eur(2925), APRIL: eur("-100.01")}}
    assert found.to_invoice == {}


def test_a_part_in_money_a_part_in_hours_and_the_rest_are_the_invoice(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY, WORKED, RUNS,
        "credits:\n"
        "  - {on: 2026-04-20, invoice: 2026-03-31, reason: A,"
        " lines: [{line: 1, quantity: 0.3}]}\n"
        "  - {on: 2026-04-21, invoice: 2026-03-31, reason: B, lines: [{line: 1, amount: 55.55}]}\n"
        "  - {on: 2026-04-22, invoice: 2026-03-31, reason: C, rebill: true}\n",
    )  # fmt: skip

    assert nets(found) == ([eur(2925), eur(2925)], [eur(45), eur("55.55"), eur("2824.45")])
    assert found.revenue == {"Tests": {MARCH: eur(2925)}}
    assert found.unbilled["Tests"][APRIL] == found.unbilled["Tests"][MAY] == eur(0)


def test_one_line_is_billed_again_and_the_other_stays(tmp_path: Path) -> None:
    """Lines stand by role: two of the tester at 300.00, four of the trainer at 320.00."""
    found = outcome(
        tmp_path, HOURLY, RUNS, credits("rebill: true, lines: [{line: 2}]"),
        "time: [{on: 2026-03-10, who: Consultant 1, hours: 2},"
        " {on: 2026-03-10, who: Consultant 2, hours: 4}]\n",
    )  # fmt: skip

    assert nets(found) == ([eur(620), eur(320)], [eur(320)])
    assert [line.text for line in found.invoices[1].lines] == [
        "Trainer, Consultant 2, 2026-03-10 to 2026-03-10"
    ]
    assert found.revenue == {"Tests": {MARCH: eur(620)}}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("lines: [{line: 1, amount: 2925.01}]", "credit_too_high"),
        ("lines: [{line: 1, quantity: 19.51}]", "credit_too_high"),
        ("lines: [{line: 2}]", "line_unknown"),
        ("lines: [{line: 1, amount: -5}]", "not_positive"),
        ("rebill: true, lines: [{line: 1, amount: 5}]", "rebill_in_part"),
        ("number: 2", "invoice_unknown"),
    ],
)
def test_what_cannot_be_credited_is_held_and_takes_nothing(
    tmp_path: Path, asked: str, code: str
) -> None:
    found = credited(tmp_path, asked)
    [held] = found.held

    assert nets(found) == ([eur(2925)], [])
    assert (held.what, held.contract, held.reason, held.since, held.amount) == (
        "credit of the invoice of 2026-03-31", "Tests", code, day("2026-04-20"), None,
    )  # fmt: skip
    assert held.problems[0].owner == "finance"
    assert found.revenue == {"Tests": {MARCH: eur(2925)}}


def test_what_another_memo_took_is_gone(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY, WORKED, RUNS,
        "credits:\n"
        "  - {on: 2026-04-20, invoice: 2026-03-31, reason: A, lines: [{line: 1, amount: 2000}]}\n"
        "  - {on: 2026-04-21, invoice: 2026-03-31, reason: B, lines: [{line: 1, amount: 2000}]}\n",
    )  # fmt: skip

    assert nets(found)[1] == [eur(2000)]
    assert [(h.reason, h.since) for h in found.held] == [("credit_too_high", day("2026-04-21"))]
    assert "more than the 925.00 EUR that are left" in found.held[0].problems[0].reason


def test_two_invoices_of_a_date_are_told_apart_by_number(tmp_path: Path) -> None:
    """Of one day are the invoice of a milestone and that of the hours which came after it."""
    work = (
        "time: [{on: 2026-03-31, who: Consultant 1, hours: 2, approved: 2026-04-02}]\n"
        "milestones: {Report: {amount: 500, delivered: 2026-03-31, accepted: 2026-04-01}}\n"
        "runs: [{on: 2026-04-03, up_to: 2026-03-31}]\n"
    )
    unclear = outcome(tmp_path, HOURLY, work, credits("rebill: false"))
    second = outcome(tmp_path, HOURLY, work, credits("number: 2"))

    assert nets(unclear) == ([eur(500), eur(300)], [])
    assert [h.reason for h in unclear.held] == ["invoice_unclear"]
    assert nets(second) == ([eur(500), eur(300)], [eur(300)])


def test_a_credit_that_waits_for_its_invoice_goes_on_with_it(tmp_path: Path) -> None:
    """The invoice waits for March to open; a draft is not credited."""
    found = outcome(
        tmp_path, HOURLY, WORKED,
        "runs: [{on: 2026-04-10, up_to: 2026-03-31}]\n",
        "periods: [{month: 2026-03, closed: 2026-04-05, opened_again: 2026-04-24}]\n",
        credits("rebill: false"), "until: 2026-04-25\n",
    )  # fmt: skip

    assert nets(found) == ([eur(2925)], [eur(2925)])
    assert [(r.what, r.reason, r.released) for r in found.released] == [
        ("invoice of 2026-03-31", "period_closed", day("2026-04-24")),
        ("credit of the invoice of 2026-03-31", "invoice_not_posted", day("2026-04-25")),
    ]


def test_a_memo_of_a_closed_month_waits_and_takes_nothing_until_it_opens(tmp_path: Path) -> None:
    parts = (HOURLY, WORKED, RUNS, credits("rebill: true"))
    shut = "periods: [{month: 2026-04, closed: 2026-04-18%s}]\n"
    waits = outcome(tmp_path, *parts, shut % "")
    opened = outcome(tmp_path, *parts, shut % ", opened_again: 2026-05-02")
    moved = outcome(
        tmp_path, *parts, shut % "", "policies: {closed_period: redate_to_first_open}\n"
    )

    assert nets(waits) == ([eur(2925)], [])
    assert [(h.what, h.reason) for h in waits.held] == [
        ("credit of the invoice of 2026-03-31", "period_closed")
    ]
    assert nets(opened) == ([eur(2925), eur(2925)], [eur(2925)])
    assert [(m.on, m.posted) for m in opened.credit_memos] == [
        (day("2026-04-20"), day("2026-05-02"))
    ]
    assert [(r.reason, r.since, r.released) for r in opened.released] == [
        ("period_closed", day("2026-04-20"), day("2026-05-02"))
    ]
    assert [m.on for m in moved.credit_memos] == [day("2026-05-01")]


def test_hours_of_a_closed_month_wait_to_be_billed_again(tmp_path: Path) -> None:
    """They are judged anew, so that nothing is priced into a month that is closed."""
    found = outcome(
        tmp_path, HOURLY, WORKED, RUNS, credits("rebill: true"),
        "periods: [{month: 2026-03, closed: 2026-04-05}]\n",
    )  # fmt: skip

    assert nets(found) == ([eur(2925)], [eur(2925)])
    assert [(h.reason, h.amount, h.since) for h in found.held] == [
        ("period_closed", eur(1200), day("2026-04-20")),
        ("period_closed", eur(1125), day("2026-04-20")),
        ("period_closed", eur(600), day("2026-04-20")),
    ]
    assert found.revenue == {"Tests": {MARCH: eur(2925), APRIL: eur(-2925)}}


@pytest.mark.parametrize("rebill", ["true", "false"])
def test_a_milestone_is_credited_whole_with_what_was_kept_of_it(
    tmp_path: Path, rebill: str
) -> None:
    """10 % of 1,000 and of 500 are kept back; what is credited for good is not released."""
    found = outcome(
        tmp_path,
        "contracts: {Plant: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " recognition: {method: milestone}, retention: {percent: 10, released: 2026-06-30}}}\n"
        "milestones:\n"
        "  Design: {amount: 1000, delivered: 2026-03-31, accepted: 2026-04-02}\n"
        "  Training: {amount: 500, delivered: 2026-05-10, accepted: 2026-05-12}\n"
        "runs: [{on: 2026-04-30}]\n",
        credits(f"rebill: {rebill}"),
    )

    again = rebill == "true"
    assert nets(found)[1] == [eur(900)]
    assert nets(found)[0] == (
        [eur(900), eur(900), eur(450), eur(150)] if again else [eur(900), eur(450), eur(50)]
    )
    earned = {APRIL: eur(1000), MAY: eur(500)} if again else {MAY: eur(500)}
    assert found.revenue == {"Plant": earned}
    assert found.unbilled["Plant"][Month(2026, 6)] == eur(0)


def test_a_part_of_a_milestone_is_refused(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY, credits("lines: [{line: 1, amount: 100}]"),
        "milestones: {Report: {amount: 500, delivered: 2026-03-31, accepted: 2026-04-01}}\n",
    )  # fmt: skip

    assert nets(found) == ([eur(500)], [])
    assert [h.reason for h in found.held] == ["milestone_in_part"]


@pytest.mark.parametrize(("rebill", "later"), [("false", [eur(63)]), ("true", [eur(315)])])
def test_an_expense_that_is_credited_is_billed_again_only_where_asked(
    tmp_path: Path, rebill: str, later: list[Money]
) -> None:
    """240 of a hotel of 300 are billed at 252; the other 60 are justified on 4 May."""
    found = outcome(
        tmp_path,
        "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
        " expenses: {markup_percent: 5, categories: [{category: Hotel, limit: 120}]}}}\n"
        "expenses: [{on: 2026-03-11, who: Consultant 1, category: Hotel, quantity: 2,"
        " amount: 300, justified: 2026-05-04}]\n",
        RUNS, credits(f"rebill: {rebill}"),
    )  # fmt: skip

    assert nets(found) == ([eur(252), *later], [eur(252)])
    assert found.to_invoice == {}


def test_tax_of_the_parts_is_the_tax_of_the_invoice(tmp_path: Path) -> None:
    """21 % of 99.99 is 21.00; three thirds of 33.33 by themselves would be 7.00 each, 21.00;
    of 10.02, 10.02 and 79.95 they would be 2.10, 2.10 and 16.79.
    """
    found = outcome(
        tmp_path,
        "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
        " tax: {percent: 21}}}\n"
        "expenses: [{on: 2026-03-11, who: Consultant 1, category: Fare, amount: 99.99}]\n"
        "runs: [{on: 2026-04-01, up_to: 2026-03-31}]\n"
        "credits:\n"
        "  - {on: 2026-04-20, invoice: 2026-03-31, reason: A, lines: [{line: 1, amount: 10.02}]}\n"
        "  - {on: 2026-04-21, invoice: 2026-03-31, reason: B, lines: [{line: 1, amount: 10.02}]}\n"
        "  - {on: 2026-04-22, invoice: 2026-03-31, reason: C}\n",
    )

    assert [(i.tax, i.total) for i in found.invoices] == [(eur("21.00"), eur("120.99"))]
    assert [(m.net, m.tax, m.total) for m in found.credit_memos] == [
        (eur("10.02"), eur("2.10"), eur("12.12")), (eur("10.02"), eur("2.11"), eur("12.13")),
        (eur("79.95"), eur("16.79"), eur("96.74")),
    ]  # fmt: skip


def test_a_credit_frees_what_it_took_of_the_cap(tmp_path: Path) -> None:
    """Of 2,000 the invoice takes 1,950. 150 credited leave 200 for the two hours of April."""
    contract = (
        "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
        " cap: 2000}}\n"
        "time: [{on: 2026-03-10, who: Consultant 1, hours: 13},"
        " {on: 2026-04-14, who: Consultant 1, hours: 1}]\n"
    )
    capped = outcome(tmp_path, contract, RUNS)
    freed = outcome(tmp_path, contract, RUNS, credits("lines: [{line: 1, quantity: 1}]"))

    assert nets(capped) == ([eur(1950)], [])
    assert [h.reason for h in capped.held] == ["cap_exceeded"]
    assert nets(freed) == ([eur(1950), eur(150)], [eur(150)])
    assert freed.held == ()


def test_journals_of_a_credit_that_is_not_billed_again(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY, WORKED, RUNS, credits("rebill: false"),
        "periods: [{month: 2026-03, closed: 2026-04-05}]\n",
    )  # fmt: skip
    posted = [
        (j.on, j.trail[0], {n.account.value: n.debit - n.credit for n in j.lines})
        for j in found.journals
        if j.on > day("2026-03-31")
    ]

    assert posted == [
        (day("2026-04-20"), "credit memo of 2026-04-20",
         {"accounts_receivable": eur(-2925), "unbilled_receivable": eur(2925)}),
        (day("2026-04-30"), "revenue of 2026-04",
         {"unbilled_receivable": eur(-2925), "revenue": eur(2925)}),
    ]  # fmt: skip
