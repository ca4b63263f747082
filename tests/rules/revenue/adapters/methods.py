"""Progress, milestones, time, hours, breakage."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.rules.revenue.case_file import (
    Inputs,
    all_usd,
    case,
    journal,
    nth_day,
    usd,
)

from isthmus.kit.money import Money
from isthmus.rules.revenue.milestone import Acceptance, Deliverable, earned_by
from isthmus.rules.revenue.modification import catch_up
from isthmus.rules.revenue.position import Balances, Movement, RollForward, Unbilled, roll_forward
from isthmus.rules.revenue.progress import (
    Costs,
    Measured,
    UninstalledMaterials,
    cost_progress,
    cost_to_cost,
    earned_by_period,
    earned_to_date,
    estimate_effect,
)
from isthmus.rules.revenue.ratable import Proration, Slice, even, ratable
from isthmus.rules.revenue.termination import terminate
from isthmus.rules.revenue.time_and_materials import TimeAgreement, earned_for_hours
from isthmus.rules.revenue.upfront import SetUp, earned_by_month
from isthmus.rules.rounding import movements


@case("RV-EX19")
def elevators(given: Inputs) -> dict[str, Any]:
    price, elevators = usd(given["price"]), usd(given["of_which_elevators"])
    assert given["elevators_delivered"]
    incurred = usd(given["other_cost_to_date"]) + elevators
    costs = Costs(incurred, usd(given["expected_cost"]), elevators, elevators)
    revenue = cost_to_cost(price, costs)
    return {
        "progress": f"{cost_progress(costs) * 100}%",
        "revenue": revenue,
        "cost": incurred,
        "profit": revenue - incurred,
        "unadjusted_would_be": cost_to_cost(price, costs, UninstalledMaterials.AS_PROGRESS),
    }


@case("RV-PRG01")
def uninstalled_machine(given: Inputs) -> dict[str, Any]:
    price, machine = usd(given["price"]), usd(given["of_which_uninstalled"])
    costs = Costs(usd(given["cost_to_date"]), usd(given["expected_cost"]), machine, machine)
    adjusted = cost_to_cost(price, costs)
    unadjusted = cost_to_cost(price, costs, UninstalledMaterials.AS_PROGRESS)
    return {
        "revenue_adjusted": adjusted,
        "revenue_unadjusted": unadjusted,
        "difference": unadjusted - adjusted,
    }


def _by_period(earned: tuple[Money, ...], billed: list[Money | None]) -> RollForward:
    story = [
        Movement(nth_day(place), earned=amount, billed=invoice)
        for place, (amount, invoice) in enumerate(zip(earned, billed, strict=True))
    ]
    return roll_forward("USD", story)


def _assets(balances: tuple[Balances, ...]) -> list[Money]:
    return [at.unbilled for at in balances]


def _liabilities(balances: tuple[Balances, ...]) -> list[Money]:
    return [at.contract_liability for at in balances]


@case("RV-PS01")
def labour_hours(given: Inputs) -> dict[str, Any]:
    price = usd(given["price"])
    first, second = Decimal(given["eac_hours"][0]), Decimal(given["eac_hours"][1].split()[0])
    hours = [Decimal(text) for text in given["cumulative_hours"]]
    estimates = [first, second, second]
    measured = [Measured(done, all_) for done, all_ in zip(hours, estimates, strict=True)]
    earned = earned_by_period(price, measured)
    billed = [usd(amount) if amount else None for amount in given["invoices"]]
    rolled = _by_period(earned, billed)
    return {
        "revenue_by_month": earned,
        "catch_up_on_month1_hours": estimate_effect(price, hours[0], first, second),
        "contract_asset_end": _assets(rolled.balances),
        "journal": journal(["m1", "m2", "m3"], rolled.entries),
    }


@case("RV-PS05")
def negative_month(given: Inputs) -> dict[str, Any]:
    pairs = zip(given["hours_cumulative"], given["eac"], strict=True)
    measured = [Measured(Decimal(done), Decimal(expected)) for done, expected in pairs]
    return {"revenue_by_month": earned_by_period(usd(given["price"]), measured)}


@case("RV-PS06")
def milestone_billing(given: Inputs) -> dict[str, Any]:
    costs = [Costs(usd(c), usd(given["eac"])) for c in given["cumulative_cost"]]
    earned = movements([cost_to_cost(usd(given["price"]), cost) for cost in costs])
    billed = movements(all_usd(given["cumulative_billed"]))
    rolled = _by_period(earned, list(billed))
    return {
        "revenue_by_quarter": earned,
        "contract_liability_end": _liabilities(rolled.balances),
        "contract_asset_end": _assets(rolled.balances),
    }


@case("RV-PS07")
def acceptance(given: Inputs) -> dict[str, Any]:
    revenue: dict[str, Any] = {}
    for subjective in given["subjective"]:
        meaning = Acceptance.SUBJECTIVE if subjective else Acceptance.OBJECTIVE
        delivered = Deliverable(
            "report",
            usd(given["deliverable"]),
            date.fromisoformat(given["delivered"]),
            date.fromisoformat(given["accepted"]),
            meaning,
        )
        earned = earned_by([delivered], date.max)
        revenue[meaning.value] = {f"{part.on:%Y-%m}": part.amount for part in earned}
    return {"revenue": revenue}


@case("RV-PS02")
def right_to_invoice(given: Inputs) -> dict[str, Any]:
    agreement = TimeAgreement(usd(given["rate"]))
    hours = [Decimal(text) for text in given["hours_by_month"]]
    expected = sum(hours, Decimal(0))
    running = [sum(hours[: n + 1], Decimal(0)) for n in range(len(hours))]
    earned = movements([earned_for_hours(agreement, done, expected) for done in running])
    month_ends = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    fifths = [date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5)]
    story = [
        *(Movement(on, earned=amount) for on, amount in zip(month_ends, earned, strict=True)),
        *(Movement(on, billed=amount) for on, amount in zip(fifths, earned, strict=True)),
    ]
    rolled = roll_forward("USD", story, Unbilled.RECEIVABLE)
    ends = [*month_ends, date(2026, 4, 30)]
    return {
        "revenue_by_month": earned,
        "unbilled_receivable_end": [at.unbilled for day in ends if (at := rolled.at(day))],
        "journal": journal(["m1", "m2 invoice"], rolled.entries[:2]),
    }


@case("RV-PS04")
def cap_that_binds(given: Inputs) -> dict[str, Any]:
    agreement = TimeAgreement(usd(given["rate"]), usd(given["cap"]))
    expected = Decimal(given["expected_hours"])
    assert agreement.cap_binds(expected)
    hours = [Decimal(text) for text in given["hours_by_month"]]
    running = [sum(hours[: n + 1], Decimal(0)) for n in range(len(hours))]
    earned = movements([earned_for_hours(agreement, done, expected) for done in running])
    rolled = _by_period(earned, list(all_usd(given["invoices"])))
    return {
        "revenue_by_month": earned,
        "contract_liability_end": _liabilities(rolled.balances),
    }


@case("RV-RET01")
def stand_ready(given: Inputs) -> dict[str, Any]:
    paid = usd(given["paid"])
    monthly = even(paid, given["months"])
    story = [Movement(nth_day(0), received=paid), Movement(nth_day(30), earned=monthly[0])]
    assert len(set(monthly)) == 1
    liability = roll_forward("USD", story).balances[-1].contract_liability
    return {"monthly": monthly[0], "contract_liability_after_month_1": liability}


@case("RV-RET02")
def set_up_fee(given: Inputs) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, material in (("no_material_right", False), ("material_right", True)):
        terms = SetUp(
            usd(given["setup"]),
            usd(given["monthly"]),
            given["term"],
            given["expected_life"],
            material,
        )
        (monthly,) = set(earned_by_month(terms))
        shown[name] = f"{monthly.amount:.2f} per month"
    return shown


def _months(slices: tuple[Slice, ...]) -> dict[str, Money]:
    return {f"{piece.starts_on:%Y-%m}": piece.amount for piece in slices}


def _term(given: Inputs) -> tuple[Money, date, date]:
    first, last = date.fromisoformat(given["start"]), date.fromisoformat(given["end"])
    return usd(given["price"]), first, last


@case("RV-SUB01")
def leap_year_subscription(given: Inputs) -> dict[str, Any]:
    term = _term(given)
    return {
        "daily": _months(ratable(*term)),
        "mid_month": _months(ratable(*term, Proration.HALF_MONTH)),
    }


@case("RV-SUB03")
def half_first_month(given: Inputs) -> dict[str, Any]:
    slices = ratable(*_term(given), Proration.TENTHS_OF_MONTH)
    return {"by_period": {piece.ends_on.isoformat(): piece.amount for piece in slices}}


@case("RV-SUB04")
def ends_on_the_first(given: Inputs) -> dict[str, Any]:
    return {"by_period": _months(ratable(*_term(given), Proration.TENTHS_OF_MONTH))}


@case("RV-TRM01")
def terminated(given: Inputs) -> dict[str, Any]:
    prepaid = usd(given["prepaid"])
    served = Measured(Decimal(given["terminated_after"]), Decimal(given["months"]))
    ended = terminate(prepaid, served, Decimal(given["refund_percent_of_rest"]))
    story = [
        Movement(nth_day(0), received=prepaid),
        Movement(nth_day(1), earned=ended.recognised),
        Movement(nth_day(2), earned=ended.revenue, received=-ended.refund),
    ]
    rolled = roll_forward("USD", story)
    assert rolled.balances[-1].position == usd(0)
    return {
        "recognised": ended.recognised,
        "refund": ended.refund,
        "termination_revenue": ended.revenue,
        "journal": journal(["termination"], rolled.entries[2:]),
    }


@case("RV-EX09L")
def unapproved_change_order(given: Inputs) -> dict[str, Any]:
    price, done = usd(given["price"]), Decimal(given["cost_to_date"])
    before, after = (Decimal(text) for text in given["eac"])
    first = earned_to_date(price, Measured(done, before))
    revised = earned_to_date(price, Measured(done, after))
    approved = price + usd(given["later_approved_price"])
    caught = catch_up(approved, Measured(done, after), revised)
    return {
        "revenue_to_date": [first, revised, caught.to_date],
        "effect_of_cost_revision": estimate_effect(price, done, before, after),
        "catch_up_on_approval": caught.adjustment,
    }
