"""`contract list|show|terms|schema`: what was agreed, and the detailed terms that bill it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.explain import named
from isthmus.cli.output import Json, say, show_json
from isthmus.cli.problem import Problem
from isthmus.cli.session import act, application, database, person, session

if TYPE_CHECKING:
    from isthmus.canonical import Contract
    from isthmus.flows.contract_sheet import ContractRow, ContractSheet
    from isthmus.flows.terms_request import TermsChange
    from isthmus.settings import Settings
    from isthmus.store.database import Transaction

cli = typer.Typer(
    name="contract",
    help="What was agreed with clients: value, cap, amendments, and the detailed terms.",
    no_args_is_help=True,
)

Number = Annotated[
    str, typer.Argument(metavar="NUMBER", help="Number of the contract, or its canonical id.")
]
On = Annotated[
    datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Day, instead of today.")
]


@cli.command("list")
def list_(context: typer.Context, on: On = None, json: Json = False) -> None:
    """List contracts with what is agreed on a day."""
    from isthmus.cli import contract_view as view

    rows = act(_list(session(context).installed, _day(on)))
    show_json(rows) if json else view.show_rows(rows)


@cli.command()
def show(
    context: typer.Context,
    number: Number,
    on: On = None,
    yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the terms that are set, as a terms file.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a contract's terms in force on a day, its amendments, and how far its cap is used."""
    from isthmus.cli import contract_view as view
    from isthmus.scenario.stated import terms_text

    contract, sheet = act(_show(session(context).installed, number, _day(on)))
    if yaml:
        typer.echo(terms_text(contract.terms_on(sheet.on)), nl=False)
    elif json:
        show_json(sheet)
    else:
        view.show_sheet(sheet)


@cli.command()
def terms(
    context: typer.Context,
    number: Number,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Terms file: what changes.")],
    since: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day of work under these terms."),
    ],
    note: Annotated[str, typer.Option(help="Why, for the record; needed to write.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Keep the terms and price unbilled work by them.")
    ] = False,
    json: Json = False,
) -> None:
    """Give a contract other detailed terms from a day on; show first what changes, old and new.

    A section that the file does not state stays as it was.
    """
    from isthmus.cli import contract_view as view

    if write and not note:
        raise Problem(
            "It is not said why the terms change.",
            "The reason is kept with the amendment, and shown by `isthmus explain`.",
            'Add --note "why".',
        )
    settings = session(context).installed
    change = act(_terms(settings, number, file, since.date(), note=note, write=write))
    show_json(change) if json else view.show_change(change)


@cli.command()
def schema(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Write terms.schema.json there; else print it."),
    ] = None,
) -> None:
    """JSON Schema of terms files, for editors that complete keys."""
    from isthmus.scenario.schema import TERMS_FILE_NAME, terms_schema_text

    if folder is None:
        typer.echo(terms_schema_text(), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TERMS_FILE_NAME).write_text(terms_schema_text(), "utf-8")
    say(f"written: {folder / TERMS_FILE_NAME}")


def _day(on: datetime | None) -> date:
    return (on or datetime.now(UTC)).date()


async def _list(settings: Settings, day: date) -> list[ContractRow]:
    from isthmus.flows.contract_sheet import contract_rows

    async with database(settings) as opened, opened.begin() as tx:
        return await contract_rows(tx, day)


async def _show(settings: Settings, number: str, day: date) -> tuple[Contract, ContractSheet]:
    from isthmus.flows.contract_sheet import contract_sheet

    async with database(settings) as opened, opened.begin() as tx:
        contract = await _contract(tx, number)
        return contract, await contract_sheet(tx, contract, day)


async def _contract(tx: Transaction, number: str) -> Contract:
    from isthmus.canonical import Contract

    _, id = await named(tx, number, ("contract",))
    return await tx.records.get(Contract, id)


async def _terms(
    settings: Settings, number: str, file: Path, since: date, *, note: str, write: bool
) -> TermsChange:
    from isthmus.flows.terms_request import TermsRequest, change_terms
    from isthmus.scenario.terms_file import read_terms

    async with application(settings) as app:
        async with app.database.begin() as tx:
            contract = await _contract(tx, number)
        request = TermsRequest(read_terms(file, contract, since), since, note, person())
        return await change_terms(app.engine, contract.id, request, write=write)
