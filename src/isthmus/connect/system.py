"""What every connected system looks like to the rest: one protocol, whatever the vendor.

Objects cross this border with the vendor's own ids in their references; the cross-reference
(xref) translates them on our side, so a connector never sees a canonical id except as the
external key under which it stores our objects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel

from isthmus.canonical import CanonicalObject
from isthmus.canonical.base import Role
from isthmus.canonical.journal_entry import Account
from isthmus.connect.errors import ConnectError, FieldProblem
from isthmus.connect.gate import Gate
from isthmus.connect.quota import Quota
from isthmus.connect.watermark import Watermark


@dataclass(frozen=True)
class Change:
    """A vendor's record as canonical attributes; only those that this system holds.

    `problems` are values that the mapping could not translate. `canonical_id` is set when the
    vendor's record carries our key (we made it), so that it is recognised without a look-up.
    """

    model: type[CanonicalObject]
    external_id: str
    modified_at: datetime
    attributes: Mapping[str, Any]
    canonical_id: str | None = None
    deleted: bool = False
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True)
class Page:
    """Changes and the watermark to store with them, in the same transaction."""

    changes: Sequence[Change]
    watermark: Watermark


@dataclass(frozen=True)
class Outgoing:
    """An object to write. References in `obj` are the target's ids.

    `external_id` is the target's id where the xref knows it. `only` limits the write to some
    attributes; None writes all that the connector maps.
    """

    obj: CanonicalObject
    idempotency_key: str
    external_id: str | None = None
    only: frozenset[str] | None = None


@dataclass(frozen=True)
class Receipt:
    """The target's answer: its id, whether it was new, and what it says of the record now."""

    external_id: str
    created: bool
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """A vendor's word that a record changed; the record itself is read afterwards."""

    event_id: str
    model: type[CanonicalObject]
    external_id: str


@dataclass(frozen=True)
class Webhook:
    """A request as it arrived, stored before anything else happens."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """How the vendor wants to be told that we have it.

    `kept` is what may be stored of the request's body, where it carries a secret; None: all of it.
    """

    body: bytes = b""
    media_type: str = "application/json"
    kept: bytes | None = None


@dataclass(frozen=True)
class Capability:
    """What a connector can do with one kind of object."""

    reads: bool = False
    writes: bool = False
    pushes: bool = False
    """Changes arrive by webhook too."""
    finds_by: tuple[str, ...] = ()
    batch: int = 1
    """Largest number of records that one write call takes."""
    accounts: frozenset[Account] = frozenset()
    """Of journal entries: those that the connection has a number for."""


@dataclass(frozen=True)
class Health:
    ok: bool
    detail: str


class System(Protocol):
    """One connection: one tenant of one vendor."""

    name: str
    capabilities: Mapping[type[CanonicalObject], Capability]
    transport: object
    """Shared by connections that live on one platform (a Salesforce org and its packages)."""

    def changes(self, model: type[CanonicalObject], since: Watermark) -> AsyncIterator[Page]: ...

    async def get(self, model: type[CanonicalObject], external_id: str) -> Change | None: ...

    async def find(
        self, model: type[CanonicalObject], criteria: Mapping[str, str]
    ) -> Sequence[Change]:
        """Records whose attributes equal the criteria, at most 50; keys from `finds_by`."""
        ...

    async def put(self, outgoing: Outgoing) -> Receipt:
        """Create or update, idempotent: the same key never makes a second record.

        A call whose outcome is unknown is resolved inside by asking the target.
        """
        ...

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        """Results in the order of `batch`; a bad one does not stop the others.

        Raises only what stops all of them: Unavailable, Throttled, Unauthorized.
        """
        ...

    def receive(self, webhook: Webhook) -> tuple[Sequence[Notice], Reply]:
        """Verify and read a webhook. Raises Unauthorized when it is not from the vendor."""
        ...

    async def health(self) -> Health:
        """One cheap authenticated call."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class ConnectionContext:
    """What the composition root hands a connector besides its own configuration.

    `overlays` are the landscape's mapping overrides, by mapping name. `transport` is that of the
    connection named under `platform`. `gate` is what its calls pass; None: a process by itself.
    """

    name: str
    overlays: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    transport: object = None
    gate: Gate | None = None


@dataclass(frozen=True)
class Connector:
    """A vendor, as found through the entry-point group `isthmus.connectors`.

    `quota` is what the vendor publishes of its limits, for a connection configured so.
    """

    vendor: str
    title: str
    roles: tuple[Role, ...]
    config: type[BaseModel]
    open: Callable[[ConnectionContext, Any], System]
    quota: Callable[[Any], Quota] = lambda config: Quota()
