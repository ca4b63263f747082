"""Until a system was read to the end once, what is not linked to it may be there all the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from isthmus.connect import NotReadYet
from isthmus.events.order import ORDER
from isthmus.store.database import Transaction

if TYPE_CHECKING:
    from isthmus.events.links import Connected


async def ensure_read(
    tx: Transaction,
    connected: Connected,
    wanted: Mapping[str, Collection[str]],
    known: Mapping[tuple[str, str], str],
) -> None:
    """What is wanted, kind -> canonical ids, is known to the system or will not come.

    Raises NotReadYet. A kind that nobody reads there as a whole does not come; nor does one whose
    first reading the system refused.
    """
    missing = {kind for kind, ids in wanted.items() if any((kind, id) not in known for id in ids)}
    if not missing:
        return
    able = connected.system.capabilities
    coming = {m.kind for m in ORDER if m.kind in missing and m in able and able[m].reads}
    unread = coming - await tx.watermarks.read_once(connected.name, coming) if coming else coming
    if unread:
        raise NotReadYet(
            connected.name,
            f"not written, because it was not read yet for {' and '.join(sorted(unread))}, which "
            "it may have",
            code="not_read_yet",
        )
