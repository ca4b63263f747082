"""One change on its way in: whose object it is, what its system may say of it, and its record.

A change that says nothing new stores nothing and emits nothing; that is how an echo of our own
write ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from isthmus.access.forgotten import NAMED, impersonal
from isthmus.canonical import CanonicalObject, Customer
from isthmus.connect import Change
from isthmus.events.arrival import arrival, take_span
from isthmus.events.derived import derived_events
from isthmus.events.envelope import Event
from isthmus.events.linking import link
from isthmus.kit.ids import new_id
from isthmus.rules.ownership import ForeignWrite, OnForeignWrite
from isthmus.store.database import Transaction
from isthmus.store.holds import HELD, NewHold
from isthmus.store.records import Stored
from isthmus.store.xref import XrefConflict

if TYPE_CHECKING:
    from isthmus.events.ingest import Ingest
    from isthmus.events.links import Connected


class Taking:
    def __init__(self, ingest: Ingest, tx: Transaction, source: Connected, change: Change) -> None:
        self.ingest, self.tx, self.source, self.change = ingest, tx, source, change
        self.kind = change.model.kind

    async def run(self) -> str:
        await self._note_problems()
        change = await self.ingest.resolved(self.tx, self.source, self.change)
        await self.tx.lock(f"{self.kind}:{self.source.space}:{change.external_id}")
        canonical_id = await self._identity(change)
        change = await self._without_erased(change, canonical_id)
        stored = await self.tx.records.lock(change.model, canonical_id)
        if stored is not None and not await self._linked(canonical_id):
            return "refused"
        reduction = self.ingest.ownership.reduce(
            change.model, stored.data if stored else None, change.attributes, self.source.roles
        )
        first = self._keys(change) if stored is None else await self._seeds(canonical_id, change)
        foreign = [write for write in reduction.rejected if write.attribute not in first]
        await self._foreign(canonical_id, foreign)
        accepted = await self._said(canonical_id, stored, {**first, **reduction.accepted})
        return await self._store(canonical_id, stored, accepted)

    async def _seeds(self, canonical_id: str, change: Change) -> dict[str, Any]:
        """Until the owner has the object, whoever seeds it may still correct what it said."""
        rules = {n: self.ingest.ownership.rule(self.kind, n) for n in change.attributes}
        seeded = {n: r.owner for n, r in rules.items() if r.seeded_by in self.source.roles}
        if not seeded:
            return {}
        there = await self.ingest.owners_of(self.tx, self.kind, canonical_id)
        return {n: change.attributes[n] for n, owner in seeded.items() if owner not in there}

    async def _said(
        self, canonical_id: str, stored: Stored | None, accepted: dict[str, Any]
    ) -> dict[str, Any]:
        """A record that we made beside another owner's takes nothing from it by what it lacks: the
        contacts of an account, for one, are not written.
        """
        if stored is None or self.change.canonical_id != canonical_id:
            return accepted
        lacks = {n for n, v in accepted.items() if v in (None, ()) and stored.data.get(n)}
        if not lacks:
            return accepted
        others = await self.ingest.owners_of(
            self.tx, self.kind, canonical_id, but=self.source.space
        )
        kept = {n for n in lacks if self.ingest.ownership.rule(self.kind, n).owner in others}
        return {n: v for n, v in accepted.items() if n not in kept}

    def _keys(self, change: Change) -> dict[str, Any]:
        """What identifies a new object is taken from whoever names it first."""
        return {k: change.attributes[k] for k in change.model.natural_key if k in change.attributes}

    async def _identity(self, change: Change) -> str:
        """Ours by cross-reference, by our key on the vendor's record, by natural key, or new.

        A key of ours that is not known here is of work that a restored database has forgotten:
        the object is called so again, and what is derived from its id is found, not made twice.
        """
        known = await self.tx.xref.canonical(self.kind, self.source.space, change.external_id)
        if known is not None:
            return known
        if change.canonical_id and await self.tx.records.lock(change.model, change.canonical_id):
            return change.canonical_id
        key = self._keys(change)
        if key and all(key.values()):
            await self.tx.lock(f"{self.kind}:{sorted(key.items())}")
            same = await self.tx.records.list(change.model, **key)
            if len(same) == 1:
                return same[0].id
        return change.canonical_id or new_id()

    async def _without_erased(self, change: Change, canonical_id: str) -> Change:
        """People whose data was erased come in under their pseudonyms."""
        if change.model not in NAMED:
            return change
        erased = await self.tx.erasures.list(self.kind)
        own = [each for each in erased if each.subject == canonical_id]
        others = [each for each in erased if each.subject != canonical_id]
        known = own if change.model is Customer else [*own, *others]
        if not known:
            return change
        attributes = impersonal(change.model, change.attributes, known, bool(own))
        return replace(change, attributes=attributes)

    async def _linked(self, canonical_id: str) -> bool:
        """Link; two records of one system that claim to be one object are a person's to settle."""
        try:
            await self._link(canonical_id)
        except XrefConflict as conflict:
            await self._refuse(str(conflict), canonical_id)
            return False
        return True

    async def _link(self, canonical_id: str) -> None:
        """Raises XrefConflict."""
        to = (self.kind, canonical_id, self.source.space, self.change.external_id)
        await link(self.tx, self.ingest.outbox, *to)

    async def _store(
        self, canonical_id: str, stored: Stored | None, accepted: Mapping[str, Any]
    ) -> str:
        before = stored.data if stored else {}
        merged = {**before, **to_jsonable_python(dict(accepted)), "id": canonical_id}
        try:
            obj = self.change.model.model_validate(merged)
        except ValidationError as error:
            if stored is None and canonical_id == self.change.canonical_id:
                await self._forgotten(canonical_id)
            else:
                await self._refuse(_first_error(self.kind, error), canonical_id)
            return "refused"
        if moved := self._unlawful(before, obj):
            await self._refuse(moved, canonical_id)
            return "refused"
        after = obj.model_dump(mode="json", exclude={"id"})
        attributes = sorted(k for k, v in after.items() if before.get(k) != v)
        await self._accepted()
        if stored is not None and not attributes:
            return "unchanged"
        version = await self.tx.records.save(obj)
        if canonical_id == self.change.canonical_id:
            await self._known_again(canonical_id)
        await self._link(canonical_id)
        await self._announce(obj, before, after, version, attributes)
        return "changed"

    def _unlawful(self, before: Mapping[str, Any], obj: CanonicalObject) -> str | None:
        lifecycle = obj.lifecycle
        if lifecycle is None or not before:
            return None
        source = before.get(lifecycle.attribute)
        target = str(getattr(obj, lifecycle.attribute))
        if source is None or lifecycle.allows(source, target):
            return None
        return f"{lifecycle.attribute} may not go from {source} to {target}"

    async def _announce(
        self,
        obj: CanonicalObject,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        version: int,
        attributes: list[str],
    ) -> None:
        correlation = await self._correlation(obj)
        first = Event(
            type=f"{self.kind}.changed", source=self.source.name, subject=obj.id,
            correlation_id=correlation,
            data={"version": version, "attributes": attributes, "connection": self.source.name},
        )  # fmt: skip
        await self.ingest.outbox.emit(self.tx, first)
        derived = derived_events(obj, before, after)
        if self.ingest.telemetry is not None and (derived or arrival() is not None):
            self.ingest.telemetry.ended(take_span(first, self.source.name))
        for type_ in derived:
            event = first.caused(type_, self.source.name, obj.id, {"version": version})
            await self.ingest.outbox.emit(self.tx, event)

    async def _correlation(self, obj: CanonicalObject) -> str:
        """One story from the deal to the ledger: the deal's id where the object names it."""
        deal = obj.id if obj.kind == "opportunity" else getattr(obj, "opportunity", None)
        return str(deal or obj.id)

    async def _foreign(self, canonical_id: str, writes: Sequence[ForeignWrite]) -> None:
        for write in writes:
            if write.policy is OnForeignWrite.DROP:
                continue
            new = await self.tx.drifts.note(
                self.kind, canonical_id, self.source.name, attribute=write.attribute,
                owner=write.owner.value, policy=write.policy.value,
                kept=to_jsonable_python(write.kept), offered=to_jsonable_python(write.offered),
            )  # fmt: skip
            if new or write.policy is OnForeignWrite.CORRECT:
                await self._answer(canonical_id, write)

    async def _answer(self, canonical_id: str, write: ForeignWrite) -> None:
        """A correction writes the owner's value back; a drift is only told."""
        corrects = write.policy is OnForeignWrite.CORRECT
        type_ = "correction_due" if corrects else "drifted"
        event = Event(
            type=f"{self.kind}.{type_}", source=self.source.name, subject=canonical_id,
            correlation_id=canonical_id,
            data={"connection": self.source.name, "attribute": write.attribute,
                  "kept": to_jsonable_python(write.kept),
                  "offered": to_jsonable_python(write.offered)},
        )  # fmt: skip
        await self.ingest.outbox.emit(self.tx, event)

    @property
    def _key(self) -> str:
        return f"ingest:{self.source.name}:{self.kind}:{self.change.external_id}"

    async def _note_problems(self) -> None:
        if self.change.problems:
            worst = self.change.problems[0]
            await self._hold(
                "; ".join(str(p) for p in self.change.problems), "unmapped", worst.remedy, None
            )

    async def _refuse(self, reason: str, canonical_id: str) -> None:
        await self._hold(
            f"{self.kind} {self.change.external_id} of {self.source.name}: {reason}",
            "unusable",
            "Correct the record in its system; it is read again by itself.",
            canonical_id,
        )

    async def _forgotten(self, canonical_id: str) -> None:
        """A copy of ours, in a system that does not own enough of it to make it known again."""
        await self._hold(
            f"{self.kind} {self.change.external_id} of {self.source.name} has our key "
            f"{canonical_id}, which this database does not know",
            "forgotten",
            "The database was restored from before it was written. It is over by itself when the "
            "object is known again; otherwise compare both and remove the copy.",
            canonical_id,
        )

    async def _known_again(self, canonical_id: str) -> None:
        for hold in await self.tx.holds.list(code="forgotten", object_id=canonical_id):
            await self.tx.holds.resolve(hold.key, "known again", "isthmus")

    async def _hold(self, reason: str, code: str, fix: str, canonical_id: str | None) -> None:
        await self.tx.holds.open(
            NewHold(
                key=self._key, state=HELD, code=code, reason=reason, owner="integration", fix=fix,
                flow="ingest", object_kind=self.kind, object_id=canonical_id,
                system=self.source.name,
                detail={"external_id": self.change.external_id},
            )
        )  # fmt: skip

    async def _accepted(self) -> None:
        if not self.change.problems:
            await self.tx.holds.resolve(self._key, "corrected at the source", "isthmus")


def _first_error(kind: str, error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(p) for p in first["loc"]) or kind
    return f"{where}: {first['msg'].lower()}"
