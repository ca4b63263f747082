"""Subscriptions: proration, changes, credits, repair, indexation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.billing.units import day, days, eur, from_cents, span, to_cents, total
from tests.finance.case_file import Inputs

from isthmus.canonical.terms import BillingInterval, Indexation, LastDay, SubscriptionTerms
from isthmus.kit.money import Money
from isthmus.rules.calendar import days_between, month_end
from isthmus.rules.rounding import percent_of
from isthmus.rules.subscriptions.billing import Item, bill, due
from isthmus.rules.subscriptions.plan import Plan, add_on, cancelled, changed


def _terms(price: str | Money, billing_day: int, **more: Any) -> SubscriptionTerms:
    amount = price if isinstance(price, Money) else eur(price)
    return SubscriptionTerms(price=amount, billing_day=billing_day, **more)


def _sum(items: Iterable[Item]) -> Money:
    return total([item.amount for item in items])


def _lines(items: Iterable[Item]) -> list[dict[str, Any]]:
    return [{"period": span(item), "amount": item.amount} for item in items]


def _parts(items: Iterable[Item]) -> tuple[list[Item], list[Item]]:
    found = list(items)
    return [i for i in found if not i.is_credit], [i for i in found if i.is_credit]


def _monthly(price: str, period: str) -> Plan:
    """A plan whose first full period is the one given."""
    first, end = days(period)
    plan = Plan("Plan", _terms(price, first.day), first)
    assert plan.anchor.period_of(first).ends_on == end
    return plan


@BILLING.case("SB-01")
def leading_part(given: Inputs) -> dict[str, Any]:
    plan = Plan("Plan", _terms(given["price"], given["billing_day"]), day(given["start"]))
    items = due([plan], day(given["target"]))
    return {"lines": _lines(items), "total": _sum(items)}


@BILLING.case("SB-02")
def price_change(given: Inputs) -> dict[str, Any]:
    first, second = given["prices"]
    plan = Plan("Plan", _terms(first["price"], first["billing_day"]), day(first["from_"]))
    terms = _terms(second["price"], second["billing_day"])
    items = bill(changed(plan, day(second["from_"]), terms), day(given["target"]))
    return {"lines": _lines(items), "total": _sum(items)}


@BILLING.case("SB-03")
def cancelled_at_once(given: Inputs) -> dict[str, Any]:
    plan, on = _monthly(given["price"], given["period"]), day(given["cancelled"])
    billed = bill([plan], on) if given["billed"] else ()
    items = bill([cancelled(plan, on)], on, billed)
    kinds = [{"kind": "credit" if item.is_credit else "charge"} for item in items]
    return {"lines": [kind | line for kind, line in zip(kinds, _lines(items), strict=True)]}


@BILLING.case("SB-04")
def monthly_to_annual(given: Inputs) -> dict[str, Any]:
    plan, on = _monthly(given["monthly"], given["monthly_period"]), day(given["upgraded"])
    annual = _terms(given["annual"], on.day, interval=BillingInterval.YEAR)
    charges, credits = _parts(bill(changed(plan, on, annual), on, bill([plan], on)))
    lines = [{"kind": "charge", "amount": item.amount} for item in charges]
    lines += [{"kind": "credit", "amount": item.amount} for item in credits]
    return {"lines": lines, "total": _sum([*charges, *credits])}


@BILLING.case("SB-05")
def aligned_add_on(given: Inputs) -> dict[str, Any]:
    start = day(given["start"])
    base = Plan("Base", _terms("0", given["billing_day"]), start)
    plan = add_on(base, "Add-on", _terms(given["price"], start.day), start)
    return {"lines": _lines(due([plan], start))}


@BILLING.case("SB-06")
def renewal_and_cancellation(given: Inputs) -> dict[str, Any]:
    ended = given["cancelled"]
    plan, (first, renewed) = _monthly(ended["price"], ended["period"]), days(ended["period"])
    other = Plan("Renewed", _terms(given["renewal"], first.day), first)
    billed = bill([plan, other], first)
    charges, credits = _parts(bill([cancelled(plan, day(ended["on"])), other], renewed, billed))
    lines = [*charges, *credits]
    return {"lines": [item.amount for item in lines], "total": _sum(lines)}


@BILLING.case("SB-08")
def repaired_history(given: Inputs) -> dict[str, Any]:
    start, repair = day(given["start"]), given["repair"]
    terms = _terms(given["base"], given["billing_day"])
    first = Plan("Base", terms, start).anchor.period_of(start).starts_on
    base = Plan("Base", terms, first)
    add_ons = {
        price: add_on(base, f"Add-on {n}", _terms(price, start.day), start)
        for n, price in enumerate(given["addons"], start=1)
    }
    added = bill([*add_ons.values()], start)
    kept = [plan for price, plan in add_ons.items() if price != repair["drop_addon"]]
    right = replace(base, terms=_terms(repair["base_should_have_been"], given["billing_day"]))
    billed = [*bill([base], start), *added]
    charges, credits = _parts(bill([right, *kept], start, billed))
    return {
        "addon_invoice": _sum(added),
        "addon_lines": [item.amount for item in added],
        "repair_lines": [item.amount for item in [*credits, *charges]],
        "repair_total": _sum([*credits, *charges]),
    }


@BILLING.case("SB-09")
def five_days_again(given: Inputs) -> dict[str, Any]:
    plan, (first, end) = _monthly(given["price"], given["period"]), days(given["repaired"])
    paused = [plan.ended_before(first), replace(plan, starts_on=end)]
    run_on = plan.starts_on
    billed = list(bill([plan], run_on))
    billed += bill(paused, end, billed)
    [again] = bill([plan], end, billed)
    second = bill([plan], end, [*billed, again])
    assert span(again) == given["repaired"]
    return {"amount": again.amount, "second_run": "an invoice" if second else "no invoice"}


@BILLING.case("SB-11")
def cancelled_in_the_first_period(given: Inputs) -> dict[str, Any]:
    start, end = day(given["start"]), day(given["end"])
    plan = Plan("Plan", _terms(given["price"], given["billing_day"]), start, end)
    [item] = due([plan], end)
    assert f"{item.period.days}/{item.of.days}" == given["cycles_as_fraction"]
    return {"amount": item.amount}


@BILLING.case("SB-13")
def termination_day_counts(given: Inputs) -> dict[str, Any]:
    terms = _terms(
        from_cents(given["quarter_amount"]),
        1,
        interval=BillingInterval.QUARTER,
        billing_month=1,
        last_day=LastDay.INCLUDED,
    )
    end = day(given["terminated"])
    items = due([Plan("Plan", terms, day(given["started"]), end)], end)
    assert items[0].of.days == given["quarter_days"]
    return {"amount": to_cents(_sum(items)), "days": sum(item.period.days for item in items)}


def _with_tax(net: Money, rate: str) -> dict[str, Any]:
    tax = percent_of(net, Decimal(rate))
    return {"net": to_cents(net), "tax": to_cents(tax), "total": to_cents(net + tax)}


STARTS = {7: "2026-06-01", 30: "2026-06-01", 31: "2026-07-01"}
"""A first day of a week or month of so many days."""


def _credited(given: Inputs) -> dict[str, Any]:
    left, whole = (int(number) for number in given["days_left"].split("/"))
    start = day(STARTS[whole])
    interval = BillingInterval.WEEK if whole == 7 else BillingInterval.MONTH
    plan = Plan("Plan", _terms(from_cents(given["price"]), 1, interval=interval), start)
    on = start + timedelta(days=whole - left)
    invoiced = bill([plan], start)
    credited = bill([cancelled(plan, on)], on, invoiced)
    rate = given["tax_percent"]
    return {
        "invoice": _with_tax(_sum(invoiced), rate),
        "credit": _with_tax(-_sum(credited), rate),
    }


@BILLING.case("SB-15")
def credit_rounds_up(given: Inputs) -> dict[str, Any]:
    return _credited(given)


@BILLING.case("SB-16")
def weekly_plan(given: Inputs) -> dict[str, Any]:
    return _credited(given)


@BILLING.case("SB-17")
def start_inside_a_month(given: Inputs) -> dict[str, Any]:
    start = day(given["start"])
    assert days_between(start.replace(day=1), month_end(start)) == given["month_days"]
    [item] = due([Plan("Plan", _terms(from_cents(given["price"]), 1), start)], start)
    return {"total": _with_tax(item.amount, given["tax_percent"])["total"]}


@BILLING.case("SB-21")
def annual_cancelled(given: Inputs) -> dict[str, Any]:
    start, on = day(given["start"]), day(given["cancelled"])
    terms = _terms(given["price"], start.day, interval=BillingInterval.YEAR)
    plan = Plan("Plan", terms, start)
    ended = cancelled(plan, on)
    [used] = due([ended], on)
    [credit] = bill([ended], on, bill([plan], start))
    return {
        "used_days": used.period.days,
        "period_days": used.of.days,
        "credit": -credit.amount,
    }


@BILLING.case("SB-22")
def indexed_inside_a_month(given: Inputs) -> dict[str, Any]:
    rise = Indexation(
        from_day=day(given["anniversary"]), percent=Decimal(given["increase_percent"])
    )
    first = day(f"{given['period']}-01")
    items = due([Plan("Plan", _terms(given["price"], 1, indexation=(rise,)), first)], first)
    return {"lines": _lines(items), "total": _sum(items)}
