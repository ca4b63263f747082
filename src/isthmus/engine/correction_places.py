"""Who changes objects of some companies changes what is theirs, and leaves it theirs.

`within` are the codes of these companies; None: all of the firm.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from isthmus.canonical import CanonicalObject
from isthmus.canonical.base import references
from isthmus.engine.refused import ActionRefused
from isthmus.events.pointing import referenced
from isthmus.kit.ids import is_uuid
from isthmus.store.database import Transaction
from isthmus.store.lookup import Found

COMPANY = "legal_entity"
ASK = "or ask somebody whose role holds in the whole firm."


async def seen(
    tx: Transaction, found: Collection[Found], within: Collection[str] | None
) -> list[Found]:
    """What is of another company is as if it were not there."""
    return [f for f in found if await tx.listings.is_of(f.kind, f.id, within)]


async def ensure_seen(
    tx: Transaction, target: CanonicalObject, path: str, within: Collection[str] | None
) -> None:
    """Raises ActionRefused where what the held object points at is of another company."""
    if not await tx.listings.is_of(target.kind, target.id, within):
        raise ActionRefused(
            f"{path}: the {_words(target.kind)} is of another company.", _held_in(within),
            f"Leave it as it is, {ASK}",
        )  # fmt: skip


async def ensure_stays(
    tx: Transaction,
    before: CanonicalObject,
    after: CanonicalObject,
    attribute: str,
    within: Collection[str] | None,
) -> None:
    """Raises ActionRefused where a corrected attribute names another company, points at what is of
    one, or takes the object out of these companies.
    """
    if within is None or getattr(before, attribute) == getattr(after, attribute):
        return
    await _ensure_theirs(tx, after, attribute, within, referenced(before))
    if wrong := await _leaves(tx, before, after, within):
        raise _refused(after, attribute, wrong, within)


async def ensure_theirs(
    tx: Transaction, made: CanonicalObject, attribute: str, within: Collection[str] | None
) -> None:
    """The same of an object that is new. Raises ActionRefused."""
    if within is not None:
        await _ensure_theirs(tx, made, attribute, within, {})


async def _ensure_theirs(
    tx: Transaction,
    after: CanonicalObject,
    attribute: str,
    within: Collection[str],
    known: Mapping[str, Collection[str]],
) -> None:
    wrong = _names_another(after, attribute, within)
    wrong = wrong or await _points_elsewhere(tx, after, attribute, within, known)
    if wrong is not None:
        raise _refused(after, attribute, wrong, within)


def _refused(
    after: CanonicalObject, attribute: str, wrong: str, within: Collection[str]
) -> ActionRefused:
    return ActionRefused(
        f"{after.kind}.{attribute}: {wrong}.", _held_in(within),
        f"Name {' or '.join(sorted(within))}, or what is theirs, {ASK}",
    )  # fmt: skip


def _names_another(after: CanonicalObject, attribute: str, within: Collection[str]) -> str | None:
    """By its code; where the company is pointed at, its canonical id is looked at as any other."""
    if attribute != COMPANY or COMPANY in references(type(after)):
        return None
    code = getattr(after, attribute)
    return None if code is None or code in within else f"{code!r} is another company"


async def _points_elsewhere(
    tx: Transaction,
    after: CanonicalObject,
    attribute: str,
    within: Collection[str],
    known: Mapping[str, Collection[str]],
) -> str | None:
    """Parts of the attribute point too: an invoice that a payment is applied to."""
    for kind, ids in referenced(after, frozenset({attribute})).items():
        for id in sorted(ids - set(known.get(kind, ()))):
            if is_uuid(id) and not await tx.listings.is_of(kind, id, within):
                return f"it would point at the {_words(kind)} of another company"
    return None


async def _leaves(
    tx: Transaction, before: CanonicalObject, after: CanonicalObject, within: Collection[str]
) -> str | None:
    """What others have taken out of these companies before is not held against this correction."""
    was, is_ = [
        await tx.listings.would_be_of(o.kind, o.model_dump(mode="json"), within)
        for o in (before, after)
    ]
    return f"the {_words(after.kind)} would be of none of your companies" if was > is_ else None


def _held_in(within: Collection[str] | None) -> str:
    return f"Your role holds in {', '.join(sorted(within or ())) or 'no company'}."


def _words(kind: str) -> str:
    return kind.replace("_", " ")
