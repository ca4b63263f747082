"""What a form about accounts and keys sends, and what is wrong with it, by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from isthmus.access import AccessRole, Permission
from isthmus.access.keys import LONGEST
from isthmus.landscape import Landscape
from isthmus.store.accounts import Given

SCOPE = "scope:"
"""A box for each scope: a form's fields are read by name."""
USUAL, OVERLAP, MOST_OVERLAP = 90, 1, 30


@dataclass
class Sent:
    """What was typed, and the message for each field that cannot be used."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def of(self, name: str, default: object = "") -> str:
        return self.values.get(name, str(default)).strip()

    @property
    def is_bad(self) -> bool:
        return bool(self.errors)


def places(landscape: Landscape) -> list[tuple[str, str]]:
    """Where in the firm a role may hold; the first is everywhere."""
    companies = [(code, code) for code in landscape.firm.legal_entities]
    regions = [
        (name, f"{name}: {', '.join(codes)}") for name, codes in landscape.access.regions.items()
    ]
    return [("", "the whole firm"), *companies, *regions]


def role_in(sent: Sent, landscape: Landscape) -> Given:
    role, place = sent.of("role"), sent.of("where")
    if role not in list(AccessRole):
        sent.errors["role"] = "Choose what the account may do."
    if place not in dict(places(landscape)):
        sent.errors["where"] = f"There is no company or region {place}; choose one of the list."
    return role, place


def days_in(sent: Sent, name: str, default: int, most: int = LONGEST.days) -> timedelta:
    text = sent.of(name, default)
    if text.isdecimal() and len(text) < 6 and 1 <= int(text) <= most:
        return timedelta(days=int(text))
    sent.errors[name] = f"{text or 'Nothing'} does not do; write whole days, 1 to {most}."
    return timedelta()


def scopes_in(sent: Sent) -> list[Permission] | None:
    """None where no box is ticked: all that the machine's roles allow."""
    names = [name.removeprefix(SCOPE) for name in sent.values if name.startswith(SCOPE)]
    unknown = [name for name in names if name not in list(Permission)]
    if unknown:
        sent.errors["scopes"] = f"There is no scope {unknown[0]}; tick boxes of the list."
        return None
    return [Permission(name) for name in names] or None
