"""Milestones: acceptance, retention, damages, bonuses."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.billing.units import day, eur, percent, total
from tests.finance.case_file import Inputs

from isthmus.canonical.terms import FixedFeeTerms, LateDamages
from isthmus.kit.money import Money
from isthmus.rules.charge import Held, lump
from isthmus.rules.milestones.acceptance import Accepted, Basis, Delivery, acceptance
from isthmus.rules.milestones.billing import bill_accepted, bill_bonus, bill_part
from isthmus.rules.milestones.damages import late_damages
from isthmus.rules.milestones.quantity import OrderLine, deliver
from isthmus.rules.milestones.retention import Retained, release, withhold
from isthmus.rules.rounding import percent_of

SOME_DAY = day("2026-01-31")
WORDS = {"milestone_not_accepted": "acceptance_missing"}


def _held(held: tuple[Held, ...]) -> list[dict[str, Any]]:
    return [{"reason": WORDS.get(h.problem.code, h.problem.code), "amount": h.amount} for h in held]


@BILLING.case("MS-01")
def percents_of_lines(given: Inputs) -> dict[str, Any]:
    lines = {
        line["id"]: OrderLine(line["id"], Decimal(line["quantity"]), eur(line["unit_price"]))
        for line in given["lines"]
    }
    reached = dict.fromkeys(lines, Decimal(0))
    delivered, amounts = [], []
    for milestone in given["milestones"]:
        name, more = milestone["line"], Decimal(milestone["percent"])
        found = deliver(lines[name], reached[name], more)
        again = reached[name] > 0
        reached[name] += more
        delivered.append({name: found.quantity})
        new = f" cumulative ({found.charge.amount.amount} new)" if again else ""
        amounts.append(f"{found.to_date.amount}{new}")
    return {"delivered_after_each": delivered, "amounts_after_each": amounts}


@BILLING.case("MS-04")
def not_accepted(given: Inputs) -> dict[str, Any]:
    signed = given["accepted_on"]
    delivery = Delivery("M", day(given["finished_on"]), day(signed) if signed else None)
    standing = acceptance(delivery, FixedFeeTerms(), day(given["run_on"]))
    billing = bill_accepted("M", eur(given["milestone"]), standing)
    return {"lines": [c.amount for c in billing.charges], "held": _held(billing.held)}


def _with_release(amounts: list[str], kept: str) -> list[Retained]:
    work = [lump("Work", eur(amount), "accepted") for amount in amounts]
    invoices = withhold(work, Decimal(kept), eur(0))
    return [*invoices, release(invoices[-1].balance)]


@BILLING.case("MS-06")
def retention_with_tax(given: Inputs) -> dict[str, Any]:
    found = _with_release(given["milestones"], given["retention_percent"])
    invoices = [_taxed(invoice, Decimal(given["vat_percent"])) for invoice in found]
    [released] = found[-1].charges
    invoices[-1]["description"] = released.description
    return {"invoices": invoices, "retention_balance": [i.balance for i in found]}


def _taxed(invoice: Retained, rate: Decimal) -> dict[str, Any]:
    tax = percent_of(invoice.taxable, rate)
    return {"net": invoice.net, "vat": tax, "total": invoice.net + tax}


@BILLING.case("MS-07")
def retention(given: Inputs) -> dict[str, Any]:
    found = _with_release(given["certified"], given["retention_percent"])
    return {
        "invoices": [invoice.net for invoice in found],
        "retention_balance": [invoice.balance for invoice in found],
    }


@BILLING.case("MS-08")
def accepted_in_part(given: Inputs) -> dict[str, Any]:
    invoices: list[Money] = []
    for accepted in given["accepted_percent"]:
        part = bill_part("M", eur(given["milestone"]), Decimal(accepted), total(invoices))
        invoices += [charge.amount for charge in part.charges]
    return {"invoices": invoices}


@BILLING.case("MS-09")
def damages(given: Inputs) -> dict[str, Any]:
    price = eur(given["milestone"])
    terms = LateDamages(
        percent_per_week=percent(given["rate"]), maximum_percent=percent(given["cap"])
    )
    deductions = []
    for weeks in given["weeks_late"]:
        delivered_on = SOME_DAY + timedelta(weeks=int(weeks))
        found = late_damages("M", price, SOME_DAY, delivered_on, terms)
        deductions.append(found.amount if found else eur(0))
    return {"deductions": deductions, "net": [price + taken for taken in deductions]}


@BILLING.case("MS-10")
def bonus(given: Inputs) -> dict[str, Any]:
    accepted = Accepted(SOME_DAY, Basis.SIGNED, "signed")
    billing = bill_accepted("Delivery", eur(given["base"]), accepted) + bill_bonus(
        "Bonus", eur(given["bonus"]), SOME_DAY if given["confirmed"] else None
    )
    lines = [{"description": c.description, "amount": c.amount} for c in billing.charges]
    return {"lines": lines, "held": _held(billing.held)}
