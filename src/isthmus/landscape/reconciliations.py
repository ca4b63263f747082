"""Which systems are compared, how often, and who answers for what differs."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from isthmus.kit.duration import Duration
from isthmus.landscape.firm import Part

PromiseName = Literal["time", "invoices", "customers"]
Signature = Literal["finance", "delivery"]


class Reconciliation(Part):
    """Two connections, one promise: that they say the same of the same things."""

    promise: PromiseName = Field(
        description="`time`: approved hours are in the ledger; `invoices`: sales sees what the "
        "ledger says; `customers`: both know the same clients on the same terms."
    )
    connections: tuple[str, str] = Field(
        description="The side that decides and the side that follows: PSA and ERP of time, ERP "
        "and CRM of invoices, CRM and ERP of customers."
    )
    legal_entities: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Codes of companies; all when left out."
    )
    every: Duration | None = Field(
        default=None, description="How often the workers run it; only on demand when left out."
    )
    grace: Literal["none"] | Duration = Field(
        default=timedelta(hours=1),
        description="How long a change may be under way before it counts as a difference.",
    )
    months: int = Field(
        default=2, ge=1, le=36, description="Months compared: the current one and those before it."
    )
    owner: Literal["finance", "pmo", "integration"] = Field(
        default="finance", description="Who answers for what differs."
    )
    signatures: tuple[Signature, ...] = Field(
        default=("finance",), min_length=1, description="Who signs a run: finance, delivery."
    )

    @property
    def allowed(self) -> timedelta:
        return self.grace if isinstance(self.grace, timedelta) else timedelta(0)
