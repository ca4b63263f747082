"""Tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
WIDE = 200
"""Columns when nobody watches: what is piped must not be cut."""


def console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() else WIDE
    return Console(width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def say(*parts: object) -> None:
    console().print(*parts, soft_wrap=True)


def heading(text: str) -> None:
    console().print(text, style="bold")


def show_json(value: Any) -> None:
    from pydantic_core import to_jsonable_python

    plain = to_jsonable_python(value, fallback=str)
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()
) -> None:
    """`right` names columns of numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(shown(cell) for cell in row))
    console().print(table)


def shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case Decimal():
            return f"{value:,f}"
        case _:
            return str(value)


def amount(value: Decimal | None, currency: str | None) -> str:
    from isthmus.kit.money import Money

    if value is None or currency is None:
        return ""
    return str(Money.of(value, currency))
