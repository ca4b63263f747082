"""One entry of the navigation: who may open it, and what answers there."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from isthmus.access import Permission, Principal


@dataclass(frozen=True)
class Page:
    """`path` opens it; everything of it lives below that path. `asks` is what it answers.

    `everywhere`: it belongs to no company, so a role in one of them does not open it.
    """

    title: str
    path: str
    group: str
    permission: Permission
    asks: str
    router: APIRouter
    everywhere: bool = False

    def is_open_to(self, who: Principal) -> bool:
        if self.everywhere:
            return who.may(self.permission) and who.entities(self.permission) is None
        return who.may(self.permission)

    def holds(self, path: str) -> bool:
        """Is the address one of this page?"""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))
