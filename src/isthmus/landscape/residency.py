"""Where the personal data of a company's people may be kept, by the company's region."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from isthmus.landscape.firm import Part

Region = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]


class Residency(Part):
    """Nothing is restricted until `allowed` is written; then every company has a region in it, and
    a place that names no region is outside of all.
    """

    allowed: dict[Region, tuple[Region, ...]] = Field(
        default={},
        description="Region of people to the other regions where their personal data may be kept; "
        "in their own it always may.",
    )
    isthmus: Region | None = Field(
        default=None, description="Region of Isthmus's own database, its files and backups."
    )
    telemetry: Region | None = Field(
        default=None,
        description="Region that traces are exported to. They hold nothing personal: it is masked "
        "before they leave.",
    )

    def allows(self, people: str | None, place: str | None) -> bool:
        """May data of people of a region be kept in a place of another?"""
        if not self.allowed:
            return True
        if people not in self.allowed or place is None:
            return False
        return place == people or place in self.allowed[people]

    @property
    def regions(self) -> frozenset[str]:
        return frozenset(self.allowed).union(*self.allowed.values())
