"""What objects and their parts point at, and the same objects with other ids in these places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_origin

from pydantic import BaseModel

from isthmus.canonical import CanonicalObject
from isthmus.canonical.base import references


def referenced(obj: BaseModel, only: frozenset[str] | None = None) -> dict[str, set[str]]:
    """Kind -> ids that an object and its parts point at, by all attributes or by some."""
    found: dict[str, set[str]] = {}
    for name, kind in references(type(obj)).items():
        if (only is None or name in only) and (value := getattr(obj, name)):
            found.setdefault(kind, set()).add(value)
    for part in _parts(obj, only):
        for kind, ids in referenced(part).items():
            found.setdefault(kind, set()).update(ids)
    return found


def _parts(obj: BaseModel, only: frozenset[str] | None) -> list[BaseModel]:
    return [
        item
        for name in _lists(type(obj))
        if only is None or name in only
        for item in getattr(obj, name)
        if isinstance(item, BaseModel)
    ]


@cache
def _lists(model: Any) -> tuple[str, ...]:
    """Attributes that hold any number of parts."""
    return tuple(n for n, f in model.model_fields.items() if get_origin(f.annotation) is tuple)


def translated(obj: Any, ids: Mapping[tuple[str, str], str]) -> Any:
    """A copy whose references are the target's ids; an optional one it does not know is None.

    A required reference that the target does not know stays as it is: a connector that writes it
    is refused by its vendor, one that does not map it never sees it.
    """
    changes: dict[str, Any] = {}
    model: Any = type(obj)
    for name, kind, required in _named(model):
        if value := getattr(obj, name):
            changes[name] = ids.get((kind, value), value if required else None)
    for name in _lists(model):
        value = getattr(obj, name)
        if value and isinstance(value[0], BaseModel):
            changes[name] = tuple(translated(item, ids) for item in value)
    if isinstance(obj, CanonicalObject):
        return obj.with_values(changes)
    return obj.model_copy(update=changes)


@cache
def _named(model: Any) -> tuple[tuple[str, str, bool], ...]:
    """References of a model: attribute, kind, whether it must be there."""
    fields = model.model_fields
    return tuple((n, kind, fields[n].is_required()) for n, kind in references(model).items())


def pointed_at(
    objs: Sequence[BaseModel], only: frozenset[str] | None = None
) -> dict[str, set[str]]:
    """Kind -> ids that any of the objects points at."""
    wanted: dict[str, set[str]] = {}
    for obj in objs:
        if _lists(type(obj)):
            for kind, ids in referenced(obj, only).items():
                wanted.setdefault(kind, set()).update(ids)
            continue
        for name, kind, _ in _named(type(obj)):
            if (only is None or name in only) and (value := getattr(obj, name)):
                wanted.setdefault(kind, set()).add(value)
    return wanted
