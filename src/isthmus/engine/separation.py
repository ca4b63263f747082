"""Segregation of duties: who corrects a held amount does not release it."""

from __future__ import annotations

import typing
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from isthmus.canonical import BY_KIND
from isthmus.engine.refused import ActionRefused
from isthmus.kit.money import Money
from isthmus.store.database import Transaction
from isthmus.store.holds import HoldRow


async def ensure_another(tx: Transaction, hold: HoldRow, by: str) -> None:
    """Raises ActionRefused."""
    if mine := await amounts_corrected(tx, hold, by):
        raise ActionRefused(
            f"{hold.label} is not released.",
            f"{by} corrected {', '.join(mine)}; who corrects a held amount does not release it.",
            "Ask somebody else who may release holds to look at the correction and replay it.",
        )


async def amounts_corrected(tx: Transaction, hold: HoldRow, by: str) -> list[str]:
    """What keeps `by` from releasing the hold. Where nobody has an account one person works alone,
    and may.
    """
    if not await tx.accounts.any():
        return []
    made = await tx.edits.made_by(by, hold.number, hold.object_kind, hold.object_id)
    return sorted(f"{kind}.{attribute}" for kind, attribute in made if is_amount(kind, attribute))


def is_amount(kind: str, attribute: str) -> bool:
    """Is it money, hours or a rate, or does it hold one?"""
    return _counts(BY_KIND[kind].model_fields[attribute].annotation)


def _counts(annotation: Any) -> bool:
    if annotation in (Money, Decimal):
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(_counts(field.annotation) for field in annotation.model_fields.values())
    return any(_counts(part) for part in typing.get_args(annotation) if part is not ...)
