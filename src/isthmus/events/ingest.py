"""From a vendor's changes to canonical records, their cross-references and events, at once.

Order of work: find whose object it is, keep only what the system may say of it, check that the
result is a valid object and a lawful transition, store, link, emit (`isthmus.events.taking`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog

from isthmus.access.forgotten import NAMED
from isthmus.canonical import BY_KIND, CanonicalObject, ExpenseEntry, TimeEntry
from isthmus.canonical.base import Role, references
from isthmus.connect import Change, ConnectError
from isthmus.connect.errors import OF_THE_CONNECTION
from isthmus.events.entry_intake import EXPENSES, TIME, EntryIntake
from isthmus.events.linking import parts_resolved
from isthmus.events.order import Named, named, pointed_at_first, points_at
from isthmus.events.outbox import Outbox
from isthmus.events.taking import Taking
from isthmus.kit.chunks import chunked
from isthmus.rules.ownership import Ownership
from isthmus.store.database import Database, Transaction
from isthmus.store.entry_kinds import ENTRY_KINDS

if TYPE_CHECKING:
    from isthmus.events.links import Connected
    from isthmus.observe.telemetry import Telemetry

log = structlog.get_logger()
AT_ONCE = 500
"""Changes per transaction: each takes locks, and the server's table of locks is small."""


@dataclass(frozen=True)
class Taken:
    """What a batch of changes did."""

    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.refused + other.refused,
        )


class Ingest:
    def __init__(self, database: Database, outbox: Outbox, ownership: Ownership) -> None:
        self.database, self.outbox, self.ownership = database, outbox, ownership
        self.telemetry: Telemetry | None = None
        """Told of what was taken in, where somebody listens."""
        self._time, self._expenses = EntryIntake(TIME), EntryIntake(EXPENSES)
        self._roles: dict[str, frozenset[Role]] = {}

    def learn(self, systems: Iterable[Connected]) -> None:
        """Which roles are played where: told once, when all connections are open."""
        for system in systems:
            self._roles[system.space] = self._roles.get(system.space, frozenset()) | system.roles

    async def owners_of(
        self, tx: Transaction, kind: str, canonical_id: str, *, but: str | None = None
    ) -> frozenset[Role]:
        """Roles whose systems have the object, those of one space left out."""
        known = await tx.xref.all_of(canonical_id)
        spaces = [space for k, space, _ in known if k == kind and space != but]
        return frozenset().union(*(self._roles.get(space, frozenset()) for space in spaces))

    async def take(
        self,
        source: Connected,
        changes: Sequence[Change],
        *,
        watermark: tuple[str, Mapping[str, Any]] | None = None,
        message: str | None = None,
        above: frozenset[Named] = frozenset(),
    ) -> Taken:
        """Take in changes; `watermark` (kind, state) and the inbox `message` commit with the last.

        `above` are the records whose references led to these: a circle is not walked twice.
        """
        await self._fetch_unknown(source, changes, above)
        *parts, last = list(chunked(pointed_at_first(changes), AT_ONCE)) or [[]]
        done = [await self._committed(source, part) for part in parts]
        async with self.database.begin() as tx:
            done.append(await self._take_all(tx, source, last))
            if watermark is not None:
                await tx.watermarks.save(source.name, watermark[0], dict(watermark[1]))
            if message is not None:
                await tx.inbox.done(message)
                await self._forget_messages(tx, source, last)
        return sum(done, Taken())

    async def _forget_messages(
        self, tx: Transaction, source: Connected, changes: Sequence[Change]
    ) -> None:
        """What was told of people whose data was erased is not kept as it came in."""
        for model in NAMED:
            subjects = await tx.erasures.subjects(model.kind)
            for change in changes if subjects else ():
                if change.model is model:
                    id = await tx.xref.canonical(model.kind, source.space, change.external_id)
                    if id in subjects:
                        await tx.personal.empty_messages([(model.kind, change.external_id)])

    async def _committed(self, source: Connected, changes: Sequence[Change]) -> Taken:
        async with self.database.begin() as tx:
            return await self._take_all(tx, source, changes)

    async def _take_all(
        self, tx: Transaction, source: Connected, changes: Sequence[Change]
    ) -> Taken:
        await self._time.take(tx, source, [c for c in changes if c.model is TimeEntry])
        await self._expenses.take(tx, source, [c for c in changes if c.model is ExpenseEntry])
        outcomes = [
            await Taking(self, tx, source, change).run()
            for change in changes
            if change.model.kind not in ENTRY_KINDS and not change.deleted
        ]
        return Taken(
            outcomes.count("changed"), outcomes.count("unchanged"), outcomes.count("refused")
        )

    async def _fetch_unknown(
        self, source: Connected, changes: Iterable[Change], above: frozenset[Named]
    ) -> None:
        """Objects that the changes point at and we have never seen are read first."""
        wanted: dict[str, set[str]] = {}
        for change in changes:
            for kind, external_id in points_at(change):
                wanted.setdefault(kind, set()).add(external_id)
        own = above | {named(c) for c in changes}
        for kind, external_ids in wanted.items():
            async with self.database.begin() as tx:
                known = await tx.xref.canonical_many(kind, source.space, external_ids)
            for external_id in sorted(external_ids - known.keys()):
                if (kind, external_id) not in own:
                    await self._fetch(source, BY_KIND[kind], external_id, own)

    async def _fetch(
        self,
        source: Connected,
        model: type[CanonicalObject],
        external_id: str,
        above: frozenset[Named],
    ) -> None:
        """One that this system will not show stays unknown; what points at it is judged so."""
        capability = source.system.capabilities.get(model)
        if capability is None or not capability.reads:
            return
        try:
            found = await source.system.get(model, external_id)
        except OF_THE_CONNECTION:
            raise
        except ConnectError as error:
            log.warning("reference.unreadable", connection=source.name, kind=model.kind,
                        external_id=external_id, reason=str(error))  # fmt: skip
            return
        if found is not None:
            await self.take(source, [found], above=above)

    async def resolved(self, tx: Transaction, source: Connected, change: Change) -> Change:
        """The change with canonical ids in its references and those of its parts; an unknown one
        becomes None, and stays the system's own where a part must have one.
        """
        attributes = dict(change.attributes)
        for name, kind in references(change.model).items():
            if external := attributes.get(name):
                attributes[name] = await tx.xref.canonical(kind, source.space, str(external))
        attributes |= await parts_resolved(tx, source.space, change)
        return replace(change, attributes=attributes)
