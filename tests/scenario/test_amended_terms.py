"""What an amendment changes of how hours are priced and capped, and from which day on."""

from decimal import Decimal
from pathlib import Path

from tests.rules.facts import day, eur
from tests.scenario.files import played, written

from isthmus.scenario import Outcome

FIRM = """\
scenario: A test
currency: EUR
people: {Consultant 1: {role: Tester}}
rate_cards: [{role: Tester, rate: 100, from: 2026-01-01}]
contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01%s}}
"""


def outcome(folder: Path, terms: str, *parts: str) -> Outcome:
    return played(written(folder, FIRM % (terms and f", {terms}") + "".join(parts)))


def hours(*worked: tuple[str, str]) -> str:
    entries = (f"  - {{on: 2026-{on}, who: Consultant 1, hours: {h}}}\n" for on, h in worked)
    return "time:\n" + "".join(entries)


def test_what_is_not_stated_stays_whatever_is_signed_first(tmp_path: Path) -> None:
    """10 % off from March on, from April on two hours a day at most; signed in either order.

    `time` is stated whole, so that the full hours end with February: 3 at 100, 2.5 and 2 at 90.
    """
    terms = "time: {rounding: {increment: 60}}"
    work = hours(("02-10", "2.5"), ("03-10", "2.5"), ("04-10", "2.5"))
    discount = "effective: 2026-03-01, time: {discount_percent: 10}"
    limit = "effective: 2026-04-01, caps: [{period: day, hours: 2, policy: overflow_nonbillable}]"
    found = [
        outcome(
            tmp_path, terms, work, "runs: [{on: 2026-04-30}]\namendments:\n"
            f"  - {{{discount}, signed: 2026-01-{first}}}\n"
            f"  - {{{limit}, signed: 2026-01-{second}}}\n",
        )
        for first, second in (("05", "06"), ("06", "05"))
    ]  # fmt: skip

    assert found[0] == found[1]
    [invoice] = found[0].invoices
    assert [(n.quantity, n.price, n.amount) for n in invoice.lines] == [
        (Decimal("4.5"), eur(90), eur(405)), (Decimal(3), eur(100), eur(300)),
    ]  # fmt: skip
    assert found[0].not_charged == {"Tests": eur(50)}


def test_limits_are_ended_by_an_empty_list(tmp_path: Path) -> None:
    terms = "caps: [{hours: 10}]"
    found = outcome(
        tmp_path, terms, hours(("03-10", "10"), ("04-10", "8")),
        "amendments: [{effective: 2026-04-01, caps: []}]\n",
    )  # fmt: skip

    assert (found.to_invoice, found.held) == ({"Tests": eur(1800)}, ())
    assert [(u.cap, u.hours) for u in found.cap_usage] == [("10 h", Decimal(10))]


def test_hours_that_waited_for_the_limit_go_on_when_a_higher_one_is_signed(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, "caps: [{hours: 10}]", hours(("03-10", "8"), ("03-11", "4")),
        "amendments: [{effective: 2026-03-01, signed: 2026-03-20, caps: [{hours: 12}]}]\n",
    )  # fmt: skip

    assert (found.to_invoice, found.held) == ({"Tests": eur(1200)}, ())
    assert [(r.reason, r.since, r.released) for r in found.released] == [
        ("cap_exceeded", day("2026-03-11"), day("2026-03-20"))
    ]


def test_invoiced_hours_keep_the_price_that_they_were_invoiced_at(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, "", hours(("03-10", "8"), ("04-10", "8")),
        "amendments: [{effective: 2026-03-01, signed: 2026-04-20, time: {tiers: [{rate: 80}]}}]\n"
        "runs: [{on: 2026-04-01, up_to: 2026-03-31}, {on: 2026-04-30}]\n",
    )  # fmt: skip

    assert [invoice.net for invoice in found.invoices] == [eur(800), eur(640)]


def test_a_project_of_the_contract_follows_its_amended_terms(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, "",
        "projects: {Second line: {contract: Tests}}\n"
        "time: [{on: 2026-03-10, who: Consultant 1, project: Second line, hours: 2}]\n"
        "amendments: [{effective: 2026-03-01, time: {overtime: {by_day:"
        " [{multiplier: 2, weekdays: [tuesday]}]}}}]\n",
    )  # fmt: skip

    assert found.to_invoice == {"Tests": eur(400)}


def test_what_the_client_pays_of_travel_changes_with_the_day_of_the_expense(tmp_path: Path) -> None:
    spent = "  - {on: 2026-%s, who: Consultant 1, category: Train, amount: 100}\n"
    found = outcome(
        tmp_path, "expenses: {markup_percent: 5}",
        "expenses:\n", spent % "03-31", spent % "04-01",
        "amendments: [{effective: 2026-04-01, expenses: {included_in_price: true}}]\n",
    )  # fmt: skip

    assert (found.to_invoice, found.held) == ({"Tests": eur(105)}, ())
