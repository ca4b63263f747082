"""Transaction price, allocation, refunds, financing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.rules.revenue.case_file import (
    WHOLE,
    Inputs,
    case,
    first_number,
    journal,
    nth_day,
    number,
    priced,
    usd,
)

from isthmus.kit.money import Money
from isthmus.rules.journal import Account, Line, entry
from isthmus.rules.revenue.allocation import (
    Bundle,
    Residual,
    Rounding,
    allocate,
    allocate_with_bundle,
)
from isthmus.rules.revenue.financing import instalment, interest, present_value
from isthmus.rules.revenue.position import Movement, Unbilled, roll_forward
from isthmus.rules.revenue.progress import Measured, earned_by_period
from isthmus.rules.revenue.ratable import even
from isthmus.rules.revenue.refunds import ReturnableSale, expected_credit
from isthmus.rules.revenue.variable import (
    Tier,
    Variable,
    assign_to,
    indexed,
    transaction_price,
    under_penalty,
)
from isthmus.rules.rounding import movements, share


@case("RV-ALC01")
def kpmg_bundle(given: Inputs) -> dict[str, Any]:
    ssp = {str(place): usd(amount) for place, amount in enumerate(given["ssp"])}
    price = usd(given["price"])
    whole = Money.total(ssp.values(), "USD")
    return {
        "allocated": list(allocate(price, ssp, Rounding(step=WHOLE)).values()),
        "exact": [share(price, amount.amount / whole.amount) for amount in ssp.values()],
    }


@case("RV-ALC03")
def three_products_and_a_fourth(given: Inputs) -> dict[str, Any]:
    ssp = priced(given["ssp"])
    low, high = given["ssp"]["Hope"].split("-")
    first, second, third = given["prices"]
    bundle = Bundle(("T", "M"), usd(first_number(second.split("regularly")[1])))
    hope = Residual("Hope", usd(low), usd(high))
    with_hope = allocate_with_bundle(usd(first_number(third)), ssp, bundle, hope)
    return {
        "scenario1": allocate(usd(first_number(first)), ssp),
        "scenario2": allocate_with_bundle(usd(first_number(second)), ssp, bundle),
        "scenario3": {
            "G": with_hope["G"],
            "T_and_M": with_hope["T"] + with_hope["M"],
            "Hope": with_hope["Hope"],
        },
    }


@case("RV-EX33")
def relative_prices(given: Inputs) -> dict[str, Any]:
    ssp, price = priced(given["ssp"]), usd(given["price"])
    return {
        "exact_to_cent": allocate(price, ssp),
        "as_printed": allocate(price, ssp, Rounding(step=WHOLE)),
    }


@case("RV-EX34A")
def discount_belongs_to_two(given: Inputs) -> dict[str, Any]:
    bundle = Bundle(("B", "C"), usd(given["bundle_B_and_C"]))
    allocated = allocate_with_bundle(usd(given["price"]), priced(given["ssp"]), bundle)
    return {"allocated": allocated}


@case("RV-EX34B")
def residual_after_discount(given: Inputs) -> dict[str, Any]:
    low, high = given["ssp"]["D"].split("-")
    bundle = Bundle(("B", "C"), usd(given["bundle_B_and_C"]))
    residual = Residual("D", usd(low), usd(high))
    ssp = priced(given["ssp"])
    return {"allocated": allocate_with_bundle(usd(given["price"]), ssp, bundle, residual)}


@case("RV-EX35B")
def royalty_to_both_licences(given: Inputs) -> dict[str, Any]:
    ssp, fixed = priced(given["ssp"]), usd(given["fixed"])
    royalty = allocate(usd(given["first_month_royalty"]), ssp)
    return {
        "fixed": allocate(fixed, ssp),
        "as_printed": allocate(fixed, ssp, Rounding(step=WHOLE)),
        "first_month": {"revenue_Y": royalty["Y"], "contract_liability_X": royalty["X"]},
    }


@case("RV-EX02")
def implicit_concession(given: Inputs) -> dict[str, Any]:
    concession = Variable(-usd(given["expected_concession"]))
    return {"transaction_price": transaction_price(usd(given["stated"]), concession)}


@case("RV-EX20")
def penalty(given: Inputs) -> dict[str, Any]:
    parts = under_penalty(usd(given["price"]), usd(given["penalty_if_late"]))
    return {"fixed": parts.fixed, "variable": parts.variable}


@case("RV-EX22")
def right_of_return(given: Inputs) -> dict[str, Any]:
    sale = ReturnableSale(
        Decimal(given["units"]),
        Decimal(given["expected_returns"]),
        usd(given["price"]),
        usd(given["cost"]),
    )
    day = nth_day(0)
    sold = Movement(day, earned=sale.revenue, billed=sale.billed, refundable=sale.refund_liability)
    cost = entry(
        day,
        [
            Line(Account.COST_OF_REVENUE, sale.cost_of_sales),
            Line(Account.RETURN_ASSET, sale.return_asset),
            Line(Account.INVENTORY, -sale.inventory),
        ],
    )
    return {
        "revenue": sale.revenue,
        "refund_liability": sale.refund_liability,
        "return_asset": sale.return_asset,
        "cost_of_sales": sale.cost_of_sales,
        "journal": journal(["sale", "cost"], [*roll_forward("USD", [sold]).entries, cost]),
    }


@case("RV-EX23A")
def estimated_concession(given: Inputs) -> dict[str, Any]:
    units = Decimal(given["units"])
    listed = share(usd(given["price"]), units)
    concession = indexed(listed, Decimal(-given["expected_concession_percent"]))
    price = transaction_price(listed, Variable(concession))
    return {"transaction_price": price, "per_unit": share(price, 1 / units)}


@case("RV-PS08")
def retroactive_hours(given: Inputs) -> dict[str, Any]:
    tier = Tier(usd(given["rate"]), usd(given["rate_above_1000_hours"]))
    first, second = (Decimal(hours) for hours in given["hours"])
    before, after = given["threshold_expected"]
    to_date = [tier.earned(first, before), tier.earned(first + second, after)]
    return {
        "revenue_by_quarter": movements(to_date),
        "refund_liability": tier.refundable(first + second, after),
    }


@case("RV-PS09")
def success_fee(given: Inputs) -> dict[str, Any]:
    base, fee = usd(given["base"]), usd(given["success_fee"])
    to_date = []
    for month in range(1, given["months"] + 1):
        probable = month >= given["highly_probable_from_month"]
        ceiling = fee if probable else usd(0)
        price = transaction_price(base, Variable(fee, ceiling))
        measured = Measured(Decimal(month), Decimal(given["months"]))
        to_date.append(earned_by_period(price, [measured])[0])
    return {"revenue_by_month": movements(to_date), "total": to_date[-1]}


@case("RV-PS10")
def index_linked_year(given: Inputs) -> dict[str, Any]:
    fee = usd(given["year1"])
    rise = indexed(fee, Decimal(given["index_percent"]))
    years = assign_to({"year1": fee, "year2": fee}, "year2", rise)
    return {"revenue_by_year": list(years.values())}


@case("RV-EX28")
def deferred_payment(given: Inputs) -> dict[str, Any]:
    months, price = given["months"], usd(given["price"])
    contract, market = number(given["contract_rate"]), number(given["market_rate"])
    monthly = instalment(price, contract, months)
    at_contract_rate = present_value(monthly, contract, months, WHOLE)
    return {
        "instalment_exact": monthly,
        "case_A_transaction_price": at_contract_rate,
        "case_B_transaction_price": present_value(monthly, market, months, WHOLE),
    }


@case("RV-PS11")
def retainer_paid_in_advance(given: Inputs) -> dict[str, Any]:
    """Whatever the client would have paid in cash: a year or less is not looked into."""
    paid = usd(given["paid"])
    cash_price = paid - usd(500)
    (monthly,) = set(even(paid, given["months"]))
    return {"interest": interest(paid, cash_price, given["months"]), "monthly_revenue": monthly}


@case("RV-CM02")
def written_down_at_invoice(given: Inputs) -> dict[str, Any]:
    recognised, invoiced = usd(given["recognised_unbilled"]), usd(given["invoiced"])
    concession = invoiced - recognised
    story = [
        Movement(nth_day(0), earned=recognised),
        Movement(nth_day(1), earned=concession, billed=invoiced),
    ]
    rolled = roll_forward("USD", story, Unbilled.RECEIVABLE)
    assert rolled.balances[-1].position == usd(0)
    return {
        "journal": journal(["invoice"], rolled.entries[1:]),
        "revenue_effect": concession,
    }


@case("RV-CM03")
def expected_service_credits(given: Inputs) -> dict[str, Any]:
    invoiced = usd(given["invoiced"])
    credit = expected_credit(invoiced, Decimal(given["expected_sla_credit_percent"]))
    actual = usd(given["actual_credit"])
    story = [
        Movement(nth_day(0), earned=invoiced - credit, billed=invoiced, refundable=credit),
        Movement(nth_day(1), earned=credit - actual, billed=-actual, refundable=-credit),
    ]
    rolled = roll_forward("USD", story)
    return {
        "revenue": invoiced - credit,
        "refund_liability": rolled.balances[0].refund_liability,
        "journal": journal(["invoice", "settlement"], rolled.entries),
    }
