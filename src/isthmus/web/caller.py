"""Who asks, as a handler sees it, and what that caller must be allowed to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request

from isthmus.access import Forbidden, Permission, Principal
from isthmus.kit.masking import People
from isthmus.web.identity import IDENTITY, UNSEEN


def caller_of(request: Request) -> Principal:
    """Raises 401 for nobody, 403 for another machine where there is no account and no token."""
    found = request.scope.get(IDENTITY)
    if isinstance(found, Principal):
        return found
    raise found or HTTPException(401, "nobody is asked for here")


async def caller(request: Request) -> Principal:
    """`caller_of`, as a dependency."""
    return caller_of(request)


def unnamed(request: Request, value: Any) -> Any:
    """JSON values, or a page, without the people whom the caller may not see named."""
    people = request.scope.get(UNSEEN)
    return value if people is None else _without(people, value)


def _without(people: People, value: Any) -> Any:
    if isinstance(value, str):
        return people.scrub(value)
    if isinstance(value, Mapping):
        return {name: _without(people, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without(people, each) for each in value]
    return value


Allowed = Callable[[Principal], Awaitable[Principal]]


def requires(permission: Permission) -> Allowed:
    """A dependency that gives the caller, or answers 401 or 403."""

    async def allowed(who: Annotated[Principal, Depends(caller)]) -> Principal:
        _ensure(who, permission)
        return who

    allowed.permission = permission  # type: ignore[attr-defined] # for the matrix of access
    return allowed


def requires_everywhere(permission: Permission) -> Allowed:
    """As `requires`, for what belongs to no company: a role in one of them does not open it."""

    async def allowed(who: Annotated[Principal, Depends(caller)]) -> Principal:
        ensure_whole_firm(who, permission)
        return who

    allowed.permission = permission  # type: ignore[attr-defined] # for the matrix of access
    return allowed


def ensure_whole_firm(who: Principal, permission: Permission) -> None:
    """Raises 403 for who may do this nowhere, or in some companies only."""
    _ensure(who, permission)
    if (entities := who.entities(permission)) is not None:
        raise HTTPException(
            403,
            f"this is of the whole firm, and your roles have `{permission}` for "
            f"{', '.join(sorted(entities))} only",
        )


def _ensure(who: Principal, permission: Permission) -> None:
    try:
        who.ensure(permission)
    except Forbidden as error:
        raise HTTPException(403, str(error)) from error
