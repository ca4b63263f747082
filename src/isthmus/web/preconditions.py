"""`ETag` and `If-Match`: who edits, edits what he has read.

https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1; 428 is https://www.rfc-editor.org/rfc/rfc6585.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Header

from isthmus.web.problem import Refusal, kind_of

IfMatch = Annotated[
    str | None, Header(max_length=500, description="ETag of what was read, or `*` for whatever.")
]


def etag_of(*parts: Any) -> str:
    """Another one for anything that has changed."""
    return f'"{sha256(json.dumps(parts, default=str).encode()).hexdigest()[:24]}"'


def ensure_unchanged(if_match: str | None, etag: str, what: str) -> None:
    """Raises 428 without the header, 412 where it names another state."""
    if if_match is None:
        raise Refusal(
            428, "precondition_required", f"{what} is changed only by who has read it",
            kind_of(428).remedy,
        )  # fmt: skip
    given = {tag.strip() for tag in if_match.split(",")}
    if "*" not in given and etag not in given:
        raise Refusal(
            412, "changed_meanwhile", f"{what} is another than the one that was read",
            kind_of(412).remedy, headers={"ETag": etag},
        )  # fmt: skip
