"""All pages, in the order of the navigation, and what serves them."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from starlette.exceptions import HTTPException as AnyHTTPException

from isthmus.console import (
    access,
    access_machines,
    access_roles,
    approvals,
    audit,
    billing,
    billing_run,
    billing_work,
    close,
    erasure,
    exceptions,
    flows,
    hold_bulk,
    hold_page,
    invoices,
    journey,
    login,
    model,
    overview,
    projects,
    reconciliation,
    sign_in,
    systems,
    trends,
)
from isthmus.console.errors import failed, wants_page
from isthmus.console.view import Console, console_of

PAGES = (
    overview.PAGE, exceptions.PAGE, approvals.PAGE, journey.PAGE, flows.PAGE, projects.PAGE,
    billing.PAGE, close.PAGE, reconciliation.PAGE, systems.PAGE, model.PAGE, audit.PAGE,
    access.PAGE, erasure.PAGE,
)  # fmt: skip
"""A new page: a file beside this one with its `PAGE`, a folder of templates, its place here."""

PARTS = (
    hold_bulk, hold_page, billing_work, billing_run, invoices, trends, access_machines,
    access_roles,
)  # fmt: skip
"""They add addresses to the router of a page; the fixed ones before those with a name in them."""

static = APIRouter(include_in_schema=False)


@static.get("/static/{name}")
async def asset(request: Request, name: str) -> Response:
    answer = console_of(request).assets.answer(request, name)
    if answer is None:
        raise HTTPException(404, f"there is no asset {name}")
    return answer


def install(web: FastAPI) -> None:
    """Put the pages beside the API. An address that nobody has is told as a page to a browser."""
    web.state.console = Console(PAGES)
    web.include_router(static)
    web.include_router(login.router)
    web.include_router(sign_in.router)
    for page in PAGES:
        web.include_router(page.router)
    others = web.exception_handlers[AnyHTTPException]

    async def not_found(request: Request, error: Exception) -> Response:
        if wants_page(request):
            return failed(request, 404, f"nothing is at {request.url.path}")
        answer: Response = await others(request, error)  # type: ignore[misc]
        return answer

    web.add_exception_handler(404, not_found)
