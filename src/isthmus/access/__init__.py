"""Identities, roles, and what each may do."""

from isthmus.access.permissions import PERMISSIONS, AccessRole, Permission
from isthmus.access.principal import LOCAL, Forbidden, Grant, Principal

__all__ = [
    "LOCAL",
    "PERMISSIONS",
    "AccessRole",
    "Forbidden",
    "Grant",
    "Permission",
    "Principal",
]
