"""Who asks, and where in the firm each of their roles holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from isthmus.access.permissions import PERMISSIONS, AccessRole, Permission

Kind = Literal["person", "machine", "local"]


class Forbidden(Exception):
    """The caller is known and may not do this."""

    def __init__(self, permission: Permission, legal_entity: str | None = None) -> None:
        where = f" for {legal_entity}" if legal_entity else ""
        super().__init__(f"none of your roles has `{permission}`{where}")
        self.permission, self.legal_entity = permission, legal_entity


@dataclass(frozen=True)
class Grant:
    """A role, in one legal entity or (None) in the whole firm."""

    role: AccessRole
    legal_entity: str | None = None


@dataclass(frozen=True)
class Principal:
    """`scopes` narrow a machine's roles to what its key was made for; None: not narrowed.

    `clients` are canonical ids of the customers that a client's contact may see.
    """

    id: str
    name: str
    kind: Kind
    grants: frozenset[Grant]
    scopes: frozenset[Permission] | None = None
    clients: frozenset[str] = frozenset()

    def may(self, permission: Permission, legal_entity: str | None = None) -> bool:
        """Without a legal entity: somewhere in the firm."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        return any(
            permission in PERMISSIONS[g.role]
            and (legal_entity is None or g.legal_entity in (None, legal_entity))
            for g in self.grants
        )

    def ensure(self, permission: Permission, legal_entity: str | None = None) -> None:
        """Raises Forbidden."""
        if not self.may(permission, legal_entity):
            raise Forbidden(permission, legal_entity)

    def entities(self, permission: Permission) -> frozenset[str] | None:
        """Codes of the legal entities where this is allowed; None: all of them."""
        if not self.may(permission):
            return frozenset()
        held = {g.legal_entity for g in self.grants if permission in PERMISSIONS[g.role]}
        return None if None in held else frozenset(e for e in held if e is not None)

    @property
    def roles(self) -> frozenset[AccessRole]:
        return frozenset(g.role for g in self.grants)


LOCAL = Principal("local", "this machine", "local", frozenset({Grant(AccessRole.ADMIN)}))
"""Whoever sits at an installation that listens on the loopback address and has no accounts yet."""
