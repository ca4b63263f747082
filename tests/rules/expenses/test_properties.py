"""What holds for every expense."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.expenses.facts import expense, judged, rate
from tests.rules.facts import eur

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.terms import CategoryRule, Excess, ExpenseTerms, MarkupBase, MileageTier
from isthmus.kit.money import Money
from isthmus.rules.expenses.allowances import mileage

unhurried = settings(deadline=None)
"""A slow machine is no wrong sum."""

RATES = [rate("EUR", "GBP", "0.8571"), rate("EUR", "JPY", "161.37")]


def cents(low: int, high: int = 10**7) -> st.SearchStrategy[Money]:
    return st.integers(low, high).map(lambda n: eur(str(Decimal(n).scaleb(-2))))


percents = st.integers(0, 100).map(Decimal)
rules = st.builds(
    CategoryRule,
    category=st.just("hotel"),
    limit=st.none() | cents(0),
    excess=st.sampled_from(Excess),
    receipt_above=st.none() | cents(0),
    as_agent=st.booleans(),
)
terms_of_contracts = st.builds(
    ExpenseTerms,
    included_in_price=st.booleans(),
    markup_percent=percents,
    base=st.sampled_from(MarkupBase),
    categories=rules.map(lambda rule: (rule,)),
)


@st.composite
def expenses(draw: st.DrawFn) -> ExpenseEntry:
    amount = draw(cents(1))
    by_card = draw(st.booleans())
    return expense(
        amount=amount,
        tax=draw(st.none() | st.just(amount.times(Decimal("0.16")).rounded())),
        tax_recovered_percent=draw(percents),
        quantity=draw(st.integers(1, 30)),
        paid_by="company_card" if by_card else "employee",
        is_reimbursable=not by_card and draw(st.booleans()),
        is_billable=draw(st.booleans()),
        has_receipt=draw(st.booleans()),
        justification=draw(st.sampled_from([None, "Trade fair"])),
        approval=draw(st.sampled_from(["approved", "approved", "submitted"])),
        reimbursement_currency=draw(st.sampled_from(["EUR", "GBP", "JPY", "CHF"])),
    )


@unhurried
@given(expenses(), terms_of_contracts, st.sampled_from(["EUR", "GBP", "JPY", "CHF"]))
def test_every_part_of_a_receipt_is_billed_held_or_not_billable(
    entry: ExpenseEntry, terms: ExpenseTerms, currency: str
) -> None:
    found = judged(entry, terms, currency, rates=RATES)
    held = Money.total((part.amount for part in found.held), found.base.currency)

    assert found.allowed + held + found.not_billable == found.base
    assert min(found.allowed.amount, held.amount, found.not_billable.amount) >= 0
    assert bool(found.billed) == bool(found.allowed)
    assert found.billed == found.billed.rounded()


@unhurried
@given(expenses(), terms_of_contracts, st.sampled_from(["EUR", "GBP", "JPY", "CHF"]))
def test_every_entry_balances_and_owes_the_employee_what_goes_back(
    entry: ExpenseEntry, terms: ExpenseTerms, currency: str
) -> None:
    found = judged(entry, terms, currency, rates=RATES)
    owed = Money.zero(found.reimbursement.currency)
    for posted in found.entries():
        debits = [line.debit.amount for line in posted.lines]
        assert sum(debits) == sum(line.credit.amount for line in posted.lines) > 0
        owed = Money.total(
            [owed, *(ln.credit for ln in posted.lines if ln.account == "employee_payable")],
            owed.currency,
        )

    assert owed == found.reimbursement


@unhurried
@given(expenses(), terms_of_contracts)
def test_an_expense_that_is_billed_is_not_billed_again(
    entry: ExpenseEntry, terms: ExpenseTerms
) -> None:
    first = judged(entry, terms)
    again = judged(entry.changed(billed_amount=first.billed, invoice_number="INV-1"), terms)

    assert again.to_bill == eur(0)
    assert all(line.account != "expense_revenue" for e in again.entries() for line in e.lines)


@unhurried
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=20), st.integers(1, 4000))
def test_trips_add_up_to_the_year(trips: list[int], limit: int) -> None:
    tiers = (MileageTier(up_to=Decimal(limit), rate=eur("0.333")), MileageTier(rate=eur("0.207")))
    paid = [
        mileage(tiers, Decimal(trip), Decimal(sum(trips[:place])))
        for place, trip in enumerate(trips)
    ]

    assert Money.total(paid, "EUR") == mileage(tiers, Decimal(sum(trips)))
    assert all(amount.amount >= 0 for amount in paid)
