"""Prepaid rights that are not all used."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.rules.revenue.case_file import (
    WHOLE,
    Inputs,
    case,
    nth_day,
    usd,
)

from isthmus.kit.money import Money
from isthmus.rules.revenue.allocation import Rounding, allocate
from isthmus.rules.revenue.breakage import (
    Breakage,
    Prepaid,
    Use,
    redeemed_by_period,
)
from isthmus.rules.revenue.position import Balances, Movement, RollForward, roll_forward
from isthmus.rules.rounding import share


def _liabilities(balances: tuple[Balances, ...]) -> list[Money]:
    return [at.contract_liability for at in balances]


@case("RV-BRK01")
def points_with_new_estimates(given: Inputs) -> dict[str, Any]:
    """In whole units and year by year, as the handbook prints it."""
    points = usd(given["allocated_to_points"])
    first, second = (Decimal(points) for points in given["redeemed_cumulative"])
    before, (up, down) = Decimal(given["expected"][0]), given["expected"][1].split(" or ")
    prepaid = Prepaid(points, before, step=WHOLE)
    known = Use(first, before)
    raised = redeemed_by_period(prepaid, [known, Use(second, Decimal(up))])
    lowered = redeemed_by_period(prepaid, [known, Use(second, Decimal(down))])
    return {"year2": raised[0], "year3": {"up": raised[1], "down": lowered[1]}}


@case("RV-BRK02")
def credits_that_roll_over(given: Inputs) -> dict[str, Any]:
    price = usd(given["sold"])
    used = [Decimal(text) for text in given["used"]]
    total = sum(used, Decimal(0))
    assert total == Decimal(given["sold"]) - Decimal(given["never_used"])
    uses = [Use(used[0], total), Use(total, total)]
    earned = redeemed_by_period(Prepaid(price, Decimal(given["sold"])), uses)
    rolled = _prepaid_story(price, earned)
    return {
        "revenue_by_year": earned,
        "contract_liability_end": _liabilities(rolled.balances[1:]),
    }


def _prepaid_story(price: Money, earned: tuple[Money, ...]) -> RollForward:
    later = (Movement(nth_day(n + 1), earned=amount) for n, amount in enumerate(earned))
    return roll_forward("USD", [Movement(nth_day(0), billed=price), *later])


def _uses(used: list[str], expected: list[Decimal]) -> list[Use]:
    amounts = [Decimal(text) for text in used]
    running = [sum(amounts[: n + 1], Decimal(0)) for n in range(len(amounts))]
    return [Use(done, in_all) for done, in_all in zip(running, expected, strict=True)]


@case("RV-BRK03")
def breakage_expected(given: Inputs) -> dict[str, Any]:
    price, hours = usd(given["price"]), Decimal(given["hours"])
    expected = [Decimal(given["expected_used"])] * len(given["used"])
    uses = _uses(given["used"], expected)
    at_face = Prepaid(price, hours, Breakage.REMOTE)
    return {
        "revenue": redeemed_by_period(Prepaid(price, hours), uses),
        "face_value_would_be": redeemed_by_period(at_face, uses),
    }


@case("RV-BRK04")
def breakage_revised(given: Inputs) -> dict[str, Any]:
    uses = _uses(given["used"], [Decimal(text) for text in given["expected_used"]])
    prepaid = Prepaid(usd(given["price"]), Decimal(given["hours"]))
    return {"revenue": redeemed_by_period(prepaid, uses)}


@case("RV-BRK05")
def breakage_unknown(given: Inputs) -> dict[str, Any]:
    prepaid = Prepaid(usd(given["price"]), Decimal(given["hours"]), Breakage.REMOTE)
    used = [Decimal(text) for text in given["used"]]
    assert len(used) == given["expires_after_month"]
    uses = [Use(sum(used[: n + 1], Decimal(0))) for n in range(len(used))]
    *revenue, expiry = redeemed_by_period(
        prepaid, [*uses, Use(sum(used, Decimal(0)), expired=True)]
    )
    return {"revenue": revenue, "on_expiry": expiry}


CARRIED = Decimal("1e-9")
"""The answer key keeps the allocated share unrounded: 100,000 x 9,500 / 109,500 = 8,675.799..."""


@case("RV-EX52")
def loyalty_points(given: Inputs) -> dict[str, Any]:
    sales = usd(given["sales"])
    first, second = (Decimal(text) for text in given["redeemed_cumulative"])
    before, after = (Decimal(text) for text in given["expected"])
    ssp = {"products": sales, "points": usd(before)}
    carried = allocate(sales, ssp, Rounding(step=CARRIED))
    parts = {name: amount.rounded() for name, amount in carried.items()}
    uses = [Use(first, before), Use(second, after)]
    earned = redeemed_by_period(Prepaid(carried["points"], Decimal(given["points"])), uses)
    liability = _liabilities(_prepaid_story(parts["points"], earned).balances[1:])
    return {
        "products": parts["products"],
        "points": parts["points"],
        "points_revenue": earned,
        "liability_end": liability,
        "as_printed": {
            "products": _whole(parts["products"]),
            "points": _whole(parts["points"]),
            "revenue": [_whole(amount) for amount in earned],
            "liability": [_whole(amount) for amount in liability],
        },
    }


def _whole(amount: Money) -> Money:
    return share(amount, 1, WHOLE)
