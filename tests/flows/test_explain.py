"""Lineage of facts written by hand: amounts, versions and what does not tie."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from isthmus.canonical import (
    Contract,
    Customer,
    Invoice,
    LegalEntity,
    Milestone,
    Opportunity,
    Project,
    RateCard,
    Resource,
    TimeEntry,
)
from isthmus.flows.explain import explain_entry, explain_invoice, explain_project
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.store.database import Database, Transaction
from isthmus.store.holds import HELD, NewHold
from isthmus.store.migrate import upgrade

pytestmark = pytest.mark.anyio

IDS = {
    name: derived_id("test", name)
    for name in ("customer", "deal", "contract", "project", "person", "card", "entity", "invoice",
                 "entry", "late", "milestone")
}  # fmt: skip
EUR = "EUR"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await upgrade(database.engine)
    async with database.begin() as tx:
        await _agree(tx)
        await _work(tx)
    yield database
    await database.close()


async def _agree(tx: Transaction) -> None:
    amendment = {"number": 1, "effective_on": "2026-07-15", "cap": Money.of(9000, EUR)}
    for obj in (
        LegalEntity(id=IDS["entity"], code="EA-NL", country="NL", currency=EUR),
        Customer(id=IDS["customer"], name="Harbour Works"),
        Opportunity(
            id=IDS["deal"], name="Harbour redesign", customer=IDS["customer"], stage="closed_won",
            amount=Money.of(8000, EUR),
        ),
        Contract(
            id=IDS["contract"], number="C-0001", customer=IDS["customer"],
            opportunity=IDS["deal"], legal_entity="EA-NL", billing_model="t_and_m", currency=EUR,
            starts_on=date(2026, 7, 1), cap=Money.of(8000, EUR), amendments=(amendment,),
        ),
        Project(
            id=IDS["project"], name="Harbour redesign", customer=IDS["customer"],
            opportunity=IDS["deal"], contract=IDS["contract"], currency=EUR,
        ),
        Resource(id=IDS["person"], name="Consultant One"),
        RateCard(
            id=IDS["card"], number="RC-7", role="Consultant", bill_rate=Money.of("133.33", EUR),
            effective_from=date(2026, 7, 1), effective_to=date(2026, 12, 31),
        ),
        Milestone(
            id=IDS["milestone"], name="Kick-off", project=IDS["project"], amount=Money.of(500, EUR)
        ),
    ):  # fmt: skip
        await tx.records.save(obj)
    await tx.xref.link("opportunity", IDS["deal"], "salesforce", "006000000000001AAA")
    await tx.xref.link("milestone", IDS["milestone"], "salesforce", "a05000000000001AAA")


async def _work(tx: Transaction) -> None:
    """Two entries, one corrected after it was rated, and a milestone; the second is held."""
    for name, external, day in (("entry", "TC-1", 6), ("late", "TC-2", 20)):
        entry = TimeEntry(
            id=IDS[name], resource=IDS["person"], project=IDS["project"],
            worked_on=date(2026, 7, day), hours=Decimal("7.5"), approval="approved", currency=EUR,
            source_rate=Money.of("133.33", EUR),
        )  # fmt: skip
        await tx.entries.upsert("certinia", {external: entry})
    await tx.ledger.add([_fact("entry", 1, "8", "1066.64")])
    await tx.ledger.reverse(await tx.ledger.live("time_entry", [IDS["entry"]]), "R-x")
    stone = {
        **_fact("milestone", 1, "0", "500.00"), "source_kind": "milestone", "rate_card": None,
        "resource": None, "description": "Kick-off", "billed_hours": 1, "rate": Decimal(500),
    }  # fmt: skip
    await tx.ledger.add([_fact("entry", 2, "7.5", "999.98"), stone])
    await tx.entries.set_state([IDS["late"]], "held")
    await tx.holds.open(
        NewHold(
            key=f"time_entry:{IDS['late']}", state=HELD, code="phase_closed", owner="pmo",
            reason="phase closed", fix="Open it.", flow="time_to_invoice",
            object_kind="time_entry", object_id=IDS["late"], amount=Decimal("999.98"),
            currency=EUR,
        )
    )  # fmt: skip


def _fact(source: str, version: int, hours: str, amount: str) -> dict[str, Any]:
    return {
        "id": derived_id("fact", source, str(version)), "source_kind": "time_entry",
        "source_id": IDS[source], "source_version": version, "contract": IDS["contract"],
        "project": IDS["project"], "resource": IDS["person"], "role": "Consultant",
        "happened_on": date(2026, 7, 6), "hours": Decimal(hours), "billed_hours": Decimal(hours),
        "rate": Decimal("133.33"), "amount": Decimal(amount), "currency": EUR,
        "description": "Consultant One", "rate_card": IDS["card"], "run_id": "R-x",
        "legal_entity": "EA-NL",
        "trail": [{"scope": "company rate card", "looked_for": "Consultant", "found": "RC-7"}],
    }  # fmt: skip


async def _bill(tx: Transaction, line_amount: str = "999.98") -> None:
    lines = [
        {"number": 1, "kind": "time", "description": "Consultant", "quantity": "7.5",
         "unit_price": Money.of("133.33", EUR), "amount": Money.of(line_amount, EUR)},
        {"number": 2, "kind": "milestone", "description": "Kick-off", "quantity": "1",
         "unit_price": Money.of(500, EUR), "amount": Money.of(500, EUR)},
    ]  # fmt: skip
    await tx.records.save(
        Invoice.model_validate({
            "id": IDS["invoice"], "reference": "C-0001-4", "customer": IDS["customer"],
            "legal_entity": IDS["entity"], "opportunity": IDS["deal"], "currency": EUR,
            "issued_on": "2026-07-31", "lines": lines, "number": "INV-0042", "status": "posted",
            "tax_total": Money.of("315.00", EUR), "total": Money.of("1814.98", EUR),
            "amount_due": Money.of("1814.98", EUR),
        })
    )  # fmt: skip
    facts = {derived_id("fact", "entry", "2"): 1, derived_id("fact", "milestone", "1"): 2}
    await tx.ledger.freeze(IDS["invoice"], facts)
    await tx.xref.link("invoice", IDS["invoice"], "netsuite", "481")


async def test_an_invoice_line_is_the_sum_of_its_facts(database: Database) -> None:
    async with database.begin() as tx:
        await _bill(tx)
        found = await explain_invoice(tx, IDS["invoice"])
    assert (found.number, found.reference, found.customer, found.legal_entity) == (
        "INV-0042", "C-0001-4", "Harbour Works", "EA-NL",
    )  # fmt: skip
    assert (found.lines_total, found.ties) == (Money.of("1499.98", EUR), True)
    assert found.systems == {"netsuite": "481"}
    time, stone = found.lines
    [hours] = time.facts
    assert (hours.person, hours.hours, hours.rate, hours.amount) == (
        "Consultant One", Decimal("7.5"), Money.of("133.33", EUR), Money.of("999.98", EUR),
    )  # fmt: skip
    assert hours.systems == {"certinia": "TC-1"}
    assert hours.rate_card is not None
    assert (hours.rate_card.number, hours.rate_card.effective_to) == ("RC-7", date(2026, 12, 31))
    assert hours.trail == [
        {"scope": "company rate card", "looked_for": "Consultant", "found": "RC-7"}
    ]
    [kick_off] = stone.facts
    assert (kick_off.person, kick_off.amount, kick_off.rate_card) == (
        "Kick-off", Money.of(500, EUR), None,
    )  # fmt: skip
    assert kick_off.systems == {"salesforce": "a05000000000001AAA"}
    assert found.contract is not None
    assert [(a.number, a.cap) for a in found.contract.amendments] == [(1, Money.of(9000, EUR))]
    assert found.deal is not None
    assert (found.deal.name, found.deal.systems) == (
        "Harbour redesign", {"salesforce": "006000000000001AAA"},
    )  # fmt: skip


async def test_a_line_that_differs_from_its_facts_is_told(database: Database) -> None:
    async with database.begin() as tx:
        await _bill(tx, line_amount="1000.00")
        found = await explain_invoice(tx, IDS["invoice"])
    assert found.ties is False
    assert [line.difference for line in found.lines] == [Money.of("0.02", EUR), Money.zero(EUR)]


async def test_an_entry_shows_what_was_taken_back(database: Database) -> None:
    async with database.begin() as tx:
        await _bill(tx)
        billed = await explain_entry(tx, IDS["entry"])
        held = await explain_entry(tx, IDS["late"])
    assert [(f.amount, f.reverses, f.invoice) for f in billed.facts] == [
        (Money.of("1066.64", EUR), False, None),
        (Money.of("-1066.64", EUR), True, None),
        (Money.of("999.98", EUR), False, "INV-0042"),
    ]
    assert billed.invoice == "INV-0042"
    assert (held.state, held.facts, held.invoice) == ("held", [], None)
    assert [(h.label, h.owner, h.amount) for h in held.holds] == [
        ("H-1", "pmo", Money.of("999.98", EUR))
    ]


async def test_a_project_sums_up_its_worth(database: Database) -> None:
    async with database.begin() as tx:
        before = await explain_project(tx, IDS["project"])
        await _bill(tx)
        after = await explain_project(tx, IDS["project"])
    assert [(w.state, w.amount, w.facts) for w in before.worth] == [
        ("rated", Money.of("1499.98", EUR), 2)
    ]
    assert [(w.state, w.amount, w.facts) for w in after.worth] == [
        ("invoiced", Money.of("1499.98", EUR), 2)
    ]
    assert before.invoices == []
    assert [i.number for i in after.invoices] == ["INV-0042"]
    assert after.entries == {"held": 1, "received": 1}
    assert [h.label for h in after.holds] == ["H-1"]
