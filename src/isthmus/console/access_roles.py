"""`/access/roles`: what each role may do, and which doors that opens."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

from fastapi import Request, Response

from isthmus.access import PERMISSIONS, AccessRole, Permission
from isthmus.console.access import PAGE, Reader, router
from isthmus.console.view import show
from isthmus.web.doors import doors


@router.get(PAGE.path + "/roles")
async def roles(request: Request, who: Reader) -> Response:
    opens: dict[Permission, list[str]] = defaultdict(list)
    for door in doors(request.app):
        for permission in door.asks:
            opens[permission].append(f"{door.method} {door.path}")
    groups = [
        (area, [(permission, opens[permission]) for permission in found])
        for area, found in groupby(Permission, lambda each: each.partition(".")[0])
    ]
    return show(
        request, who, "access/roles.html", title="Roles", groups=groups, roles=list(AccessRole),
        permissions=PERMISSIONS,
    )  # fmt: skip
