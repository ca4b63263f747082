"""Who plays which role, for which of the firm's companies, in which period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import Field, model_validator

from isthmus.canonical.base import Role
from isthmus.landscape.firm import Part
from isthmus.landscape.keys import wrong


class RoleError(LookupError):
    """No connection, or more than one, plays the role for that company on that day."""


class RoleUnbound(RoleError):
    pass


class RoleAmbiguous(RoleError):
    pass


class Binding(Part):
    connection: str = Field(description="Name under `connections`.")
    legal_entities: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="Codes of companies it serves; all when left out."
    )
    starts_on: date | None = Field(
        default=None, alias="from", description="First day, inclusive; always when left out."
    )
    ends_on: date | None = Field(
        default=None, alias="until", description="Last day, inclusive; for ever when left out."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Binding:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise wrong(
                f"it ends on {self.ends_on}, before it starts on {self.starts_on}",
                "Correct `from` or `until`.",
            )
        return self

    def serves(self, legal_entity: str | None) -> bool:
        """Of no company in particular: every binding may serve."""
        return (
            legal_entity is None
            or self.legal_entities is None
            or legal_entity in self.legal_entities
        )

    def covers(self, day: date) -> bool:
        return (self.starts_on or date.min) <= day <= (self.ends_on or date.max)


class Roles(Part):
    """Flows only ever speak to a role; which system answers is decided here."""

    crm: tuple[Binding, ...] = Field(default=(), description="Sales: customers and deals.")
    psa: tuple[Binding, ...] = Field(default=(), description="Delivery: projects, time, expenses.")
    erp: tuple[Binding, ...] = Field(default=(), description="Books: invoices, payments, periods.")
    hcm: tuple[Binding, ...] = Field(default=(), description="People: employees and absence.")

    def of(self, role: Role) -> tuple[Binding, ...]:
        bindings: dict[Role, tuple[Binding, ...]] = {
            Role.CRM: self.crm, Role.PSA: self.psa, Role.ERP: self.erp, Role.HCM: self.hcm,
        }  # fmt: skip
        return bindings.get(role, ())


def connection_playing(
    role: Role, bindings: Sequence[Binding], legal_entity: str | None, on: date
) -> str:
    serving = [b for b in bindings if b.serves(legal_entity) and b.covers(on)]
    names = sorted({binding.connection for binding in serving})
    if len(names) == 1:
        return names[0]
    whom = f"for {legal_entity}" if legal_entity else "without a legal entity"
    if not names:
        raise RoleUnbound(
            f"no connection plays {role.value} {whom} on {on}. "
            f"Add one under roles.{role.value} in the landscape."
        )
    remedy = (
        f"Bind only one under roles.{role.value} in the landscape."
        if legal_entity
        else "Say for which legal entity."
    )
    raise RoleAmbiguous(
        f"{len(names)} connections play {role.value} {whom} on {on}: {', '.join(names)}. {remedy}"
    )
