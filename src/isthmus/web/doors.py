"""Every door of the application, and what each asks for: the matrix of who may do what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, _IncludedRouter
from starlette.routing import Mount, Route

from isthmus.access import PERMISSIONS, AccessRole, Permission

OPEN = {
    "/webhooks/": "a system, known by the signature of its messages",
    "/desks/": "a service desk, known by the signature of its messages",
    "/healthz": "a supervisor; it shows names of connections and a number",
    "/static/": "a browser; scripts and styles",
    "/backchannel/": "a provider, known by the signature of its log-out token",
    "/login": "whoever logs in",
    "/oauth/": "a program, known by its client secret; keys that tokens are checked with",
    "/.well-known/": "whoever writes a program; where tokens are had",
}
"""Doors that ask for no permission, each with who comes there. Others there must not be."""
Found = tuple[str, set[str], frozenset[Permission]]
SELF = ("/logout", "/password", "/openapi.json")
"""For whoever is logged in; about nobody else, or the same for everybody."""


@dataclass(frozen=True)
class Door:
    method: str
    path: str
    asks: frozenset[Permission]

    @property
    def who(self) -> str | None:
        """Who comes, where it asks for nothing; None: it is a hole."""
        if self.path in SELF:
            return "whoever is logged in"
        fitting = (who for start, who in OPEN.items() if self.path.startswith(start))
        return next(fitting, None)

    def admits(self, role: AccessRole) -> bool:
        return bool(self.asks) and self.asks <= PERMISSIONS[role]


def doors(web: FastAPI) -> list[Door]:
    """All of them, by path; one that other files add is here without being told."""
    found = [
        Door(method, path, asks)
        for path, methods, asks in _routes(web.routes)
        for method in sorted(methods - {"HEAD", "OPTIONS"})
    ]
    return sorted(found, key=lambda door: (door.path, door.method))


def _routes(routes: Iterable[object], before: str = "") -> Iterator[Found]:
    """FastAPI keeps an included router as it is, and where it is included beside it."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield (
                before + route.path,
                route.methods or {"ANY"},
                frozenset(asked_by(route.dependant)),
            )
        elif isinstance(route, _IncludedRouter):
            prefix = before + route.include_context.prefix
            yield from _routes(route.original_router.routes, prefix)
        elif isinstance(route, Route | Mount):
            yield before + route.path, getattr(route, "methods", None) or {"ANY"}, frozenset()


def asked_by(dependant: Dependant) -> Iterator[Permission]:
    """Permissions that a route asks for."""
    permission = getattr(dependant.call, "permission", None)
    if isinstance(permission, Permission):
        yield permission
    for inner in dependant.dependencies:
        yield from asked_by(inner)


def matrix(found: list[Door]) -> str:
    """The page of the reference."""
    roles = list(AccessRole)
    lines = [
        "# Who may do what", "",
        "Each role and what it may do, then each door of the API and the console with the roles "
        "that it lets in. What is not listed is denied.", "",
        "## Roles", "", f"| may | {' | '.join(roles)} |", f"|{' --- |' * (len(roles) + 1)}",
    ]  # fmt: skip
    for permission in Permission:
        cells = ("yes" if permission in PERMISSIONS[role] else "" for role in roles)
        lines.append(f"| `{permission}` | {' | '.join(cells)} |")
    lines += ["", "## Doors", "", "| door | asks for | lets in |", "| --- | --- | --- |"]
    for door in found:
        asks = ", ".join(f"`{permission}`" for permission in sorted(door.asks))
        admitted = ", ".join(role for role in roles if door.admits(role)) or door.who or "nobody"
        lines.append(f"| `{door.method} {door.path}` | {asks} | {admitted} |")
    return "\n".join(lines) + "\n"
