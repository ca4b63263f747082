"""`/exceptions`: what cannot go on, same causes in one row, the most pressing first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from isthmus.access import Permission, Principal
from isthmus.console.page import Page
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import is_fragment, live, show
from isthmus.console.words import by_currency, summed, words
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.rules.severity import Severity
from isthmus.store.database import Transaction
from isthmus.store.hold_groups import HoldGroup
from isthmus.store.holds import DEAD, HELD, REPLAYING, WAITING_PERIOD, WAITING_SYSTEM
from isthmus.store.queues import HoldFilter
from isthmus.web.caller import requires
from isthmus.web.context import Running

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PAGE = Page(
    "Exceptions", "/exceptions", "Work", Permission.HOLDS_READ,
    "What cannot go on, what it blocks, and who mends it", router,
)  # fmt: skip
Reader = Annotated[Principal, Depends(requires(PAGE.permission))]
AT_ONCE = 50
OWNERS = ("finance", "pmo", "integration")
STATES = (HELD, DEAD, WAITING_SYSTEM, WAITING_PERIOD, REPLAYING)
NAMES = {
    "queue": "owner", "code": "cause", "state": "state", "flow": "flow", "system": "connection",
    "severity": "severity", "client": "client", "assignee": "assigned to", "text": "text",
    "period": "period",
}  # fmt: skip


@router.get(PAGE.path)
async def exceptions(request: Request, who: Reader, app: Running) -> Response:
    chosen = chosen_by(request.query_params)
    after = _number(request.query_params.get("after"))
    is_single = bool(chosen.code) or "single" in request.query_params
    async with app.database.begin() as tx:
        groups = await tx.hold_groups.list(chosen, utc_now())
        facts: dict[str, Any] = {
            "groups": [] if is_single else groups,
            "is_single": is_single,
            "holds": sum(group.holds for group in groups),
            "blocked": _blocked(groups),
            "members": await _members(tx, chosen, after) if is_single else [],
        }
        if not is_fragment(request):
            facts |= {
                "choices": await tx.hold_groups.choices(),
                "last": await tx.holds.last_over(),
                "bulks": await tx.bulks.list(state="awaiting_approval"),
            }
    links: dict[str, Any] = {
        "chosen": chosen, "address": address(chosen, single=is_single or None), "after": after,
        "at_once": AT_ONCE, "link": lambda group: _opens(group, chosen),
        "leads": lambda at: address(chosen, single=is_single or None, after=at),
    }  # fmt: skip
    if is_fragment(request):
        return live(request, who, "exceptions/live.html", facts, **links)
    return show(
        request, who, "exceptions/page.html", title=_title(chosen), owners=OWNERS, states=STATES,
        severities=[each.value for each in reversed(Severity)], names=NAMES, seen="",
        codes=app.landscape.exceptions.codes.values(), **facts, **links,
    )  # fmt: skip


def chosen_by(query: Mapping[str, str]) -> HoldFilter:
    """The filter of an address or a form; what it does not know chooses nothing away."""
    known = {name: query[name].strip() for name in NAMES if query.get(name, "").strip()}
    return HoldFilter(**known, overdue=query.get("overdue") == "1")


def address(chosen: HoldFilter, **more: object) -> str:
    written = {**chosen.written(), **{k: v for k, v in more.items() if v}}
    given = {k: "1" if v is True else str(v) for k, v in written.items()}
    return f"{PAGE.path}?{urlencode(given)}" if given else PAGE.path


def _opens(group: HoldGroup, chosen: HoldFilter) -> str:
    """The one hold of a group of one, else the list of its holds under the same filter."""
    if group.holds == 1:
        return f"{PAGE.path}/{group.first_label}"
    own = {"code": group.code, "queue": group.owner, "state": group.state, "system": group.system}
    return address(HoldFilter(**{**chosen.written(), **{k: v for k, v in own.items() if v}}))


async def _members(tx: Transaction, chosen: HoldFilter, after: int) -> list[Any]:
    return await tx.hold_groups.members(chosen, utc_now(), limit=AT_ONCE, after=after)


def _blocked(groups: list[HoldGroup]) -> list[Money]:
    return summed(money for group in groups for money in by_currency(group.blocked))


def _title(chosen: HoldFilter) -> str:
    return f"Exceptions: {words(chosen.code)}" if chosen.code else "Exceptions"


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 8 else 0
