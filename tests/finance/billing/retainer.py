"""Retainers: hours, credit, minimum commitments, deposits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.billing.units import day, eur, from_cents, to_cents, total
from tests.finance.case_file import Inputs

from isthmus.canonical.terms import Deposit, HourRetainer, MoneyRetainer, SubscriptionTerms
from isthmus.kit.money import Money
from isthmus.rules.calendar import month_end, months_later
from isthmus.rules.retainers.account import opened
from isthmus.rules.retainers.commitment import true_up
from isthmus.rules.retainers.credit import Paid, order_credit, pay_invoice
from isthmus.rules.retainers.deposit import draw_deposit
from isthmus.rules.retainers.hours import RetainerPeriod, Used, bill_hours
from isthmus.rules.rounding import percent_of
from isthmus.rules.subscriptions.billing import due
from isthmus.rules.subscriptions.plan import Plan

FIRST = day("2026-01-01")


@BILLING.case("RT-01")
def hours_that_roll_over(given: Inputs) -> dict[str, Any]:
    terms = HourRetainer(
        fee=eur(given["fee"]),
        included_hours=Decimal(given["included_hours"]),
        rollover_max=Decimal(given["rollover_max"]),
        rollover_periods=int(given["rollover_months"]),
        overage_rate=eur(given["overage_rate"]),
    )
    firsts = [months_later(FIRST, n) for n in range(len(given["used"]))]
    used = [
        Used(first, month_end(first), Decimal(hours))
        for first, hours in zip(firsts, given["used"], strict=True)
    ]
    return {"months": [_month(period) for period in bill_hours(terms, used).periods]}


def _month(period: RetainerPeriod) -> dict[str, Any]:
    rolled = {"rollover_in": period.rollover_in, "from_rollover": period.from_rollover}
    return {
        "fee": period.charges[0].amount,
        "covered": period.covered,
        "rollover_out": period.rollover_out,
        "overage_hours": period.overage_hours,
        "invoice": period.invoice,
    } | (rolled if period.rollover_in else {})


def _paid(paid: Paid) -> dict[str, Any]:
    return {"paid_by_credit": paid.by_credit, "due": paid.due, "balance": paid.account.balance}


@BILLING.case("RT-04")
def credit_pays_tax_too(given: Inputs) -> dict[str, Any]:
    terms = MoneyRetainer(amount=eur(given["credits"]))
    account = order_credit(terms, opened(FIRST, eur(0)), FIRST).account
    invoices = []
    for invoice in given["invoices"]:
        net = eur(invoice["net"])
        with_tax = net + percent_of(net, Decimal(invoice["vat_percent"]))
        paid = pay_invoice(account, FIRST, with_tax, "I")
        account = paid.account
        invoices.append({"total_incl_tax": with_tax, **_paid(paid)})
    return {"invoices": invoices}


@BILLING.case("RT-05")
def credit_runs_out(given: Inputs) -> dict[str, Any]:
    account = opened(FIRST, eur(given["balance"]))
    return _paid(pay_invoice(account, FIRST, eur(given["invoice_total"]), "I"))


@BILLING.case("RT-06")
def credit_with_float_noise(given: Inputs) -> dict[str, Any]:
    currency = given["currency"]
    terms = MoneyRetainer(amount=Money.of(given["paid_credits"], currency))
    order = order_credit(terms, opened(FIRST, Money.zero(currency)), FIRST)
    [bought] = order.account.movements
    return {
        "credit_amount": bought.amount,
        "invoice_total": order.charge.amount,
        "balance": order.account.balance,
    }


@BILLING.case("RT-07")
def first_period_is_cut_short(given: Inputs) -> dict[str, Any]:
    assert given["period"] == "calendar month"
    start = day(given["start"])
    terms = SubscriptionTerms(price=from_cents(given["subscription_fee"]))
    last = months_later(start.replace(day=1), len(given["usage"]) - 1)
    fees = due([Plan("Fee", terms, start)], last)
    true_ups, totals = [], []
    for fee, used in zip(fees, given["usage"], strict=True):
        billed = [fee.amount, from_cents(used)]
        charge = true_up(from_cents(given["commitment"]), billed, fee.period.part_of(fee.of))
        added = charge.amount if charge else eur(0)
        true_ups.append(to_cents(added))
        totals.append(to_cents(total([*billed, added])))
    return {"true_up": true_ups, "period_totals": totals}


@BILLING.case("RT-08")
def full_period(given: Inputs) -> dict[str, Any]:
    billed = [from_cents(given["subscription_fee"]), from_cents(given["usage"])]
    charge = true_up(from_cents(given["commitment"]), billed)
    added = charge.amount if charge else eur(0)
    return {"true_up": to_cents(added), "invoice_total": to_cents(total([*billed, added]))}


@BILLING.case("RT-09")
def evergreen_deposit(given: Inputs) -> dict[str, Any]:
    terms = Deposit(amount=eur(given["deposit"]), threshold=eur(given["threshold"]))
    account = opened(FIRST, terms.amount)
    balances, replenishment = [], []
    for amount in given["drawn"]:
        drawn = draw_deposit(terms, account, FIRST, eur(amount), "work")
        account = drawn.account
        balances.append(drawn.balance)
        replenishment.append(drawn.replenishment.amount if drawn.replenishment else None)
    return {
        "balances": balances,
        "replenishment": replenishment,
        "final_balance": account.balance,
    }
