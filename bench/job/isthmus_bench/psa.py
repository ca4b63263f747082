"""A system that sells and delivers (CRM and PSA in one): clients, won deals, people and prices.

It takes the projects that are opened from its deals, and numbers each as its deal is named.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from isthmus.canonical import (
    CanonicalObject,
    Customer,
    Opportunity,
    Project,
    RateCard,
    Resource,
    ResourceDemand,
)
from isthmus.canonical.base import Role
from isthmus.connect import (
    Capability,
    Change,
    ConnectionContext,
    Connector,
    Health,
    Outgoing,
    Page,
    Receipt,
    Refused,
    System,
    Watermark,
)
from isthmus_bench.firm import Record, records
from isthmus_bench.system import Silent

CHANGED_AT = datetime(2024, 1, 1, tzinfo=UTC)
"""Nothing in this system ever changes."""


class PsaConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    vendor: Literal["bench_psa"] = "bench_psa"
    firm: Path = Field(description="File with the projects, people, roles and rates of the job.")


class Psa(Silent):
    capabilities: Mapping[type[CanonicalObject], Capability] = {
        Customer: Capability(reads=True),
        Opportunity: Capability(reads=True, writes=True),
        Resource: Capability(reads=True),
        RateCard: Capability(reads=True),
        Project: Capability(writes=True),
        ResourceDemand: Capability(writes=True),
    }

    def __init__(self, context: ConnectionContext, config: PsaConfig) -> None:
        super().__init__(context.name)
        self._records = records(config.firm)

    async def changes(self, model: type[CanonicalObject], since: Watermark) -> AsyncIterator[Page]:
        found = [
            _change(record)
            for record in self._records[model].values()
            if since.admits(record.id, CHANGED_AT, record.attributes)
        ]
        yield Page(found, since.copy())

    async def get(self, model: type[CanonicalObject], external_id: str) -> Change | None:
        record = self._records.get(model, {}).get(external_id)
        return _change(record) if record else None

    async def put(self, outgoing: Outgoing) -> Receipt:
        obj = outgoing.obj
        if not self.capabilities.get(type(obj), Capability()).writes:
            raise Refused(self.name, f"this system takes no {obj.kind}")
        known = outgoing.external_id
        name = obj.name if isinstance(obj, Project) else obj.id
        return Receipt(known or name, created=known is None)

    async def health(self) -> Health:
        return Health(True, "a file is there")


def _change(record: Record) -> Change:
    return Change(record.model, record.id, CHANGED_AT, record.attributes)


def _open(context: ConnectionContext, config: Any) -> System:
    return Psa(context, config)


CONNECTOR = Connector("bench_psa", "Benchmark CRM and PSA", (Role.CRM, Role.PSA), PsaConfig, _open)
