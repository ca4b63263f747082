"""`/audit`: who did what, when and why; whether it is as it was written; all of it as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from isthmus.access import Permission, Principal
from isthmus.access.audit_check import Checkpoint, verify
from isthmus.access.audit_file import packed
from isthmus.access.pii import masked_act
from isthmus.console.audit_row import changes_of, leads_of, names_in
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import HEADERS, show
from isthmus.kit.clock import utc_now
from isthmus.store.audit import AuditRow
from isthmus.web.caller import requires_everywhere
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Audit", "/audit", "Govern", Permission.AUDIT_READ,
    "Who did what, when and why, and is it as it was written?", router, everywhere=True,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires_everywhere(PAGE.permission))]
Exporter = Annotated[Principal, Depends(requires_everywhere(Permission.AUDIT_EXPORT))]
SHOWN = 50
NAMES = ("by", "act", "object", "from", "to")
CHUNK = 1 << 16


@dataclass(frozen=True)
class Asked:
    """The filter of an address. `errors` are by field; a field with one filters nothing."""

    by: str = ""
    act: str = ""
    object: str = ""
    since: date | None = None
    until: date | None = None
    errors: tuple[tuple[str, str], ...] = ()

    def wanted(self) -> dict[str, Any]:
        """For the store: days are whole days of UTC, the last one included."""
        after = None if self.until is None else self.until + timedelta(days=1)
        return {
            "principal": self.by or None, "action": self.act or None,
            "object_id": self.object or None, "since": _midnight(self.since),
            "until": _midnight(after),
        }  # fmt: skip


@router.get(PAGE.path)
async def audit(request: Request, who: Reader, app: Running, below: str = "") -> Response:
    asked = asked_by(request.query_params)
    async with app.database.begin() as tx:
        rows = await tx.audit.list(limit=SHOWN + 1, below=_number(below), **asked.wanted())
        head = await tx.audit.head()
        names = await names_in(tx, rows[:SHOWN], who)
    given = {name: request.query_params.get(name, "").strip() for name in NAMES}
    return show(
        request, who, "audit/page.html", title="Audit", asked=asked, given=given,
        rows=[told(row, who, names) for row in rows[:SHOWN]], written=head.number,
        before=bool(below),
        after=rows[SHOWN - 1].number if len(rows) > SHOWN else None, errors=dict(asked.errors),
        may_export=who.may(Permission.AUDIT_EXPORT),
        address=lambda **more: address(given, **more),
    )  # fmt: skip


def asked_by(query: Mapping[str, str]) -> Asked:
    given = {name: query.get(name, "").strip().replace("\0", "") for name in NAMES}
    days: dict[str, date | None] = {}
    errors = []
    for name in ("from", "to"):
        try:
            days[name] = date.fromisoformat(given[name]) if given[name] else None
        except ValueError:
            errors.append((name, f"{given[name]} is no day; write it as 2026-11-30."))
    since, until = days.get("from"), days.get("to")
    if since is not None and until is not None and until < since:
        errors.append(("to", "It is before the first day; change one of the two."))
    return Asked(given["by"], given["act"], given["object"], since, until, tuple(errors))


def address(given: Mapping[str, str], **more: object) -> str:
    """The list with this filter, some of it changed."""
    chosen = {k: str(v) for k, v in {**given, **more}.items() if v}
    return f"{PAGE.path}?{urlencode(chosen)}" if chosen else PAGE.path


def told(row: AuditRow, who: Principal, names: Mapping[str, str]) -> dict[str, Any]:
    shown = masked_act(row, who)
    return {"row": row, "changes": changes_of(shown, names), "leads": leads_of(row, who)}


@router.get(PAGE.path + "/verify")
async def verified(request: Request, who: Reader, app: Running, checkpoint: str = "") -> Response:
    """Looks at every row: it takes as long as there are many."""
    known, error = checkpoint_in(checkpoint)
    began = utc_now()
    found = None if error else await verify(app.database, known)
    return show(
        request, who, "audit/verify.html", 422 if error else 200, title="Verify the audit",
        found=found, known=known, error=error, checkpoint=checkpoint.strip(),
        took=utc_now() - began, head=json.dumps(asdict(found.head)) if found else "",
    )  # fmt: skip


def checkpoint_in(text: str) -> tuple[Checkpoint | None, str]:
    """What `isthmus audit checkpoint` printed, and why it cannot be read, if it cannot."""
    if not text.strip():
        return None, ""
    try:
        read = json.loads(text)
        known = Checkpoint(int(read["number"]), bytes.fromhex(read["hash"]).hex())
        if len(known.hash) == 64:
            return known, ""
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    return None, (
        'This is no checkpoint. One looks like {"number": 17, "hash": "…"}, as it was shown here '
        "or printed by `isthmus audit checkpoint`."
    )


@router.post(PAGE.path + "/export")
async def exported(who: Exporter, app: Running) -> Response:
    """Every row and the manifest; that it was exported is a row too."""
    file = await packed(app.database, who.id)
    name = f"audit-{utc_now():%Y-%m-%d}.zip"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


@router.get(PAGE.path + "/{number}")
async def one(request: Request, who: Reader, app: Running, number: str) -> Response:
    async with app.database.begin() as tx:
        row = await tx.audit.find(_number(number) or 0)
        before = await tx.audit.find(row.number - 1) if row else None
        names = await names_in(tx, [row] if row else [], who)
    if row is None:
        raise HTTPException(404, f"the audit has no row {number}; rows are numbered from 1")
    return show(request, who, "audit/row.html", title=f"Audit row {row.number}",
                chained=row.chained(before.hash if before else bytes(32)) == row.hash,
                previous=before, **told(row, who, names))  # fmt: skip


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None
