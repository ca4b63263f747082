"""Contract modifications and contracts that lose money."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.rules.revenue.case_file import Inputs, all_usd, case, journal, nth_day, usd

from isthmus.kit.money import Money
from isthmus.rules.revenue.allocation import allocate
from isthmus.rules.revenue.modification import (
    Change,
    Treatment,
    UnitOrder,
    catch_up,
    later_change,
    prospective,
    treatment,
)
from isthmus.rules.revenue.onerous import loss_by_period, provision, provision_entry
from isthmus.rules.revenue.position import Movement, roll_forward
from isthmus.rules.revenue.progress import Costs, Measured, cost_to_cost, earned_to_date
from isthmus.rules.revenue.ratable import even
from isthmus.rules.rounding import nearest, share


@case("RV-EX05B")
def below_price_with_credit(given: Inputs) -> dict[str, Any]:
    units, added = Decimal(given["units"]), Decimal(given["added_units"])
    unit_price = share(usd(given["price"]), 1 / units)
    order = UnitOrder(units, unit_price, Decimal(given["delivered"]))
    negotiated = usd(given["negotiated_price_per_unit"])
    credit = share(-usd(given["credit_per_delivered_unit"]), order.delivered)
    stated = share(usd(given["stated_price_per_added_unit"]), added)
    assert share(negotiated, added) + credit == stated
    change = Change(adds_distinct=True, added_at_stand_alone_price=False, rest_distinct=True)
    assert treatment(change) is Treatment.PROSPECTIVE
    pool = prospective(order.unearned, share(negotiated, added), order.remaining + added)
    assert Money.total(pool.earned_by([Decimal(1)] * 90), "USD") == pool.consideration
    earned = share(unit_price, order.delivered)
    return {
        "revenue_adjustment_now": credit,
        "remaining_consideration": pool.consideration,
        "remaining_units": pool.units,
        "unit_revenue_exact": nearest(pool.unit_revenue, Decimal("0.000001")),
        "unit_revenue": pool.earned(Decimal(1)),
        "total_contract_revenue": earned + credit + pool.consideration,
    }


@case("RV-EX06")
def variable_after_modification(given: Inputs) -> dict[str, Any]:
    alike = usd(1)
    fixed, variable = usd(given["fixed"]), usd(given["variable"])
    initial = allocate(fixed + variable, {"X": alike, "Y": alike})
    pooled = initial["Y"] + usd(given["modification"]["price"])
    modified = {"X": initial["X"], **allocate(pooled, {"Y": alike, "Z": alike})}
    change = usd(given["variable_later"]) - variable
    parts = later_change(
        change, {"X": alike, "Y": alike}, {"Y": alike, "Z": alike}, satisfied={"X"}
    )
    return {
        "initial": initial,
        "after_modification": modified,
        "after_estimate": {name: modified[name] + parts[name] for name in modified},
        "revenue_at_estimate_change": parts["X"],
    }


@case("RV-EX07")
def extended_at_a_lower_fee(given: Inputs) -> dict[str, Any]:
    fee = usd(given["fee"])
    left = Decimal(1 + given["extension_years"])
    pool = prospective(usd(given["year3_fee"]), usd(given["extension_fee"]), left)
    later = pool.earned_by([Decimal(1)] * int(left))
    earned = [fee, fee, *later]
    invoices = all_usd(given["invoices"])
    story = [
        Movement(nth_day(year), earned=earned[year], billed=invoices[year])
        for year in range(len(earned))
    ]
    rolled = roll_forward("USD", story)
    return {
        "revenue_by_year": earned,
        "month_1_after": even(later[0], 12)[0],
        "contract_liability_end": [at.contract_liability for at in rolled.balances],
        "total": Money.total(earned, "USD"),
    }


def _separate(given: Inputs) -> dict[str, Any]:
    change = Change(
        adds_distinct=True,
        added_at_stand_alone_price=given["priced_at_ssp"],
        rest_distinct=True,
    )
    assert treatment(change) is Treatment.SEPARATE_CONTRACT
    units, delivered = Decimal(given["quantity"]), Decimal(given["delivered"])
    original = UnitOrder(units, usd(given["price"]), delivered)
    added = UnitOrder(Decimal(given["added"]), usd(given["added_price"]))
    return {"remaining_original": original.unearned, "added_contract": added.unearned}


@case("RV-MOD01")
def added_aggregate(given: Inputs) -> dict[str, Any]:
    return _separate(given)


@case("RV-MOD02")
def added_concrete(given: Inputs) -> dict[str, Any]:
    return _separate(given)


@case("RV-MOD04")
def fee_reduced(given: Inputs) -> dict[str, Any]:
    before, after = all_usd(given["monthly"])
    months = Decimal(given["months_left"])
    unearned = share(before, months)
    change = share(after - before, months)
    pool = prospective(unearned, change, months)
    return {
        "change_in_transaction_price": change,
        "monthly_revenue_after": pool.earned(Decimal(1)),
    }


@case("RV-MOD06")
def meter_corrected(given: Inputs) -> dict[str, Any]:
    """The price of all periods rises; the periods served are caught up at once."""
    past, left = Decimal(given["understated_periods"]), Decimal(given["remaining_periods"])
    rise = share(usd(given["per_period"]), past + left)
    now = catch_up(rise, Measured(past, past + left), usd(0))
    rest = prospective(rise - now.to_date, usd(0), left)
    return {
        "catch_up": now.adjustment,
        "each_remaining_period": rest.earned(Decimal(1)),
        "total_effect": now.to_date + rest.consideration,
    }


@case("RV-LOSS01")
def loss_seen_in_year_two(given: Inputs) -> dict[str, Any]:
    pairs = zip(given["cumulative_cost"], given["eac"], strict=True)
    history = [Costs(usd(incurred), usd(expected)) for incurred, expected in pairs]
    years = list(loss_by_period(usd(given["price"]), history))
    provisions = [usd(0), *(year.provision for year in years)]
    entries = [
        provision_entry(nth_day(n), before, after)
        for n, (before, after) in enumerate(pairwise(provisions))
    ]
    moved = [entry for entry in entries if entry.lines]
    return {
        "revenue_by_year": [year.revenue for year in years],
        "margin_by_year": [year.margin for year in years],
        "provision_end": provisions[1:],
        "result_by_year": [year.result for year in years],
        "journal": journal(["2027", "2028"], moved),
    }


@case("RV-LOSS03")
def loss_known_at_signing(given: Inputs) -> dict[str, Any]:
    price = usd(given["price"])
    costs = Costs(usd(given["cost_to_date"]), usd(given["eac"]))
    earned = cost_to_cost(price, costs)
    assert earned == earned_to_date(price, Measured(Decimal(0), Decimal(given["eac"])))
    needed = provision(price, costs, earned)
    return {
        "provision": needed,
        "revenue": earned,
        "journal": journal(["signing"], [provision_entry(nth_day(0), usd(0), needed)]),
    }
