"""All that a system has of one kind, to be compared: not what changed, what is there now.

A connector that can narrow a listing to days implements `Lists`. Of any other system everything is
read from the beginning, and who asked leaves out what lies beyond the days.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from isthmus.canonical import CanonicalObject
from isthmus.connect.system import Change, System
from isthmus.connect.watermark import Watermark


@dataclass(frozen=True)
class Window:
    """Days, both included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


@runtime_checkable
class Lists(Protocol):
    """`listed` are the kinds that `listing` takes, also such as `changes` does not read."""

    listed: frozenset[type[CanonicalObject]]

    def listing(
        self, model: type[CanonicalObject], window: Window | None
    ) -> AsyncIterator[Sequence[Change]]:
        """Records whose day lies in the window, each once, in pages of bounded size. It may give
        more than the window; objects without a day are given whole.
        """
        ...


def can_list(system: System, model: type[CanonicalObject]) -> bool:
    if isinstance(system, Lists) and model in system.listed:
        return True
    capability = system.capabilities.get(model)
    return capability is not None and capability.reads


async def listing(
    system: System, model: type[CanonicalObject], window: Window | None
) -> AsyncIterator[Sequence[Change]]:
    if isinstance(system, Lists) and model in system.listed:
        async for changes in system.listing(model, window):
            yield changes
        return
    async for page in system.changes(model, Watermark()):
        yield [change for change in page.changes if not change.deleted]
