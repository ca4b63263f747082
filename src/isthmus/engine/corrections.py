"""A person's correction as a value of the canonical model, or the reason why it is none."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.canonical.base import attributes, references
from isthmus.engine.correction_places import ensure_seen, ensure_stays, seen
from isthmus.engine.refused import ActionRefused
from isthmus.kit.money import Money
from isthmus.store.database import Transaction


async def corrected_values(
    tx: Transaction,
    obj: CanonicalObject,
    values: Mapping[str, str],
    within: Collection[str] | None,
) -> dict[str, Any]:
    """The corrections as JSON values of `obj`'s model. Raises ActionRefused naming the field.

    `within`: codes of the companies where the corrector's role holds; None: the whole firm.
    """
    model, given = type(obj), dict(values)
    for attribute in given:
        _known(model, attribute)
    for attribute, kind in references(model).items():
        if given.get(attribute):
            given[attribute] = await _referenced(
                tx, model, attribute, kind, given[attribute], within
            )
    taken: CanonicalObject = obj
    for attribute, text in given.items():
        before, taken = taken, _accepted(taken, attribute, text)
        await ensure_stays(tx, before, taken, attribute, within)
    after = taken.model_dump(mode="json")
    return {attribute: after[attribute] for attribute in given}


async def targets_of(
    tx: Transaction,
    obj: CanonicalObject,
    values: Mapping[str, str],
    within: Collection[str] | None,
) -> list[tuple[CanonicalObject, str, dict[str, str]]]:
    """(object, prefix, attribute -> text) of the held object and of those it points at."""
    own = {name: text for name, text in values.items() if "." not in name}
    found = [(obj, "", own)] if own else []
    for path, text in values.items():
        reference, dot, attribute = path.partition(".")
        if dot:
            target = await _pointed_at(tx, obj, reference)
            await ensure_seen(tx, target, f"{obj.kind}.{path}", within)
            found.append((target, f"{reference}.", {attribute: text}))
    return found


async def _pointed_at(tx: Transaction, obj: CanonicalObject, reference: str) -> CanonicalObject:
    kinds = references(type(obj))
    id = getattr(obj, reference) if reference in kinds else None
    target = await tx.records.find(BY_KIND[kinds[reference]], id) if id else None
    if target is None:
        raise ActionRefused(
            f"{obj.kind}.{reference}: it points at no object.",
            f"A {obj.kind} points at objects by {', '.join(kinds) or 'nothing'}.",
            "Name one of them before the dot.",
        )
    return target


def _known(model: type[CanonicalObject], attribute: str) -> None:
    names = list(attributes(model))
    if attribute in names:
        return
    beyond = [
        f"{name}.{attribute}"
        for name, kind in references(model).items()
        if attribute in attributes(BY_KIND[kind])
    ]
    near = beyond[:1] or get_close_matches(attribute, names, n=1)
    raise ActionRefused(
        f"{model.kind}.{attribute}: there is no such attribute.",
        f"The object has {', '.join(names)}.",
        f"Did you mean {near[0]}?" if near else "Name one of them, as attribute=value.",
    )


async def _referenced(
    tx: Transaction,
    model: type[CanonicalObject],
    attribute: str,
    kind: str,
    text: str,
    within: Collection[str] | None,
) -> str:
    """Any id or number that names one object of the kind, of these companies."""
    named = [f for f in await tx.lookup.named(text) if f.kind == kind]
    named = await seen(tx, named, within)
    if len(named) == 1:
        return named[0].id
    known = ", ".join(f"{f.id} ({f.by})" for f in named)
    raise ActionRefused(
        f"{model.kind}.{attribute}: {text!r} does not name one {kind}.",
        f"It names {known}." if named else _unnamed(kind, within),
        f"Give the {kind}'s canonical id, or its id in one of the systems.",
    )


def _unnamed(kind: str, within: Collection[str] | None) -> str:
    where = "" if within is None else f" for {', '.join(sorted(within))}, where your role holds"
    return f"No {kind} has this id, number or name{where}."


def _accepted(obj: CanonicalObject, attribute: str, text: str) -> CanonicalObject:
    """The object with one value replaced, by the first reading of the text that is valid."""
    first: ValidationError | None = None
    for candidate in _readings(text):
        try:
            changed = type(obj).model_validate({**obj.model_dump(), attribute: candidate})
        except ValidationError as error:
            first = first or error
            continue
        _lawful(obj, changed, attribute)
        return changed
    raise _invalid(obj, attribute, text, first)


def _readings(text: str) -> Iterator[Any]:
    """Nothing, money, the text itself, and JSON for lists and parts."""
    if text in ("", "null"):
        yield None
        return
    amount, _, currency = text.rpartition(" ")
    if amount and len(currency) == 3 and currency.isupper():
        yield {"amount": amount.replace(",", ""), "currency": currency}
    yield text
    try:
        yield json.loads(text, parse_float=Decimal)
    except ValueError:
        return


def _invalid(
    obj: CanonicalObject, attribute: str, text: str, error: ValidationError | None
) -> ActionRefused:
    problems = error.errors() if error else []
    ours = [p for p in problems if p["loc"] and p["loc"][0] == attribute] or problems
    why = ours[0]["msg"].removeprefix("Value error, ") if ours else "it is not a value of this kind"
    annotation = type(obj).model_fields[attribute].annotation
    money = annotation is not None and Money.__name__ in str(annotation)
    remedy = "Write an amount and its currency, such as '120.00 EUR'." if money else (
        f"Write another value: {type(obj).model_fields[attribute].description or attribute}."
    )  # fmt: skip
    return ActionRefused(f"{obj.kind}.{attribute}: {text!r} cannot be used.", f"{why}.", remedy)


def _lawful(before: CanonicalObject, after: CanonicalObject, attribute: str) -> None:
    lifecycle = before.lifecycle
    if lifecycle is None or lifecycle.attribute != attribute:
        return
    source, target = str(getattr(before, attribute)), str(getattr(after, attribute))
    if not lifecycle.allows(source, target):
        allowed = [t.target for t in lifecycle.transitions if t.source == source]
        raise ActionRefused(
            f"{before.kind}.{attribute} may not go from {source} to {target}.",
            "The lifecycle of the object has no such step.",
            f"From {source} it may go to: {', '.join(allowed) or 'nothing'}.",
        )
