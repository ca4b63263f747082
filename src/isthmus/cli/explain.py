"""`explain`: an amount back to the hours or the receipt, the price and the agreement behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli import lineage
from isthmus.cli.output import Json, show_json
from isthmus.cli.problem import Problem
from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.settings import Settings
    from isthmus.store.database import Transaction

EXPLAINED = ("invoice", "time_entry", "expense_entry", "project")
NEAR = {"opportunity": "project", "contract": "project"}


def explain(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            metavar="INVOICE|ENTRY|PROJECT",
            help="Ledger number, our reference, canonical id, or any system's id.",
        ),
    ],
    json: Json = False,
) -> None:
    """Print every line of an invoice back to hours and expenses, rate card, contract and deal."""
    kind, found = act(_explain(session(context).installed, what))
    if json:
        show_json({"kind": kind, **vars(found)})
    else:
        lineage.PRINT[kind](found)


COMMANDS = {"explain": explain}


async def _explain(settings: Settings, what: str) -> tuple[str, Any]:
    from isthmus.flows import explain as lineage_of

    async with database(settings) as opened, opened.begin() as tx:
        kind, id = await named(tx, what, EXPLAINED)
        match kind:
            case "invoice":
                return kind, await lineage_of.explain_invoice(tx, id)
            case "time_entry":
                return kind, await lineage_of.explain_entry(tx, id)
            case "expense_entry":
                return kind, await lineage_of.explain_expense(tx, id)
            case _:
                return kind, await lineage_of.explain_project(tx, id)


async def named(tx: Transaction, what: str, kinds: Sequence[str]) -> tuple[str, str]:
    """Kind and canonical id of the one thing of these kinds that is called so."""
    known = await tx.lookup.named(what)
    found = [f for f in known if f.kind in kinds]
    if len(found) == 1:
        return found[0].kind, found[0].id
    if found:
        raise Problem(
            f"{what} names {len(found)} things.",
            "; ".join(f"{f.kind} {f.id} ({f.by})" for f in found),
            "Give the canonical id of the one you mean.",
        )
    if known:
        others = ", ".join(sorted({f.kind for f in known}))
        raise Problem(
            f"{what} is not {_one_of(kinds)}.",
            f"It names: {others}.",
            f"Try `isthmus journey {what}`.",
        )
    raise Problem(
        f"Nothing here is called {what}.",
        "No canonical id, id of a system, number, reference or name is equal to it.",
        "Check the spelling, and `isthmus status` for what has been read so far.",
    )


def _one_of(kinds: Sequence[str]) -> str:
    """`an invoice, a time entry or a project`."""
    words = [f"{'an' if k[0] in 'aeio' else 'a'} {k.replace('_', ' ')}" for k in kinds]
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
