"""`bill`: invoice what is posted and unbilled, or show what that would make."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.output import Json, heading, say, show_json, show_table
from isthmus.cli.session import act, application, person, session

if TYPE_CHECKING:
    from datetime import date

    from isthmus.flows.billing_preview import BillingPlan, PlannedInvoice, Preview
    from isthmus.settings import Settings


def bill(
    context: typer.Context,
    up_to: Annotated[
        datetime,
        typer.Option("--up-to", formats=["%Y-%m-%d"], help="Last day of work to bill."),
    ],
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show the invoices that would be made and what changed since the last dry run; "
            "post nothing.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Start one invoice run per contract that has unbilled work up to a day."""
    settings = session(context).installed
    if dry_run:
        preview = act(_preview(settings, up_to.date()))
        show_json(preview) if json else _show(preview)
        return
    contracts = act(_bill(settings, up_to.date()))
    if json:
        show_json({"up_to": up_to.date(), "contracts": contracts})
    elif contracts:
        say(f"{contracts} contracts are billed up to {up_to.date()}; see `isthmus run list`")
    else:
        say(f"nothing is unbilled up to {up_to.date()}")


COMMANDS = {"bill": bill}


async def _bill(settings: Settings, up_to: date) -> int:
    from isthmus.flows.contract_to_invoice import request_billing

    async with application(settings) as app:
        return await request_billing(app.engine, up_to, person())


async def _preview(settings: Settings, up_to: date) -> Preview:
    from isthmus.flows.billing_preview import preview_billing

    async with application(settings) as app:
        return await preview_billing(app.engine, up_to)


def _show(preview: Preview) -> None:
    plan = preview.plan
    for invoice in plan.invoices:
        _show_invoice(invoice)
    if not plan.invoices:
        say(f"nothing is unbilled up to {plan.up_to}")
    _show_left_out(plan)
    _show_changes(preview)
    if plan.invoices:
        say(f"\nnothing was posted; make them with `isthmus bill --up-to {plan.up_to}`")


def _show_invoice(invoice: PlannedInvoice) -> None:
    dated = f"{invoice.issued_on}, {invoice.period}" if invoice.issued_on else "no day to post on"
    heading(
        f"{invoice.number}  {invoice.customer}  {invoice.legal_entity}  {dated}  {invoice.total}"
    )
    show_table(
        ("line", "kind", "quantity", "price", "amount"),
        [(n.description, n.kind.value, n.quantity, n.unit_price, n.amount) for n in invoice.lines],
        right=("quantity", "price", "amount"),
    )
    if invoice.stops:
        say(f"  would wait: {invoice.stops}")
    say()


def _show_left_out(plan: BillingPlan) -> None:
    if plan.left_out:
        heading("on none of them")
        show_table(
            ("why", "number", "amount"),
            [(b.why, b.count, b.amount) for b in plan.left_out],
            right=("number", "amount"),
        )


def _show_changes(preview: Preview) -> None:
    if preview.compared_with is None:
        say("\nthe first dry run: nothing to compare with")
        return
    since = f"{preview.compared_with:%Y-%m-%d %H:%M}"
    if not preview.changes:
        say(f"\nnothing changed since the dry run of {since} UTC")
        return
    heading(f"\nchanged since the dry run of {since} UTC")
    show_table(
        ("contract", "customer", "before", "after", "why", "number", "amount"),
        [
            (c.number, c.customer, c.before, c.after, m.why, m.count, m.amount)
            for c in preview.changes
            for m in c.moved
        ],
        right=("before", "after", "number", "amount"),
    )
