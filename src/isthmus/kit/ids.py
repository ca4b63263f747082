"""Identifiers: time-ordered for new objects, derived for what must come out the same twice."""

import uuid_utils

_DERIVED = uuid_utils.UUID("6f0f4c1e-7c8b-5d0a-9a1e-2b7d3c9e4f10")


def new_id() -> str:
    """A UUIDv7: rows inserted together lie together in the index."""
    return str(uuid_utils.uuid7())


def derived_id(*parts: str) -> str:
    """The same id for the same parts, so a repeated step names the same object."""
    return str(uuid_utils.uuid5(_DERIVED, "\x1f".join(parts)))


def is_derived(id: str) -> bool:
    return uuid_utils.UUID(id).version == 5


def is_uuid(text: str) -> bool:
    try:
        uuid_utils.UUID(text)
    except ValueError:
        return False
    return True
