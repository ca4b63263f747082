"""`credit`: take back all or part of a posted invoice."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.explain import named
from isthmus.cli.output import Json, say, show_json
from isthmus.cli.problem import Problem
from isthmus.cli.session import act, application, person, session

if TYPE_CHECKING:
    from isthmus.settings import Settings


def credit(
    context: typer.Context,
    invoice: Annotated[
        str,
        typer.Argument(
            metavar="INVOICE",
            help="Ledger number, our reference, canonical id, or any system's id.",
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why, as the client reads it on the memo.")],
    all_: Annotated[
        bool, typer.Option("--all", help="Credit all that is left of the invoice.")
    ] = False,
    line: Annotated[
        int | None, typer.Option(help="Credit this line: all that is left of it, or a part.")
    ] = None,
    quantity: Annotated[
        str | None, typer.Option(help="Part of the line, at the line's own price.")
    ] = None,
    amount: Annotated[
        str | None, typer.Option(help="Part of the line, before tax, in the invoice's currency.")
    ] = None,
    rebill: Annotated[
        bool,
        typer.Option("--rebill", help="Rate what is credited again and bill it on the next run."),
    ] = False,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Date of the memo, instead of today."),
    ] = None,
    json: Json = False,
) -> None:
    """Credit an invoice, or one line of it, and release what was billed.

    Without --rebill the work stays unbillable with the reason; milestones are credited whole.
    """
    _check_choice(all_, line, quantity, amount)
    asked = None if line is None else (line, _number(quantity), _number(amount))
    day = (on or datetime.now(UTC)).date()
    wanted = {"reason": reason, "on": day, "rebill": rebill, "by": person()}
    number, total = act(_credit(session(context).installed, invoice, asked, wanted))
    if json:
        show_json({"invoice": number, "credit": total, "on": day, "rebill": rebill})
    else:
        say(f"{total} before tax of invoice {number} are credited; see `isthmus run list`")


COMMANDS = {"credit": credit}


def _check_choice(all_: bool, line: int | None, quantity: str | None, amount: str | None) -> None:
    remedy = "Give --all, or --line N with --quantity Q, with --amount A, or with neither."
    if all_ == (line is not None):
        raise Problem(
            "It is not said what to credit.", "One of --all and --line N is needed.", remedy
        )
    if line is None and (quantity or amount):
        raise Problem("A part needs its line.", "--quantity and --amount are of one line.", remedy)
    if quantity is not None and amount is not None:
        raise Problem(
            "Quantity and amount are both given.", "Each says how much of the line.", remedy
        )


def _number(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise Problem(
            f"{text} is not a number.", "It is taken exactly as written.", "Write 2.5 or 1250.00."
        )
    return value


async def _credit(
    settings: Settings,
    what: str,
    asked: tuple[int, Decimal | None, Decimal | None] | None,
    wanted: dict[str, Any],
) -> tuple[str, str]:
    from isthmus.canonical import Invoice
    from isthmus.flows.credit_request import CreditRequest, request_credit
    from isthmus.kit.money import Money
    from isthmus.rules.credit_checks import Asked

    async with application(settings) as app:
        async with app.database.begin() as tx:
            _, id = await named(tx, what, ("invoice",))
            invoice = await tx.records.get(Invoice, id)
        parts: tuple[Asked, ...] = ()
        if asked is not None:
            line, quantity, amount = asked
            money = None if amount is None else Money.of(amount, invoice.currency)
            parts = (Asked(line, quantity, money),)
        total = await request_credit(app.engine, id, CreditRequest(asked=parts, **wanted))
    return invoice.number or invoice.reference, str(total)
