"""The parts of a file that are well-formed, whatever is wrong with the others."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from isthmus.landscape.document import Document
from isthmus.landscape.mistake import KeyPath

M = TypeVar("M", bound=BaseModel)


def keys_at(document: Document, *path: str) -> dict[str, Any]:
    """The keys at `path`; none where the file has something else there."""
    value: Any = document.data
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def well_formed(model: type[M], value: Any, context: Any = None) -> M | None:
    try:
        return model.model_validate(value, context=context)
    except ValidationError:
        return None


def each(document: Document, model: type[M], *path: str) -> list[tuple[KeyPath, M]]:
    """The well-formed values under `path`, with their places."""
    found = ((key, well_formed(model, value)) for key, value in keys_at(document, *path).items())
    return [((*path, key), part) for key, part in found if part is not None]
