"""Asking for invoices that a person has looked at: all of them as they were shown, or none."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from isthmus.engine import Engine
from isthmus.engine.refused import ActionRefused
from isthmus.flows.billing_desk import Asked, BillingDesk, billing_desk
from isthmus.flows.contract_to_invoice import ask_for_invoices
from isthmus.kit.clock import utc_now


async def request_invoices(
    engine: Engine, asked: Asked, seen: str, by: str, entities: Collection[str] | None
) -> BillingDesk:
    """Start one run for each invoice of the desk. Raises ActionRefused where the plan is empty or
    is no longer the one with the fingerprint `seen`; nothing is asked for then.
    """
    async with engine.database.begin() as tx:
        await tx.lock("billing")
        desk = await billing_desk(tx, engine, asked, utc_now().date(), entities)
        _ensure_as_seen(desk, seen)
        await ask_for_invoices(
            tx, engine, [invoice.contract for invoice in desk.invoices], asked.up_to, by,
            about=asked.project or asked.entity or "firm", told=_told(desk),
        )  # fmt: skip
    return desk


def _ensure_as_seen(desk: BillingDesk, seen: str) -> None:
    if not desk.invoices:
        raise ActionRefused(
            "No invoice was asked for.", "Nothing that was chosen can be invoiced now.",
            "Look at the dry run: it says what is in the way.",
        )  # fmt: skip
    if desk.fingerprint != seen:
        raise ActionRefused(
            "No invoice was asked for.", "What would be invoiced has changed since you looked.",
            "Check the new amounts below and ask again.",
        )  # fmt: skip


def _told(desk: BillingDesk) -> dict[str, Any]:
    return {
        "client": desk.asked.client or None,
        "invoices": {
            invoice.number: f"{invoice.total.amount} {invoice.total.currency}"
            for invoice in desk.invoices
        },
    }
