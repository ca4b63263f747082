"""What is still to be booked, and what a ledger has otherwise."""

from datetime import date

from isthmus.kit.money import Money
from isthmus.rules.journal import Account, Line
from isthmus.rules.revenue.alignment import Difference, differences, entry_due
from isthmus.rules.revenue.position import Movement, Unbilled

JULY, AUGUST = date(2026, 7, 31), date(2026, 8, 31)


def eur(amount: str | int) -> Money:
    return Money.of(amount, "EUR")


def booked(on: date, movements: list[Movement], posted: list[Line]) -> dict[Account, Money]:
    due = entry_due(on, "EUR", movements, posted, Unbilled.RECEIVABLE)
    return {line.account: line.amount for line in due.lines}


def test_what_was_posted_is_not_posted_again() -> None:
    earned = [Movement(JULY, earned=eur(1200))]
    first = entry_due(JULY, "EUR", earned, [], Unbilled.RECEIVABLE)
    assert [(line.account, line.amount) for line in first.lines] == [
        (Account.UNBILLED, eur(1200)), (Account.REVENUE, eur(-1200)),
    ]  # fmt: skip
    assert booked(JULY, earned, list(first.lines)) == {}
    later = [*earned, Movement(AUGUST, earned=eur(150))]
    assert booked(AUGUST, later, list(first.lines)) == {
        Account.UNBILLED: eur(150), Account.REVENUE: eur(-150),
    }  # fmt: skip


def test_an_invoice_in_the_same_month_leaves_no_unbilled_and_empties_the_liability() -> None:
    """The invoice itself credits the contract liability with 1,200."""
    movements = [Movement(JULY, billed=eur(1200)), Movement(JULY, earned=eur(1200))]
    assert booked(JULY, movements, []) == {
        Account.CONTRACT_LIABILITY: eur(1200), Account.REVENUE: eur(-1200),
    }  # fmt: skip


def test_an_invoice_of_earned_work_moves_the_asset_and_no_revenue() -> None:
    posted = [Line(Account.UNBILLED, eur(1200)), Line(Account.REVENUE, eur(-1200))]
    movements = [Movement(JULY, earned=eur(1200)), Movement(AUGUST, billed=eur(1200))]
    assert booked(AUGUST, movements, posted) == {
        Account.UNBILLED: eur(-1200), Account.CONTRACT_LIABILITY: eur(1200),
    }  # fmt: skip


def test_billed_ahead_releases_what_is_earned_and_leaves_the_rest_deferred() -> None:
    movements = [Movement(JULY, billed=eur(3000)), Movement(JULY, earned=eur(1000))]
    assert booked(JULY, movements, []) == {
        Account.CONTRACT_LIABILITY: eur(1000), Account.REVENUE: eur(-1000),
    }  # fmt: skip


def test_one_cent_of_rounding_is_no_difference_and_two_are() -> None:
    ours = {"jul": eur("100.00"), "aug": eur("200.00"), "sep": eur("5.00")}
    theirs = {"jul": eur("99.99"), "aug": eur("200.02"), "oct": eur("7.00")}
    found = differences(ours, theirs, "EUR")
    assert found == (
        Difference("aug", eur("200.00"), eur("200.02")),
        Difference("sep", eur("5.00"), eur(0)),
        Difference("oct", eur(0), eur("7.00")),
    )
    assert [d.amount for d in found] == [eur("-0.02"), eur("5.00"), eur("-7.00")]
