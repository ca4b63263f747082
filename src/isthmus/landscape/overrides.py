"""What this firm does differently from the default ownership table and the connectors' mappings."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from isthmus.canonical.base import Role
from isthmus.landscape.firm import Part
from isthmus.rules.ownership import OnForeignWrite


class OwnershipOverride(Part):
    owner: Role | None = Field(
        default=None, description="Role whose value counts; as in the table when left out."
    )
    on_foreign_write: OnForeignWrite | None = Field(
        default=None,
        description="A write by another system is dropped, corrected at its source, or raised as "
        "drift for a person; as in the table when left out.",
    )


class AttributeOverlay(Part):
    """Laid over one attribute of the connector's mapping; what is left out stays as shipped."""

    field: str | None = Field(
        default=None, description="The vendor's field, with dots through related records."
    )
    currency: str | None = Field(
        default=None, description="Field with the ISO code of an amount, or a fixed code: `=EUR`."
    )
    values: dict[str, str | bool | None] | None = Field(
        default=None, description="The vendor's picklist to ours; replaces the shipped list."
    )
    otherwise: str | None = Field(
        default=None, description="Our value for what `values` does not list."
    )
    direction: Literal["both", "in", "out"] | None = Field(
        default=None, description="Whether it is read, written, or both."
    )
    clears: bool | None = Field(
        default=None, description="Whether an absent value empties the vendor's field."
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"field": value} if isinstance(value, str) else value
