"""Lists in pages, and answers with only the fields that are asked for.

A cursor says where the next page starts and what was asked for; it is good for that question only.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, Field, create_model

from isthmus.landscape.keys import did_you_mean, listed
from isthmus.web.correlation import add_header
from isthmus.web.problem import FieldError, Refusal

T = TypeVar("T")
Limit = Annotated[int, Query(ge=1, le=500, description="Most of one page.")]
After = Annotated[
    str | None, Query(max_length=2000, description="`next` of the page before, as it came.")
]
Fields = Annotated[
    str | None,
    Query(max_length=2000, description="Names of the fields to answer with, with commas between."),
]


class Page(BaseModel, Generic[T]):
    """Some of a list; `next` is null on the last page."""

    items: list[T]
    next: str | None = Field(description="What to send as `after` for the next page.")


@cache
def sparse(model: type[BaseModel], always: str) -> type[BaseModel]:
    """The model of an answer from which all fields but one may be left out."""
    optional: dict[str, Any] = {
        name: (declared.annotation, Field(default=None, description=declared.description))
        for name, declared in model.model_fields.items()
        if name != always
    }
    needed = model.model_fields[always]
    fields: dict[str, Any] = {always: (needed.annotation, needed), **optional}
    made: type[BaseModel] = create_model(f"{model.__name__}Row", **fields)
    return made


def started_after(request: Request, after: str | None, kinds: Sequence[type]) -> list[Any] | None:
    """The key that the page before ended with. Raises 400 for a cursor of another question."""
    if after is None:
        return None
    try:
        asked, key = json.loads(base64.urlsafe_b64decode(after.encode()))
        good = asked == _asked(request) and [type(part) for part in key] == list(kinds)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        good, key = False, []
    if not good:
        raise Refusal(
            400, "cursor_unusable", "`after` is no cursor of this list with these filters",
            "Send `next` of the page before with the same filters, or leave `after` out.",
            errors=[FieldError(field="query.after", reason="it is not a cursor of this list")],
        )  # fmt: skip
    return list(key)


def page_of(
    request: Request, found: Sequence[T], limit: int, key: Callable[[T], Sequence[Any]]
) -> tuple[Sequence[T], str | None]:
    """`found` has one more than `limit` where there are more."""
    if len(found) <= limit:
        return found, None
    text = json.dumps([_asked(request), list(key(found[limit - 1]))])
    cursor = base64.urlsafe_b64encode(text.encode()).decode()
    url = request.url.include_query_params(after=cursor)
    add_header(request.scope, "Link", f'<{url.path}?{url.query}>; rel="next"')
    return found[:limit], cursor


def _asked(request: Request) -> str:
    """What must stay the same from page to page."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in ("after", "limit")]
    return sha256(json.dumps([request.url.path, sorted(kept)]).encode()).hexdigest()[:16]


def chosen_fields(fields: str | None, known: Iterable[str], always: str) -> frozenset[str] | None:
    """None: all of them. Raises 422 for a field that there is not."""
    if fields is None:
        return None
    names, there = {name.strip() for name in fields.split(",")}, frozenset(known)
    if unknown := sorted(names - there):
        raise Refusal(
            422, "field_unknown", f"there is no field {unknown[0]!r}; there are {listed(there)}",
            did_you_mean(unknown[0], there, "Ask for fields that there are."),
            errors=[FieldError(field="query.fields", reason=f"{n!r} is unknown") for n in unknown],
        )  # fmt: skip
    return frozenset(names | {always})


def only(values: Mapping[str, Any], chosen: frozenset[str] | None) -> dict[str, Any]:
    return {k: v for k, v in values.items() if chosen is None or k in chosen}
