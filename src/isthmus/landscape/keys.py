"""Which keys a model takes at some place, for messages that name them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from isthmus.landscape.mistake import Key


def similar(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    by_lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    guess = similar(word, known)
    return f"Did you mean `{guess}`?" if guess else otherwise


def wrong(reason: str, remedy: str) -> PydanticCustomError:
    """For validators: an error that knows what to do about it."""
    return PydanticCustomError("wrong", "{reason}", {"reason": reason, "remedy": remedy})


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """By the key as it is written in the file."""
    return {declared.alias or name: declared for name, declared in model.model_fields.items()}


def alternatives(annotation: Any) -> Iterator[Any]:
    """The types behind Annotated, Optional and Union."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from alternatives(part)
    else:
        yield annotation


def is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def choices_of(annotation: Any) -> tuple[str, ...] | None:
    """The values of an enumeration, None when any text will do."""
    found: list[str] = []
    for part in alternatives(annotation):
        if get_origin(part) is Literal:
            found += [str(value) for value in get_args(part)]
        elif isinstance(part, type) and issubclass(part, Enum):
            found += [str(member.value) for member in part]
        elif part is not type(None):
            return None
    return tuple(found) or None


def models_at(model: type[BaseModel], location: Iterable[Key]) -> list[type[BaseModel]]:
    """The models that may stand at a pydantic error location, union tags included."""
    found: list[Any] = [model]
    for key in location:
        found = [inner for part in found for inner in _inside(part, key)]
    return [part for part in found if is_model(part)]


def _inside(annotation: Any, key: Key) -> list[Any]:
    if is_model(annotation):
        declared = fields_of(annotation).get(str(key))
        if declared is not None:
            return list(alternatives(declared.annotation))
        return [annotation] if key in (annotation.__name__, *_tags(annotation)) else []
    args = [arg for arg in get_args(annotation) if arg is not Ellipsis]
    return list(alternatives(args[-1])) if args and get_origin(annotation) is not Literal else []


def _tags(model: type[BaseModel]) -> list[str]:
    return [tag for declared in model.model_fields.values()
            for tag in choices_of(declared.annotation) or ()]  # fmt: skip
