"""Two companies in one landscape, each with an invoice, unbilled hours, a hold and a break."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.firm import Firm, two_firms
from tests.flows.deals import log_week
from tests.flows.work import Work, bill, under_way
from tests.reconcile.reconciling import compared

from isthmus.canonical import (
    Contract,
    Customer,
    Invoice,
    LegalEntity,
    Payment,
    Phase,
    Project,
    Task,
)
from isthmus.store.tables import time_entry

US_TIME = """\
reconciliations:
  us-time: {promise: time, connections: [acquired_psa, netsuite_us], grace: none, months: 12,
            signatures: [finance]}
"""
PROJECTS = "Prairie rollout"


@dataclass(frozen=True)
class Other:
    """What is of EA-US: how its objects are asked for, and texts that nobody else is told."""

    ids: dict[str, str]
    """Kind -> canonical id of one."""
    hold: str
    run: str
    contract: str
    bulk_client: str
    reconciliation: str
    found: str
    """The break."""
    invoice: str
    secrets: frozenset[str]


@asynccontextmanager
async def two_companies(database_url: str, folder: Path) -> AsyncIterator[tuple[Firm, Other]]:
    async with two_firms(database_url, folder, more=US_TIME) as (dutch, american):
        await dutch.read()  # no deal has to wait for what a ledger was not read for yet
        ours = await under_way(dutch)
        theirs = await under_way(
            american,
            {"Name": "Prairie Mills", "BillingCountry": "US", "CurrencyIsoCode": "USD",
             "Tax_Registration__c": None},
            165, Name=PROJECTS, CurrencyIsoCode="USD", Contracting_Entity__c="EA-US",
        )  # fmt: skip
        await _worked(ours, ["8"], ["6"], "5")
        await _worked(theirs, ["7"], ["3"], "4")
        for firm in (dutch, american):
            [invoice, *_] = await firm.books.rows("invoice")
            paid = {"invoice": str(invoice["id"]), "amount": 700, "date": "2026-08-20"}
            await firm.books.control("pay", paid)
        await dutch.read()
        await compared(dutch, "us-time")
        yield dutch, await _other(dutch)


async def _worked(work: Work, billed: list[str], unbilled: list[str], held: str) -> None:
    """Some hours on an invoice, some on none, and some held at a rate that nobody agreed."""
    await work.log(billed)
    await work.firm.read()
    await bill(work.firm)
    await work.log(unbilled, "2026-07-13")
    await log_week(
        work.firm, work.project, work.assignment, "2026-07-20", [held], pse__Bill_Rate__c=977
    )
    await work.firm.read()


async def _other(firm: Firm) -> Other:
    async with firm.app.database.begin() as tx:
        [project] = await tx.records.list(Project, name=PROJECTS)
        contract = await tx.records.get(Contract, project.contract or "")
        [client] = await tx.records.list(Customer, name="Prairie Mills")
        [entity] = await tx.records.list(LegalEntity, code="EA-US")
        [invoice] = await tx.records.list(Invoice, legal_entity=entity.id)
        [payment] = await tx.records.list(Payment, customer=client.id)
        phases = await tx.records.list(Phase, project=project.id)
        tasks = await tx.records.list(Task, project=project.id)
        [hold] = await tx.holds.list(code="rate_mismatch", customer=client.name)
        runs = await tx.runs.list(subject=contract.opportunity)
        [compared_run] = await tx.reconciliations.list(name="us-time")
        found = await tx.breaks.list(run=compared_run.id)
        entries = await tx.connection.execute(
            time_entry.select().where(time_entry.c.project == project.id)
        )
        hours = [row.id for row in entries]
    ids = {
        "project": project.id, "contract": contract.id, "opportunity": contract.opportunity,
        "invoice": invoice.id, "payment": payment.id, "legal_entity": entity.id,
        "phase": phases[0].id,
        "time_entry": hours[0], **({"task": tasks[0].id} if tasks else {}),
    }  # fmt: skip
    return Other(
        ids, hold.label, runs[0].label, contract.number, client.name, compared_run.label,
        found[0].code, invoice.id,
        secrets=frozenset(
            {
                *ids.values(), *hours, PROJECTS, contract.number, invoice.number or "",
                "1155.00", "1,155", "495.00", "3908", "3,908", hold.label, found[0].code,
            }
        ),
    )  # fmt: skip
