"""Rated work as rows of the ledger, and rows as the facts that the rules price and bill."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from isthmus.canonical import Contract
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import HalfCent
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.rules.facts import Charging, Counted, Fact, Work, charge_of
from isthmus.rules.rating import Tried
from isthmus.store.fact_rows import FactRow

BY_TERMS = "terms"
"""Scope of the sentences that the contract's terms add to the trail of the rate."""
CHARGE_KINDS = {
    "milestone": LineKind.MILESTONE,
    "retention": LineKind.ADJUSTMENT,
    "expense_entry": LineKind.EXPENSE,
}
"""Source -> kind of line: an amount as agreed or spent, not a price times hours."""


def fact_values(fact: Fact, contract: Contract, version: int, run_id: str) -> dict[str, Any]:
    """The row of a part of an entry; the first part has the entry's own id of old."""
    work = fact.work
    part = () if fact.part == 1 else (str(fact.part),)
    return {
        "id": derived_id("fact", work.id, str(version), *part),
        "source_kind": "time_entry",
        "source_id": work.id,
        "source_version": version,
        "part": fact.part,
        "contract": contract.id,
        "project": work.project,
        "resource": work.resource,
        "role": work.role,
        "happened_on": work.worked_on,
        "hours": fact.hours,
        "billed_hours": fact.billed_hours,
        "rate": fact.rate.amount,
        "amount": fact.amount.amount,
        "currency": fact.amount.currency,
        "charging": fact.charging.value,
        "pricing": _pricing(fact),
        "description": work.label,
        "cost_centre": work.cost_centre,
        "profit_centre": work.profit_centre,
        "legal_entity": contract.legal_entity,
        "rate_card": work.rate_source,
        "trail": [_told(tried) for tried in (*work.trail, *_by_terms(fact, contract))],
        "run_id": run_id,
    }


def _told(tried: Tried) -> dict[str, str]:
    return {"scope": tried.scope, "looked_for": tried.looked_for, "found": tried.found}


def _by_terms(fact: Fact, contract: Contract) -> list[Tried]:
    return [Tried(BY_TERMS, f"contract {contract.number}", why) for why in fact.why]


def _pricing(fact: Fact) -> dict[str, Any]:
    """Only what is not the usual, so that most facts say nothing."""
    work, usual = fact.work, Decimal(1)
    if _is_plain(fact):
        return {}
    told = {
        "multiplier": (str(fact.multiplier), fact.multiplier != usual),
        "discount_percent": (str(fact.discount_percent), bool(fact.discount_percent)),
        "counted": (fact.counted.value, fact.counted is not Counted.WITHIN),
        "tier": (fact.tier, fact.tier is not None),
        "half_cent": (fact.half_cent.value, fact.half_cent is not HalfCent.UP),
        "unit": (fact.unit.value, fact.unit is not RateUnit.HOUR),
        "quantity": (str(fact.quantity), fact.unit is not RateUnit.HOUR),
        "card_rate": (str(work.rate.amount), work.rate != fact.rate),
        "card_unit": (work.unit.value, work.unit is not RateUnit.HOUR),
        "entry_hours": (str(work.hours), work.hours != fact.hours),
        "task": (work.task, bool(work.task)),
        "time_type": (work.time_type, work.time_type is not None),
    }
    return {name: value for name, (value, is_told) in told.items() if is_told}


def _is_plain(fact: Fact) -> bool:
    """A whole entry by the hour, at the rate that was found for it."""
    work = fact.work
    return (
        fact.unit is work.unit is RateUnit.HOUR
        and work.rate == fact.rate
        and fact.multiplier == 1
        and not (fact.discount_percent or work.task or work.time_type)
        and fact.counted is Counted.WITHIN
        and fact.tier is None
        and fact.half_cent is HalfCent.UP
        and work.hours == fact.hours
    )


def as_fact(row: FactRow, customer: str = "") -> Fact:
    """As it was priced, with the row's own amount. `customer` is whose caps it counts against."""
    if row.source_kind in CHARGE_KINDS:
        return _as_charge(row, customer)
    pricing = row.pricing
    fact = Fact(
        work=work_of(row, customer),
        part=row.part,
        hours=row.hours,
        billed_hours=row.billed_hours,
        quantity=Decimal(pricing.get("quantity", row.billed_hours)),
        unit=RateUnit(pricing.get("unit", RateUnit.HOUR)),
        rate=Money.of(row.rate, row.currency),
        multiplier=Decimal(pricing.get("multiplier", 1)),
        discount_percent=Decimal(pricing.get("discount_percent", 0)),
        charging=Charging(row.charging),
        counted=Counted(pricing.get("counted", Counted.WITHIN)),
        tier=pricing.get("tier"),
        half_cent=HalfCent(pricing.get("half_cent", HalfCent.UP)),
        amount=Money.zero(row.currency),
        list_amount=Money.zero(row.currency),
    )
    told = (tried["found"] for tried in row.trail if tried["scope"] == BY_TERMS)
    return replace(fact.changed(*told), amount=Money.of(row.amount, row.currency))


def _as_charge(row: FactRow, customer: str) -> Fact:
    return charge_of(
        row.source_id, Money.of(row.amount, row.currency), row.happened_on,
        CHARGE_KINDS[row.source_kind], label=row.description, project=row.project,
        cost_centre=row.cost_centre, profit_centre=row.profit_centre,
        contract=row.contract, customer=customer, resource=row.resource or "",
    )  # fmt: skip


def work_of(row: FactRow, customer: str = "") -> Work:
    """The whole entry that the row prices a part of, at the rate that was found for it then."""
    pricing = row.pricing
    return Work(
        id=row.source_id,
        label=row.description,
        resource=row.resource or "",
        role=row.role or "",
        project=row.project,
        task=pricing.get("task", ""),
        contract=row.contract,
        customer=customer,
        worked_on=row.happened_on,
        hours=Decimal(pricing.get("entry_hours", row.hours)),
        rate=Money.of(pricing.get("card_rate", row.rate), row.currency),
        unit=RateUnit(pricing.get("card_unit", RateUnit.HOUR)),
        time_type=pricing.get("time_type"),
        is_courtesy=row.charging == Charging.COURTESY,
        cost_centre=row.cost_centre,
        profit_centre=row.profit_centre,
        rate_source=row.rate_card or "",
        trail=tuple(Tried(**tried) for tried in row.trail if tried["scope"] != BY_TERMS),
    )
