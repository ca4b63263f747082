"""Presentation, currencies, sister companies, periods, principal or agent, contract cost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.rules.revenue.case_file import (
    Inputs,
    case,
    first_number,
    journal,
    nth_day,
    usd,
)

from isthmus.canonical import AccountingPeriod
from isthmus.canonical.dimensions import PeriodState
from isthmus.kit.money import Money
from isthmus.rules.periods import ClosedPeriodPolicy
from isthmus.rules.revenue.affiliates import Companies, at_transfer_price, performed_by_affiliate
from isthmus.rules.revenue.closing import Held, Posted, post_revenue
from isthmus.rules.revenue.contract_cost import Cost, expensed_by_month, winning_costs
from isthmus.rules.revenue.foreign import (
    Advance,
    earned_from_advances,
    invoiced,
    recognise,
    remeasure,
)
from isthmus.rules.revenue.outstanding import is_exempt, remaining_by_band
from isthmus.rules.revenue.position import Movement, Right, roll_forward
from isthmus.rules.revenue.principal import Part, present
from isthmus.rules.revenue.progress import Measured, earned_to_date
from isthmus.rules.revenue.ratable import Proration, ratable
from isthmus.rules.revenue.variable import Tier, Variable, transaction_price
from isthmus.rules.rounding import share


@case("RV-EX38A")
def cancellable(given: Inputs) -> dict[str, Any]:
    assert given["cancellable"]
    price = usd(first_number(given["due"]))
    january = date(2026, 1, 31)
    story = [
        Movement(january, billed=price, right=Right.CANCELLABLE),
        Movement(date(2026, 3, 1), received=price),
        Movement(date(2026, 3, 31), earned=price),
    ]
    rolled = roll_forward("USD", story)
    at = rolled.at(january)
    assert at is not None
    return {
        "journal": journal(["1 March", "31 March"], rolled.entries),
        "balance_31_january": {
            "receivable": at.receivable,
            "contract_liability": at.contract_liability,
        },
    }


@case("RV-EX39")
def due_after_both(given: Inputs) -> dict[str, Any]:
    first, second = usd(given["A"]), usd(given["B"])
    story = [
        Movement(nth_day(0), earned=first),
        Movement(nth_day(1), earned=second, billed=first + second),
    ]
    return {"journal": journal(["A", "B"], roll_forward("USD", story).entries)}


@case("RV-EX40")
def retroactive_rebate(given: Inputs) -> dict[str, Any]:
    units = Decimal(given["units"])
    tier = Tier(usd(given["price"]), usd(given["retro_price"]))
    expected = given["threshold_expected"]
    sale = Movement(
        nth_day(0),
        earned=tier.earned(units, expected),
        billed=share(tier.price, units),
        refundable=tier.refundable(units, expected),
    )
    return {"journal": journal(["sale"], roll_forward("USD", [sale]).entries)}


@case("RV-EX42")
def remaining_obligations(given: Inputs) -> dict[str, Any]:
    starts, ends = date(2025, 7, 1), date(2027, 6, 30)
    reported = date(2025, 12, 31)
    bands = [date(2026, 12, 31), date(2027, 12, 31)]
    months = given["years"] * 12
    by_month = Proration.EQUAL_MONTHS
    monthly_b = usd(first_number(given["B"]))
    slices_b = ratable(share(monthly_b, months), starts, ends, by_month)
    next_b, after_b = remaining_by_band(slices_b, reported, bands)
    fixed_c = share(usd(first_number(given["C"])), months)
    included = usd(first_number(given["C"].split(",")[1]))
    most = usd(first_number(given["C"].split("0-")[1]))
    price_c = transaction_price(fixed_c, Variable(most, ceiling=included))
    slices_c = ratable(price_c, starts, ends, by_month)
    next_c, after_c = remaining_by_band(slices_c, reported, bands)
    earned_c = [piece.amount for piece in slices_c if piece.ends_on <= reported]
    assert is_exempt(right_to_invoice="right to invoice" in given["A"])
    return {
        "A": "exempt (right to invoice)",
        "B": {"next_year": next_b, "year_after": after_b, "total": next_b + after_b},
        "C": {
            "transaction_price": price_c,
            "recognised": Money.total(earned_c, "USD"),
            "next_year": next_c,
            "year_after": after_c,
            "total": next_c + after_c,
        },
    }


@case("RV-PS13")
def out_of_order(given: Inputs) -> dict[str, Any]:
    story = [
        Movement(date(2026, 1, 31), earned=usd(given["january_delivery"])),
        Movement(date(2026, 3, 31), earned=usd(given["march_delivery"])),
        Movement(
            date(2026, 2, 15),
            billed=usd(first_number(given["february_invoice"])),
            recorded_on=date(2026, 4, 2),
        ),
    ]
    rolled = roll_forward("USD", story)
    ends = {"jan": date(2026, 1, 31), "feb": date(2026, 2, 28), "mar": date(2026, 3, 31)}
    at = {name: rolled.at(day) for name, day in ends.items()}
    shown = {name: balances for name, balances in at.items() if balances is not None}
    assert [movement.on for movement in rolled.late] == [date(2026, 2, 15)]
    return {
        "contract_position_end": {
            name: f"{shown[name].contract_liability.amount} liability" for name in ("feb", "mar")
        },
        "unbilled_end": {name: balances.unbilled for name, balances in shown.items()},
        "warning": "late_event" if rolled.late else None,
    }


@case("RV-FX01")
def advance_in_euro(given: Inputs) -> dict[str, Any]:
    amount, currency = given["advance"].split()
    advance = Advance(Money.of(amount, currency), Decimal(given["rate_at_receipt"]))
    parts = [Money.of(part.split()[0], currency) for part in given["earned"]]
    in_usd = earned_from_advances([advance], parts, "USD")
    received = Money.of(advance.amount.amount * advance.rate, "USD")
    return {
        "contract_liability_usd": received,
        "revenue_usd": in_usd,
        "fx": received - Money.total(in_usd, "USD"),
    }


@case("RV-FX02")
def unbilled_in_euro(given: Inputs) -> dict[str, Any]:
    amount, currency = given["contract_asset"].split()
    first, month_end, at_invoice = (first_number(text) for text in given["rates"])
    asset, recognised = recognise(Money.of(amount, currency), nth_day(0), first, "USD")
    moved = remeasure(asset, nth_day(1), month_end)
    billed = invoiced(moved.asset, nth_day(2), at_invoice)
    entries = [recognised, moved.entry, billed.entry]
    return {
        "revenue_usd": asset.carried,
        "fx_gain": [moved.gain, billed.gain],
        "receivable_usd": billed.asset.carried,
        "journal": journal(["recognition", "month end", "invoice"], entries),
    }


@case("RV-IC01")
def performed_by_a_sister(given: Inputs) -> dict[str, Any]:
    amount, company, percent, _ = given["services"].replace(",", "").split()
    licence, contracting = given["licence"].split()
    services = earned_to_date(usd(amount), Measured(Decimal(percent), Decimal(100)))
    pair = performed_by_affiliate(
        nth_day(1), Companies(contracting, company), usd(licence), services
    )
    invoice = usd(first_number(given["invoiced"]))
    position = roll_forward(
        "USD",
        [
            Movement(nth_day(0), billed=invoice),
            Movement(nth_day(1), earned=usd(licence) + services),
        ],
    )
    return {
        "journal": journal([contracting, company], [pair.contracting, pair.performing]),
        f"{contracting}_contract_liability": position.balances[-1].contract_liability,
        "group_revenue": usd(licence) + services,
    }


@case("RV-IC02")
def consolidated(given: Inputs) -> dict[str, Any]:
    shown = at_transfer_price(
        usd(given["client_revenue"]), usd(given["transfer_price"]), usd(given["performer_cost"])
    )
    ours, theirs, group = shown.contracting, shown.performing, shown.group
    return {
        "entities": {
            "contracting": {"revenue": ours.revenue, "cost": ours.cost},
            "performing": {"revenue": theirs.revenue, "cost": theirs.cost},
        },
        "group": {"revenue": group.revenue, "cost": group.cost, "margin": group.margin},
    }


@case("RV-PA01")
def reimbursed_travel(given: Inputs) -> dict[str, Any]:
    billed, cost = usd(given["billed"]), usd(given["cost"])
    gross, net = present(billed, cost), present(billed, cost, Part.AGENT)
    return {
        "principal": {"revenue": gross.revenue, "cost": gross.cost},
        "agent": {"revenue": net.revenue, "cost": net.cost},
    }


@case("RV-PA02")
def subcontracted(given: Inputs) -> dict[str, Any]:
    hours = Decimal(given["hours"])
    billed = share(usd(given["client_rate"]), hours)
    cost = share(usd(given["subcontract_rate"]), hours)
    gross, net = present(billed, cost), present(billed, cost, Part.AGENT)
    return {
        "principal": {"revenue": gross.revenue, "cost": gross.cost},
        "agent": {"revenue": net.revenue},
    }


def _month(name: str, last: date, state: PeriodState) -> AccountingPeriod:
    return AccountingPeriod(
        id=name, name=name, starts_on=last.replace(day=1), ends_on=last, state=state
    )


@case("RV-PER01")
def late_time(given: Inputs) -> dict[str, Any]:
    closed_to = date.fromisoformat(given["closed_to"])
    periods = [
        _month(given["work_month"], closed_to, PeriodState.CLOSED),
        _month("2026-04", date(2026, 4, 30), PeriodState.OPEN),
    ]
    amount = share(usd(given["rate"]), Decimal(given["hours"]))
    posted = post_revenue(amount, closed_to, periods, ClosedPeriodPolicy.REDATE)
    assert isinstance(posted, Posted)
    revenue = {period.name: usd(0) for period in periods}
    revenue[posted.posting.period.name] += posted.amount
    return {"revenue": revenue, "origin_period": f"{posted.worked_on:%Y-%m}"}


@case("RV-PER02")
def held_for_a_closed_period(given: Inputs) -> dict[str, Any]:
    march = _month(given["period"], date(2026, 3, 31), PeriodState(given["state"]))
    amount, policy = usd(given["revenue_to_post"]), ClosedPeriodPolicy(given["policy"])
    found = post_revenue(amount, march.ends_on, [march], policy)
    held = [found.amount] if isinstance(found, Held) else []
    posted = [found.amount] if isinstance(found, Posted) else []
    return {"posted": Money.total(posted, "USD"), "held": Money.total(held, "USD")}


@case("RV-CST01")
def commission(given: Inputs) -> dict[str, Any]:
    asset = usd(given["commission"])
    short, long = given["months"]
    at_once, spread = expensed_by_month(asset, short), expensed_by_month(asset, long)
    return {
        "month1": [f"{at_once[0].amount} expensed", spread[0]],
        "asset_after_month1": [asset - at_once[0], asset - spread[0]],
    }


@case("RV-EX36")
def cost_of_winning(given: Inputs) -> dict[str, Any]:
    costs = [
        Cost(what, usd(amount), incremental=what == "commissions") for what, amount in given.items()
    ]
    won = winning_costs(costs, "USD")
    return {"asset": won.asset, "expense": won.expense}
