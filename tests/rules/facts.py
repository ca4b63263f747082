"""Facts of a small firm, so that a test states only what it is about."""

from datetime import date
from decimal import Decimal
from typing import Any

from isthmus.canonical import (
    AccountingPeriod,
    Assignment,
    Contract,
    Customer,
    ExpenseEntry,
    LegalEntity,
    Milestone,
    Opportunity,
    Phase,
    Project,
    RateCard,
    TimeEntry,
)
from isthmus.canonical.opportunity import BillingModel, OpportunityLine
from isthmus.kit.money import Money
from isthmus.rules.facts import Fact, Work
from isthmus.rules.time.pricing import whole


def eur(amount: str | int) -> Money:
    return Money.of(amount, "EUR")


def usd(amount: str | int) -> Money:
    return Money.of(amount, "USD")


def day(text: str) -> date:
    return date.fromisoformat(text)


def customer(**changes: Any) -> Customer:
    facts = {
        "id": "c1", "name": "Meyer Werke GmbH", "country": "DE", "payment_terms": "Net 30",
        "tax_registration": "DE136695976", "currency": "EUR", "status": "active",
    }  # fmt: skip
    return Customer.model_validate(facts | changes)


def line(description: str = "Architect", **changes: Any) -> OpportunityLine:
    facts = {"role": "Architect", "quantity": "100", "unit_price": eur("150.00")}
    return OpportunityLine.model_validate({"description": description} | facts | changes)


def instalment(description: str, amount: str, due_on: str | None) -> OpportunityLine:
    return line(description, role=None, quantity="1", unit_price=eur(amount), due_on=due_on)


def deal(**changes: Any) -> Opportunity:
    """A time-and-materials deal in order."""
    facts = {
        "id": "o1", "name": "Plant rollout", "customer": "c1", "stage": "closed_won",
        "amount": eur("15000.00"), "billing_model": "t_and_m", "legal_entity": "DE01",
        "project_template": "Delivery", "starts_on": "2026-01-01", "ends_on": "2026-06-30",
        "lines": (line(),),
    }  # fmt: skip
    return Opportunity.model_validate(facts | changes)


def fixed_deal(**changes: Any) -> Opportunity:
    lines = (
        instalment("Design accepted", "10000.00", "2026-02-15"),
        instalment("Go-live", "20000.00", "2026-05-31"),
    )
    facts = {"billing_model": "fixed_fee", "amount": eur("30000.00"), "lines": lines}
    return deal(**(facts | changes))


def entity(code: str = "DE01", country: str | None = "DE", currency: str = "EUR") -> LegalEntity:
    return LegalEntity(id=f"le-{code}", code=code, country=country, currency=currency)


def contract(**changes: Any) -> Contract:
    facts = {
        "id": "k1", "number": "C-1001", "customer": "c1", "opportunity": "o1",
        "legal_entity": "DE01", "billing_model": BillingModel.T_AND_M, "currency": "EUR",
        "starts_on": "2026-01-01", "ends_on": "2026-06-30",
    }  # fmt: skip
    return Contract.model_validate(facts | changes)


def project(**changes: Any) -> Project:
    facts = {
        "id": "p1", "name": "Plant rollout", "customer": "c1", "contract": "k1",
        "currency": "EUR", "status": "active", "billing_model": "t_and_m",
    }  # fmt: skip
    return Project.model_validate(facts | changes)


def phase(**changes: Any) -> Phase:
    facts = {"id": "ph1", "name": "Blueprint", "project": "p1"}
    return Phase.model_validate(facts | changes)


def assignment(**changes: Any) -> Assignment:
    facts = {"id": "a1", "project": "p1", "resource": "r1", "role": "Architect"}
    return Assignment.model_validate(facts | changes)


def milestone(**changes: Any) -> Milestone:
    facts = {"id": "m1", "name": "Go-live", "project": "p1", "amount": eur("20000.00")}
    return Milestone.model_validate(facts | changes)


def entry(**changes: Any) -> TimeEntry:
    facts = {
        "id": "t1", "resource": "r1", "project": "p1", "role": "Architect",
        "worked_on": "2026-03-05", "hours": "8", "approval": "approved", "currency": "EUR",
    }  # fmt: skip
    return TimeEntry.model_validate(facts | changes)


def expense(**changes: Any) -> ExpenseEntry:
    """A train ticket with its receipt."""
    facts = {
        "id": "e1", "number": "EXP-1", "resource": "r1", "project": "p1", "category": "Train",
        "spent_on": "2026-03-05", "amount": eur("121.00"), "approval": "approved",
        "tax_recovered_percent": 0,
    }  # fmt: skip
    return ExpenseEntry.model_validate(facts | changes)


def card(
    number: str, rate: Money, starts: str, ends: str | None = None, **changes: Any
) -> RateCard:
    facts = {
        "id": f"id-{number}", "number": number, "role": "Architect", "bill_rate": rate,
        "effective_from": starts, "effective_to": ends,
    }  # fmt: skip
    return RateCard.model_validate(facts | changes)


def month(number: int, state: str = "open", **changes: Any) -> AccountingPeriod:
    starts_on = date(2026, number, 1)
    last = date(2026 + number // 12, number % 12 + 1, 1)
    facts = {
        "id": f"2026-{number:02}", "name": f"{starts_on:%b %Y}", "state": state,
        "starts_on": starts_on, "ends_on": date.fromordinal(last.toordinal() - 1),
    }  # fmt: skip
    return AccountingPeriod.model_validate(facts | changes)


def work(
    id: str,
    hours: str | int | Decimal = "8",
    rate: Money | None = None,
    worked_on: str = "2026-03-05",
    **changes: Any,
) -> Work:
    facts: dict[str, Any] = {
        "id": id, "worked_on": day(worked_on), "hours": Decimal(hours),
        "rate": eur("150.00") if rate is None else rate, "resource": "r1", "project": "p1",
        "contract": "k1", "customer": "c1", "role": "Architect", "label": id,
        "cost_centre": "cc1", "profit_centre": "pc1",
    }  # fmt: skip
    return Work(**(facts | changes))


def rated(
    id: str,
    hours: str | int | Decimal = "8",
    rate: Money | None = None,
    worked_on: str = "2026-03-05",
    **changes: Any,
) -> Fact:
    """An entry as one fact, at its raw hours."""
    return whole(work(id, hours, rate, worked_on, **changes), None)
