"""`kpi`: the key figures of the business, and the rows behind one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.output import Json, heading, say, show_json, show_table
from isthmus.cli.problem import Problem
from isthmus.cli.session import act, database, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.observe.kpis import Figure, Kpi
    from isthmus.settings import Settings
    from isthmus.store.measures import CountedRow

Entity = Annotated[
    list[str] | None,
    typer.Option("--entity", help="Code of a company; may be given more than once."),
]


def kpi(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One figure, with the rows behind it.")
    ] = None,
    entity: Entity = None,
    limit: Annotated[int, typer.Option(help="Most rows behind a figure.")] = 100,
    json: Json = False,
) -> None:
    """Key figures: value, what it was a window before, and what one counts."""
    wanted = _chosen(name)
    figures, rows = act(_read(session(context).installed, wanted, entity, limit, name is not None))
    if json:
        show_json({"figures": figures, **({"rows": rows} if name else {})})
        return
    if name:
        heading(wanted[0].title)
        say(wanted[0].formula)
    _show(figures)
    if name:
        heading("\nbehind it")
        show_table(
            ("kind", "id", "what", "company", "since", "value", "currency"),
            [(r.kind, r.id, r.label, r.legal_entity, r.at, r.value, r.currency) for r in rows],
            right=("value",),
        )


COMMANDS = {"kpi": kpi}


def _chosen(name: str | None) -> Sequence[Kpi]:
    from isthmus.observe.kpis import BY_NAME, KPIS

    if name is None:
        return KPIS
    if name not in BY_NAME:
        raise Problem(
            f"There is no key figure {name}.",
            "The names are: " + ", ".join(BY_NAME) + ".",
            "`isthmus kpi` lists them with their values.",
        )
    return [BY_NAME[name]]


async def _read(
    settings: Settings, kpis: Sequence[Kpi], entities: list[str] | None, limit: int, behind: bool
) -> tuple[list[Figure], list[CountedRow]]:
    from isthmus.installed import load_landscape
    from isthmus.observe.kpis import Figures

    figures = Figures(load_landscape(settings.landscape))
    async with database(settings) as opened, opened.begin() as tx:
        found = [f for each in kpis for f in await figures.read(tx, each, entities or None)]
        rows = await figures.behind(tx, kpis[0], entities or None, limit=limit) if behind else []
    return found, rows


def _show(figures: Sequence[Figure]) -> None:
    show_table(
        ("figure", "value", "unit", "before", "trend", "owner", "note"),
        [(f.name, f.value, f.currency or f.unit, f.before, f.trend, f.owner, f.note)
         for f in figures],
        right=("value", "before"),
    )  # fmt: skip
