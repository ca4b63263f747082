"""`/trends`: the key figures over the last four weeks, and the rows behind each of them."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException, Request, Response

from isthmus.access import Permission, Principal
from isthmus.console.overview import PAGE, Reader, router
from isthmus.console.trend_lines import AGO, chart_of, measure, trend_line, trend_lines
from isthmus.console.view import show
from isthmus.kit.masking import MASK
from isthmus.observe.kpis import BY_NAME, KPIS, Figures, trends_of
from isthmus.store.measures import CountedRow
from isthmus.web.context import Running

TRENDS = "/trends"
MOST = 100


@router.get(TRENDS)
async def trends(request: Request, who: Reader, app: Running) -> Response:
    async with app.database.begin() as tx:
        lines = await trend_lines(tx, app, who, [kpi.name for kpi in KPIS])
    shown = {line.name for line in lines}
    return show(
        request, who, "trends/page.html", title="Key figures", lines=lines, ago=AGO,
        silent=[kpi for kpi in KPIS if kpi.name not in shown],
    )  # fmt: skip


@router.get(TRENDS + "/{name}")
async def one(request: Request, who: Reader, app: Running, name: str) -> Response:
    """A figure by day, and what it counts now, the highest value first."""
    kpi, figures = BY_NAME.get(name), Figures(app.landscape)
    if kpi is None:
        raise HTTPException(404, f"there is no key figure {name}")
    entities = who.entities(PAGE.permission)
    async with app.database.begin() as tx:
        now = await figures.read(tx, kpi, entities)
        kept = await trends_of(tx, [kpi], figures.today, entities)
        rows = await figures.behind(tx, kpi, entities, limit=MOST)
    return show(
        request, who, "trends/one.html", title=kpi.title, kpi=kpi,
        now=[
            (f.note, "" if f.value is None else measure(kpi.unit, f.value, f.currency)) for f in now
        ],
        lines=[trend_line(trend) for trend in kept], chart=chart_of(kpi, kept), most=MOST,
        rows=[
            {"row": row, "name": _name(row, who), "leads": _leads(row, who),
             "value": measure(kpi.unit, row.value, row.currency or "")}
            for row in rows
        ],
    )  # fmt: skip


def _name(row: CountedRow, who: Principal) -> str:
    hidden = row.kind == "resource" and not who.may(Permission.PII_READ)
    return MASK if hidden else row.label or row.id


def _leads(row: CountedRow, who: Principal) -> str:
    """Where the row is told in full; empty where the reader may not go there."""
    places: dict[str, tuple[Any, str]] = {
        "run": (Permission.RUNS_READ, f"/flows/{row.id}"),
        "hold": (Permission.HOLDS_READ, f"/exceptions/{row.id}"),
        "invoice": (Permission.DELIVERY_READ, f"/billing/invoices/{row.id}"),
        "break": (Permission.RECONCILIATION_READ, "/reconciliation"),
        "route": (None, ""),
    }
    permission, path = places.get(row.kind, (Permission.JOURNEY_READ, f"/journey?q={row.id}"))
    return path if permission is not None and who.may(permission) else ""
