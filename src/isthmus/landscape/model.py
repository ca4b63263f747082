"""The landscape: everything that makes this firm's installation differ from another's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import Field

from isthmus.canonical.base import Role
from isthmus.landscape.access import Access
from isthmus.landscape.bindings import Roles, connection_playing
from isthmus.landscape.connection import Connection, OpenedConnection, Poll
from isthmus.landscape.destinations import Destination
from isthmus.landscape.exceptions import Exceptions
from isthmus.landscape.firm import Firm, Part
from isthmus.landscape.mistake import Mistake
from isthmus.landscape.overrides import AttributeOverlay, OwnershipOverride
from isthmus.landscape.policies import Policies, Schedules
from isthmus.landscape.reconciliations import Reconciliation
from isthmus.landscape.residency import Residency
from isthmus.landscape.retention import Retention
from isthmus.landscape.sla import Alerts, Promise
from isthmus.rules.ownership import Ownership


class LandscapeFile(Part):
    """The keys of the file, before the vendors' own keys are added to the connections."""

    firm: Firm = Field(description="The firm, its calendar and its companies.")
    connections: Mapping[str, Connection] = Field(
        min_length=1,
        description="The systems, each one tenant of one vendor, by a name you choose.",
    )
    roles: Roles = Field(description="Which connection plays crm, psa, erp and hcm, and for whom.")
    ownership: dict[str, OwnershipOverride] = Field(
        default={},
        description="`object.attribute` to its owner; only what differs from the default table.",
    )
    mappings: dict[str, dict[str, AttributeOverlay]] = Field(
        default={},
        description="`connection.mapping` to attributes whose vendor field or values differ.",
    )
    policies: Policies = Field(default=Policies(), description="Decisions that firms differ in.")
    schedules: Schedules = Field(default=Schedules(), description="What happens by the clock.")
    destinations: dict[str, Destination] = Field(
        default={},
        description="Brokers and webhooks that events are sent to, by a name you choose.",
    )
    exceptions: Exceptions = Field(
        default=Exceptions(), description="How holds are worked through."
    )
    sla: dict[str, Promise] = Field(
        default={}, description="Flow to how soon its runs are to be done."
    )
    alerts: Alerts = Field(
        default=Alerts(), description="Where each owner is told that a promise is being broken."
    )
    reconciliations: dict[str, Reconciliation] = Field(
        default={}, description="Systems that are compared, by a name you choose."
    )
    retention: Retention = Field(
        default=Retention(), description="How long what is finished is kept in full."
    )
    residency: Residency = Field(
        default=Residency(), description="Where personal data may be kept, by region."
    )
    access: Access = Field(
        default=Access(), description="Who knows the firm's people, and which roles they have."
    )


class Landscape(LandscapeFile):
    """A checked file. Made by `load` only."""

    connections: Mapping[str, OpenedConnection]
    warnings: tuple[Mistake, ...] = Field(default=(), exclude=True)

    def connection_for(self, role: Role, legal_entity: str | None = None, *, on: date) -> str:
        """Name of the connection that plays `role`. Raises RoleUnbound or RoleAmbiguous."""
        return connection_playing(role, self.roles.of(role), legal_entity, on)

    def connections_for(self, role: Role, *, on: date) -> tuple[str, ...]:
        """All that play the role for anyone, each once, in the file's order."""
        bindings = self.roles.of(role)
        return tuple(dict.fromkeys(b.connection for b in bindings if b.covers(on)))

    def region_of(self, connection: str) -> str | None:
        """Its own, or that of the connection whose organisation it lives in."""
        own = self.connections[connection]
        under = self.connections.get(own.platform or "")
        return own.region or (under.region if under else None)

    def kept_from(self, region: str | None) -> frozenset[str]:
        """Codes of companies whose people's data may not be kept in a region; None: not known."""
        return frozenset(
            code
            for code, company in self.firm.legal_entities.items()
            if not self.residency.allows(company.region, region)
        )

    def poll_interval(self, connection: str, kind: str, default: timedelta) -> timedelta | None:
        """None when the vendor tells us by webhook."""
        source = self.connections[connection].changes.get(kind)
        if source == "webhook":
            return None
        if isinstance(source, Poll):
            return source.poll
        poll = self.schedules.poll
        return poll.objects.get(kind, poll.default or default)

    def ownership_table(self) -> Ownership:
        """The default table with this firm's overrides, for the roles that anybody plays."""
        overrides = {
            name: override.model_dump(mode="json", exclude_none=True)
            for name, override in self.ownership.items()
        }
        played = frozenset(role for role in Role if self.roles.of(role))
        return Ownership.default().with_overrides(overrides).bound_to(played | {Role.ISTHMUS})

    def overlays(self, connection: str) -> dict[str, dict[str, dict[str, Any]]]:
        """Mapping overlays of one connection: object -> attribute -> what was written."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for key, attributes in self.mappings.items():
            name, _, kind = key.partition(".")
            if name == connection:
                found[kind] = {
                    attribute: overlay.model_dump(exclude_unset=True)
                    for attribute, overlay in attributes.items()
                }
        return found

    def show(self) -> dict[str, Any]:
        """The landscape with all defaults, fit to print: no secret is in it."""
        shown = self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"connections"}
        )
        connections = {
            name: {
                **connection.model_dump(
                    mode="json", exclude_none=True, include=set(Connection.model_fields)
                ),
                **connection.written,
            }
            for name, connection in self.connections.items()
        }
        return {"firm": shown.pop("firm"), "connections": connections, **shown}
