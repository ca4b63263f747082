"""Fixed fees: schedules, progress, effort, several customers, advances, cancellation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.billing.units import day, eur, percent, total
from tests.finance.case_file import Inputs

from isthmus.canonical.contract import Instalment
from isthmus.canonical.terms import PayerShare, PlannedInstalment
from isthmus.kit.money import Money
from isthmus.rules.charge import priced
from isthmus.rules.fixed_fee.advance import advance_charge, deduct_advances
from isthmus.rules.fixed_fee.cancellation import cancel
from isthmus.rules.fixed_fee.effort import EffortTask, bill_effort
from isthmus.rules.fixed_fee.payers import bill_payers
from isthmus.rules.fixed_fee.progress import Progress, bill_progress
from isthmus.rules.fixed_fee.schedule import respread, schedule
from isthmus.rules.problems import Problem

SOME_DAY = day("2026-01-31")


def _part(share: str | Money) -> PlannedInstalment:
    if isinstance(share, Money):
        return PlannedInstalment(description="Part", amount=share, due_on=SOME_DAY)
    return PlannedInstalment(description="Part", percent=percent(share), due_on=SOME_DAY)


def _agreed(found: tuple[Instalment, ...] | Problem) -> list[Money]:
    assert not isinstance(found, Problem)
    return [instalment.amount for instalment in found]


@BILLING.case("FF-01")
def three_parts(given: Inputs) -> dict[str, Any]:
    parts = [_part(share) for share in given["schedule"]]
    invoices = _agreed(schedule(eur(given["price"]), parts))
    return {"invoices": invoices, "total": total(invoices)}


def _task(line: Inputs, done: set[str], billed: set[str]) -> EffortTask:
    name = line["task"]
    return EffortTask(
        name,
        name in done,
        Decimal(line["hours"]) if "hours" in line else None,
        eur(line["rate"]) if "rate" in line else None,
        eur(line["price"]) if "price" in line else None,
        name in billed,
    )


@BILLING.case("FF-04")
def effort(given: Inputs) -> dict[str, Any]:
    everything = {line["task"] for line in given["lines"]}
    billed: set[str] = set()
    invoices = []
    for step in given["steps"]:
        done = everything if step == "everything done" else {step.removesuffix(" done")}
        assert done <= everything
        charges = bill_effort(_task(line, done, billed) for line in given["lines"])
        invoices.append(total([charge.amount for charge in charges]))
        billed |= done
    return {"invoices": invoices, "invoiced_total": total(invoices)}


@BILLING.case("FF-05")
def progress_of_tasks(given: Inputs) -> dict[str, Any]:
    billed = {task["name"]: eur(0) for task in given["tasks"]}
    invoices = []
    for run in range(len(given["tasks"][0]["progress"])):
        parts = [
            Progress(
                task["name"],
                eur(task["value"]),
                percent(task["progress"][run]),
                billed[task["name"]],
            )
            for task in given["tasks"]
        ]
        charges = bill_progress(parts).charges
        for charge in charges:
            billed[charge.description] += charge.amount
        invoices.append(total([charge.amount for charge in charges]))
    return {"invoices": invoices, "invoiced_total": total(invoices)}


@BILLING.case("FF-06")
def two_customers(given: Inputs) -> dict[str, Any]:
    lines = [
        (
            priced("Work", Decimal(line["hours"]), eur(line["rate"]), "effort"),
            [PayerShare(customer=line["customer"], percent=Decimal(100))],
        )
        for line in given["lines"]
    ]
    found = bill_payers(lines)
    assert not isinstance(found, Problem)
    invoices = {name: total([c.amount for c in charges]) for name, charges in found.items()}
    return {"invoices": invoices, "total": total(list(invoices.values()))}


@BILLING.case("FF-08")
def advance(given: Inputs) -> dict[str, Any]:
    paid = advance_charge(eur(given["order"]), Decimal(given["advance_percent"]))
    work = priced("Work", Decimal(given["quantity"]), eur(given["unit_price"]), "delivered")
    lines = [*deduct_advances("EUR", [work], [paid]).charges, work]
    final = {
        "lines": [
            {"amount": n.amount, "quantity": n.quantity, "unit_price": n.unit_price} for n in lines
        ],
        "total": total([line.amount for line in lines]),
    }
    return {"invoices": [{"total": paid.amount}, final]}


@BILLING.case("FF-09")
def change_order(given: Inputs) -> dict[str, Any]:
    billed = [eur(amount) for amount in given["billed"]]
    parts = [_part(share) for share in [*billed, *given["remaining_schedule"]]]
    agreed = schedule(eur(given["price"]), parts)
    assert not isinstance(agreed, Problem)
    numbers = range(1, len(billed) + 1)
    amounts = _agreed(respread(agreed, numbers, eur(given["change"])))
    return {"remaining": amounts[len(billed) :], "total": total(amounts)}


@BILLING.case("FF-10")
def progress(given: Inputs) -> dict[str, Any]:
    invoices: list[Money] = []
    for complete in given["percent_complete"]:
        part = Progress("Work", eur(given["price"]), Decimal(complete), total(invoices))
        [charge] = bill_progress([part]).charges
        invoices.append(charge.amount)
    return {"invoices": invoices, "total": total(invoices)}


@BILLING.case("FF-12")
def cancellation(given: Inputs) -> dict[str, Any]:
    work = Progress(
        "Work to date",
        eur(given["price"]),
        Decimal(given["percent_complete"]),
        eur(given["billed"]),
    )
    charges = cancel(work, termination_fee=eur(given["termination_fee"])).charges
    lines = [{"description": c.description, "amount": c.amount} for c in charges]
    return {"final_invoice": {"lines": lines, "total": total([c.amount for c in charges])}}
