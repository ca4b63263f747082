"""`model`: who owns which attribute."""

from __future__ import annotations

from typing import Annotated

import typer

from isthmus.cli.output import Json, show_json, show_table
from isthmus.cli.session import session


def model(
    context: typer.Context,
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="One object, such as customer.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The whole model as its reference page.")
    ] = False,
    json: Json = False,
) -> None:
    """Print the ownership table of the canonical model.

    With a landscape (--landscape) its overrides are in it.
    """
    from isthmus.rules.ownership import Ownership
    from isthmus.rules.reference import model_reference

    if markdown:
        typer.echo(model_reference(), nl=False)
        return
    named = session(context).landscape
    table = Ownership.default()
    if named is not None:
        from isthmus.installed import load_landscape

        table = load_landscape(named).ownership_table()
    rows = [r for r in table.table() if kind in (None, r.kind)]
    if not rows:
        raise typer.BadParameter(f"the model has no object {kind!r}", param_hint="KIND")
    if json:
        show_json(rows)
        return
    show_table(
        ("attribute", "owner", "seeded by", "foreign writes", "unit", "meaning"),
        [(f"{r.kind}.{r.attribute}", r.owner, r.seeded_by, r.on_foreign_write, r.unit,
          r.description) for r in rows],
    )  # fmt: skip


COMMANDS = {"model": model}
