"""Ownership: which role may set an attribute, and what becomes of everybody else's writes.

An echo of our own write never loops, because a foreign value equal to the current one is not a
write at all. Policies: `drift` by default, so that a person learns that two systems disagree;
`drop` for attributes that other systems only mirror because we wrote them there (`MIRRORED`, and
all that the integration layer itself owns), where a difference is a late copy, not an opinion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from isthmus.canonical import BY_KIND, OBJECTS
from isthmus.canonical.base import (
    CanonicalObject,
    Role,
    attributes,
    owner_of,
    seeded_by,
    unit_of,
)


class OnForeignWrite(StrEnum):
    DROP = "drop"
    CORRECT = "correct"
    DRIFT = "drift"


MIRRORED = frozenset(
    {
        "customer.account_number",
        "customer.status",
        "expense_entry.invoice_number",
        "expense_entry.invoiced_on",
        "milestone.invoice_number",
        "time_entry.invoice_number",
        "time_entry.invoiced_on",
    }
)
"""Facts of the ledger that we write into systems which show them and cannot decide them."""


@dataclass(frozen=True, slots=True)
class OwnershipRule:
    owner: Role
    on_foreign_write: OnForeignWrite = OnForeignWrite.DRIFT
    seeded_by: Role | None = None


@dataclass(frozen=True, slots=True)
class OwnershipRow:
    """One line of the table that people read."""

    kind: str
    attribute: str
    owner: Role
    seeded_by: Role | None
    on_foreign_write: OnForeignWrite
    unit: str | None
    description: str


@dataclass(frozen=True, slots=True)
class ForeignWrite:
    attribute: str
    owner: Role
    policy: OnForeignWrite
    kept: Any
    offered: Any


@dataclass(frozen=True, slots=True)
class Reduction:
    accepted: dict[str, Any] = field(default_factory=dict)
    rejected: tuple[ForeignWrite, ...] = ()

    def under(self, policy: OnForeignWrite) -> tuple[ForeignWrite, ...]:
        return tuple(write for write in self.rejected if write.policy is policy)


@dataclass(frozen=True, slots=True)
class Ownership:
    rules: Mapping[tuple[str, str], OwnershipRule]

    @classmethod
    def default(cls) -> Ownership:
        return cls({(m.kind, name): _declared(m, name) for m in OBJECTS for name in attributes(m)})

    def with_overrides(self, overrides: Mapping[str, Mapping[str, str]]) -> Ownership:
        """Rows of the landscape: `{"customer.payment_terms": {"owner": "erp"}}`."""
        rules = dict(self.rules)
        for name, settings in overrides.items():
            key = self._key(name)
            rules[key] = _overridden(name, rules[key], settings)
        return Ownership(rules)

    def bound_to(self, roles: frozenset[Role]) -> Ownership:
        """The table of a landscape where only these roles are played.

        An attribute whose owner no system plays falls to the role that seeds it: without an HR
        system, the PSA's word on a resource's name is the only one there is.
        """
        return Ownership({key: _played(rule, roles) for key, rule in self.rules.items()})

    def rule(self, kind: str, attribute: str) -> OwnershipRule:
        return self.rules[self._key(f"{kind}.{attribute}")]

    def reduce(
        self,
        model: type[CanonicalObject],
        current: Mapping[str, Any] | None,
        attributes: Mapping[str, Any],
        roles: frozenset[Role],
    ) -> Reduction:
        """What of a write by a system that plays `roles` may stand.

        The canonical id is not an attribute: the cross-reference decides it.
        """
        accepted: dict[str, Any] = {}
        rejected: list[ForeignWrite] = []
        for name, offered in attributes.items():
            if name == "id":
                continue
            rule = self.rule(model.kind, name)
            kept = (current or {}).get(name)
            if rule.owner in roles or _seeds(model, name, rule, kept, offered, roles):
                accepted[name] = offered
            elif not _equal(model, name, _or_default(model, name, kept), offered):
                rejected.append(
                    ForeignWrite(name, rule.owner, rule.on_foreign_write, kept, offered)
                )
        return Reduction(accepted, tuple(rejected))

    def table(self) -> tuple[OwnershipRow, ...]:
        return tuple(self._rows())

    def _rows(self) -> Iterator[OwnershipRow]:
        for (kind, name), rule in self.rules.items():
            model = BY_KIND[kind]
            yield OwnershipRow(
                kind,
                name,
                rule.owner,
                rule.seeded_by,
                rule.on_foreign_write,
                unit_of(model, name),
                model.model_fields[name].description or "",
            )

    def _key(self, name: str) -> tuple[str, str]:
        kind, _, attribute = name.partition(".")
        if (kind, attribute) in self.rules:
            return kind, attribute
        near = get_close_matches(name, [f"{k}.{a}" for k, a in self.rules], n=1)
        raise ValueError(
            f"{name}: the canonical model has no such attribute.\n"
            "Ownership is declared per attribute, as kind.attribute.\n"
            + (f"Did you mean {near[0]}?" if near else "`isthmus model` lists all of them.")
        )


def _declared(model: type[CanonicalObject], name: str) -> OwnershipRule:
    owner = owner_of(model, name)
    mirrored = owner is Role.ISTHMUS or f"{model.kind}.{name}" in MIRRORED
    policy = OnForeignWrite.DROP if mirrored else OnForeignWrite.DRIFT
    return OwnershipRule(owner, policy, seeded_by(model, name))


def _played(rule: OwnershipRule, roles: frozenset[Role]) -> OwnershipRule:
    if rule.owner in roles or rule.seeded_by is None or rule.seeded_by not in roles:
        return rule
    return replace(rule, owner=rule.seeded_by, seeded_by=None)


def _overridden(name: str, rule: OwnershipRule, settings: Mapping[str, str]) -> OwnershipRule:
    known: dict[str, type[StrEnum]] = {
        "owner": Role,
        "on_foreign_write": OnForeignWrite,
        "seeded_by": Role,
    }
    changes: dict[str, Any] = {}
    for setting, value in settings.items():
        allowed = known.get(setting)
        choices = list(allowed) if allowed else list(known)
        if allowed is None or value not in choices:
            raise ValueError(
                f"{name}: {setting}{f': {value}' if allowed else ''} is not understood.\n"
                "An override says who owns an attribute and what happens to other writes.\n"
                f"Use one of: {', '.join(choices)}."
            )
        changes[setting] = allowed(value)
    return replace(rule, **changes)


def _seeds(
    model: type[CanonicalObject],
    name: str,
    rule: OwnershipRule,
    kept: object,
    offered: object,
    roles: frozenset[Role],
) -> bool:
    """A first value where the owner has none: without it the object could not exist at all."""
    if kept is not None or offered is None:
        return False
    return rule.seeded_by in roles or model.model_fields[name].is_required()


def _or_default(model: type[CanonicalObject], name: str, kept: object) -> object:
    """A field left at the model's default was never written, so the default is no news."""
    definition = model.model_fields[name]
    if kept is not None or definition.is_required():
        return kept
    return definition.get_default(call_default_factory=True, validated_data={})


@cache
def _adapter(model: type[CanonicalObject], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", model.model_fields[name].annotation))


def _typed(model: type[CanonicalObject], name: str, value: object) -> object:
    """The value in its canonical type, since one side may have been read back from JSON."""
    try:
        return _adapter(model, name).validate_python(value)
    except ValidationError:
        return value


def _equal(model: type[CanonicalObject], name: str, kept: object, offered: object) -> bool:
    return kept == offered or _typed(model, name, kept) == _typed(model, name, offered)
