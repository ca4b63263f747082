"""Billed time: rounding, clocks, overtime, tiers, days, caps, adjustments.

A case's firm has one contract, one person and one project unless the case says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.case_file import Inputs
from tests.rules import facts as firm

from isthmus.canonical import Contract
from isthmus.canonical.contract import Terms
from isthmus.canonical.invoice import InvoiceLine
from isthmus.canonical.terms import (
    Cap,
    CapLevel,
    CapPeriod,
    CapPolicy,
    DayPremium,
    DayRate,
    HalfCent,
    Overtime,
    RoundingGrain,
    Stacking,
    TimeRounding,
    TimeTerms,
    VolumeTier,
    Weekday,
)
from isthmus.kit.money import Money
from isthmus.rules.adjustments import AdjustmentKind, agree, percent_of, realisation
from isthmus.rules.billing import BilledLines, invoice_lines
from isthmus.rules.facts import Charging, Fact, Work
from isthmus.rules.rounding import share
from isthmus.rules.time.clock import (
    ClockMode,
    ClockPrecision,
    ClockRounding,
    hours_of,
    rounded_clock,
)
from isthmus.rules.time.elapsed import Clocked, by_day, elapsed_seconds, instant
from isthmus.rules.time.pricing import Priced, price

MONDAY = date(2026, 3, 2)
HALF_UP = Decimal("0.0001")
MODES = {
    "default": ClockMode.OUTWARD, "ceil": ClockMode.UP, "floor": ClockMode.DOWN,
    "closest": ClockMode.NEAREST,
}  # fmt: skip


def usd(amount: Any) -> Money:
    return Money.of(amount, "USD")


def agreement(*, caps: Sequence[Cap] = (), cap: Money | None = None, **time: Any) -> Contract:
    terms = Terms(time=TimeTerms(**time), caps=tuple(caps))
    return firm.contract(currency="USD", cap=cap, terms=terms)


def worked(hours: Any, rate: Any, on: date = MONDAY, id: str = "t1", **known: Any) -> Work:
    return firm.work(id, Decimal(hours), usd(rate), on.isoformat(), **known)


def hours(minutes: Any) -> Decimal:
    return Decimal(minutes) / 60


def lines_of(facts: Iterable[Fact], words: Sequence[str] = ()) -> list[dict[str, Any]]:
    """One line per fact, described in turn."""
    made = [invoice_lines([fact], lambda _: "").lines[0] for fact in facts]
    return [
        {"description": text, "quantity": n.quantity, "unit_price": n.unit_price,
         "amount": n.amount}
        for n, text in zip(made, words, strict=True)
    ]  # fmt: skip


def shown(line: InvoiceLine) -> dict[str, Any]:
    return {
        "description": line.description,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "amount": line.amount,
    }


def invoice(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """These cases are of supplies without tax."""
    subtotal = Money.total((line["amount"] for line in lines), "USD")
    tax = usd(0)
    return {"lines": list(lines), "subtotal": subtotal, "tax": tax, "total": subtotal + tax}


def billed_lines(priced: Priced, describe: Any) -> list[dict[str, Any]]:
    return [shown(line) for line in invoice_lines(priced.billed, describe).lines]


@BILLING.case("TM-14")
def multipliers_of_matching_days(given: Inputs) -> dict[str, Any]:
    rate, seconds = usd(given["user_rate"]), given["duration_seconds"]
    covered = {
        "today": (Weekday.of(MONDAY),),
        "never": (),
        "every day": tuple(Weekday),
    }
    exact, payable = [], []
    for rules in given["rules"]:
        premiums = tuple(
            DayPremium(multiplier=rule["factor"], weekdays=covered[rule["days"]]) for rule in rules
        )
        terms = Overtime(by_day=premiums, stacking=Stacking.SUM)
        [fact] = price(agreement(overtime=terms), [worked(1, rate.amount)]).billed
        exact.append(share(fact.price, hours_of(seconds), HALF_UP))
        payable.append(share(fact.price, hours_of(seconds)))
    return {"amounts_4dp": exact, "amounts_invoice_2dp": payable}


def _at(text: str) -> datetime:
    return datetime.combine(MONDAY, time.fromisoformat(text), UTC)


@BILLING.case("TM-15")
def start_end_and_duration(given: Inputs) -> dict[str, Any]:
    rows = []
    for row in given["rows"]:
        grid = ClockRounding(
            row["begin_minutes"],
            row["end_minutes"],
            row["duration_minutes"],
            MODES[row["mode"]],
        )
        found = rounded_clock(Clocked(_at(row["begin"]), _at(row["end"]), "UTC"), grid)
        rows.append(
            row
            | {
                "rounded_begin": f"{found.started_at:%H:%M:%S}",
                "rounded_end": f"{found.ended_at:%H:%M:%S}",
                "duration_seconds": found.seconds,
            }
        )
    return {"rows": rows}


@BILLING.case("TM-16")
def hundredths_and_seconds(given: Inputs) -> dict[str, Any]:
    rate, seconds = usd(given["rate"]), given["seconds"]
    on_grid = [hours_of(s, ClockPrecision.HUNDREDTHS) for s in given["duration_grid_rows"]]
    return {
        "decimal_hours_mode": share(rate, hours_of(seconds, ClockPrecision.HUNDREDTHS)),
        "exact_seconds_mode_4dp": share(rate, hours_of(seconds), HALF_UP),
        "duration_on_0_01h_grid_seconds": [int(found * 3600) for found in on_grid],
    }


@BILLING.case("TM-24")
def overtime_of_day_and_week(given: Inputs) -> dict[str, Any]:
    terms = Overtime(
        daily_threshold=given["daily_threshold"],
        weekly_threshold=given["weekly_threshold"],
        multiplier=given["multiplier"],
    )
    week = [
        worked(day, given["rate"], MONDAY + timedelta(days=n), f"t{n}")
        for n, day in enumerate(given["daily"])
    ]

    def describe(facts: Sequence[Fact]) -> str:
        factor = facts[0].multiplier
        return "Regular" if factor == 1 else f"Overtime x{factor}"

    return invoice(billed_lines(price(agreement(overtime=terms), week), describe))


@BILLING.case("TM-25")
def tenths_of_an_hour(given: Inputs) -> dict[str, Any]:
    rounding = TimeRounding(
        increment=given["increment"], mode=given["direction"], grain=given["scope"]
    )
    minutes = given["entries_minutes"]
    work = [worked(hours(m), given["rate"], id=f"t{n}") for n, m in enumerate(minutes)]
    facts = price(agreement(rounding=rounding), work).billed
    return invoice(lines_of(facts, [f"{m} min" for m in minutes]))


@BILLING.case("TM-26")
def grain_of_rounding(given: Inputs) -> dict[str, Any]:
    assert given["same_task_and_day"]
    work = [
        worked(hours(m), given["rate"], id=f"t{n}", task="task")
        for n, m in enumerate(given["entries_minutes"])
    ]

    def at(grain: RoundingGrain) -> dict[str, Any]:
        rounding = TimeRounding(increment=given["increment"], grain=grain)
        [line] = invoice_lines(price(agreement(rounding=rounding), work).billed, lambda _: "").lines
        return {"hours": line.quantity, "amount": line.amount}

    return {
        "per_entry": at(RoundingGrain.ENTRY),
        "per_task_day": at(RoundingGrain.PERSON_TASK_DAY),
    }


@BILLING.case("TM-28")
def call_out(given: Inputs) -> dict[str, Any]:
    rounding = TimeRounding(minimum=given["minimum_minutes"])
    work = [
        worked(hours(m), given["rate"], id=f"t{n}") for n, m in enumerate(given["entries_minutes"])
    ]
    facts = price(agreement(rounding=rounding), work).billed
    return invoice(lines_of(facts, [f"Call-out {n + 1}" for n, _ in enumerate(facts)]))


@BILLING.case("TM-29")
def daily_cap(given: Inputs) -> dict[str, Any]:
    cap = Cap(
        level=CapLevel.PERSON,
        hours=given["cap"],
        period=CapPeriod.DAY,
        policy=CapPolicy.OVERFLOW,
    )
    priced = price(agreement(caps=[cap]), [worked(given["day_hours"], given["rate"])])
    [over] = priced.not_charged
    return invoice(billed_lines(priced, lambda _: "Capped day")) | {
        "over_cap_hours": over.billed_hours,
        "over_cap_value": over.list_amount,
    }


@BILLING.case("TM-30")
def cap_crossed_inside_an_entry(given: Inputs) -> dict[str, Any]:
    cap = Cap(amount=usd(given["cap"]), policy=CapPolicy.SPLIT)
    before = firm.rated("t0", 1, usd(given["billed_to_date"]), "2026-02-02")
    work = worked(given["entry_hours"], given["rate"])
    priced = price(agreement(caps=[cap]), [work], frozen=[before])
    [held], [usage] = priced.held, priced.usages
    states = {"cap_exceeded": "held_over_cap"}
    return invoice(billed_lines(priced, lambda _: "Work to the cap")) | {
        "remaining_cap": usage.left,
        "excess": {
            "hours": held.fact.hours,
            "amount": held.fact.amount,
            "state": states[held.problem.code],
        },
    }


@BILLING.case("TM-34")
def write_up(given: Inputs) -> dict[str, Any]:
    facts = price(agreement(), [worked(given["hours"], given["rate"])]).billed
    wip = Money.total((fact.amount for fact in facts), "USD")
    agreed = usd(given["agreed_amount"])
    made = agree(facts, agreed, "agreed with the client")
    assert made is not None
    assert made.kind is AdjustmentKind.WRITE_UP
    by_value = realisation(facts, [made]).by_value
    assert by_value is not None
    return {
        "wip_value": wip,
        "subtotal": wip + made.amount,
        "write_up": made.amount,
        "realisation_percent": percent_of(by_value),
        "wip_after": wip + made.amount - agreed,
    }


@BILLING.case("TM-36")
def no_charge_lines(given: Inputs) -> dict[str, Any]:
    work = [
        worked(e["hours"], e["rate"], id=f"t{n}", is_courtesy=e.get("no_charge", False))
        for n, e in enumerate(given["entries"])
    ]
    words = {Charging.CHARGED: "Workshop", Charging.COURTESY: "Follow-up (no charge)"}
    made = invoice_lines(price(agreement(), work).billed, lambda facts: words[facts[0].charging])
    return invoice([_with_list_value(made, line) for line in made.lines])


def _with_list_value(made: BilledLines, line: InvoiceLine) -> dict[str, Any]:
    free = made.facts[line.number][0].charging is Charging.COURTESY
    value = {"list_value": made.list_amount(line.number)} if free else {}
    return shown(line) | value


@BILLING.case("TM-37")
def half_a_cent(given: Inputs) -> dict[str, Any]:
    def amount(half: HalfCent) -> Money:
        work = [worked(given["hours"], given["rate"])]
        return price(agreement(half_cent=half), work).billed[0].amount

    return {"half_up": amount(HalfCent.UP), "half_even": amount(HalfCent.EVEN)}


@BILLING.case("TM-38")
def tier_crossed_inside_an_entry(given: Inputs) -> dict[str, Any]:
    tiers = tuple(
        VolumeTier(up_to_hours=tier.get("up_to_hours"), rate=usd(tier["rate"]))
        for tier in given["tiers"]
    )
    before = worked(given["hours_before"], 0, MONDAY - timedelta(days=7), "t0")
    work = worked(given["entry_hours"], 0)
    facts = [f for f in price(agreement(tiers=tiers), [before, work]).billed if f.work == work]
    return invoice(lines_of(facts, [f"Tier {(fact.tier or 0) + 1}" for fact in facts]))


@BILLING.case("TM-39")
def days_and_half_days(given: Inputs) -> dict[str, Any]:
    terms = DayRate(
        hours_per_day=given["day_hours"], rate=usd(given["day_rate"]), step=given["step"]
    )
    work = [
        worked(day, 0, MONDAY + timedelta(days=n), f"t{n}") for n, day in enumerate(given["days"])
    ]
    facts = price(agreement(day_rate=terms), work).billed
    lines = lines_of(facts, [f"{fact.quantity.normalize():f} day" for fact in facts])
    return {"lines": lines, "subtotal": invoice(lines)["subtotal"]}


@BILLING.case("TM-40")
def over_midnight(given: Inputs) -> dict[str, Any]:
    zone = given["time_zone"]
    start, end = (instant(datetime.fromisoformat(given[k]), zone) for k in ("start", "end"))
    work = [
        worked(part.hours, given["rate"], part.worked_on, f"t{n}")
        for n, part in enumerate(by_day(Clocked(start, end, zone)))
    ]
    return {
        "by_period": {
            f"{fact.work.worked_on:%Y-%m}": {"hours": fact.hours, "amount": fact.amount}
            for fact in price(agreement(), work).billed
        }
    }


@BILLING.case("TM-41")
def over_the_change_of_clocks(given: Inputs) -> dict[str, Any]:
    start, end = (datetime.fromisoformat(given[k]) for k in ("start", "end"))
    clocked = Clocked(start, end, given["time_zone"])
    elapsed = hours_of(elapsed_seconds(clocked))
    [part] = by_day(clocked)
    assert part.exact_hours == elapsed
    [fact] = price(agreement(), [worked(part.hours, given["rate"], part.worked_on)]).billed
    return {"hours": fact.hours, "amount": fact.amount}
