"""Read a landscape file and find every mistake in it, before anything is started."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

from isthmus.canonical import CanonicalObject
from isthmus.canonical.base import Role
from isthmus.kit.secret import Store
from isthmus.landscape.checks import check_meaning
from isthmus.landscape.checks.access import PROVIDERS, check_access
from isthmus.landscape.checks.parts import keys_at
from isthmus.landscape.checks.promises import check_promises
from isthmus.landscape.connection import Connection, OpenedConnection
from isthmus.landscape.destinations import Destination
from isthmus.landscape.document import Document, Kind, read_document
from isthmus.landscape.explain import Explainer
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.landscape.mistake import KeyPath, LandscapeError, Mistake
from isthmus.landscape.model import Landscape, LandscapeFile
from isthmus.landscape.secrets import Secrets

LANDSCAPE = Kind(
    name="landscape",
    keys="firm, connections, roles",
    start="Start from examples/isthmus.yaml.",
    place="Name the file with --landscape or ISTHMUS_LANDSCAPE; start from examples/isthmus.yaml.",
)
DESKS = ("exceptions", "desks")
"""Secrets beside those of the connections, resolved desk by desk."""
Connectors = Mapping[str, type[BaseModel]]
"""Vendor -> the model of its part of a connection.

A model that declares a shared key (`vendor`, `platform`, `changes`) is given it too. Its class
variable `platform_vendors`, a tuple, names the vendors in whose organisation it may live.
"""
Plays = Mapping[str, Collection[Role]]
"""Vendor -> the roles that its connector can play; a vendor that is not there is not checked."""
Mapped = Mapping[str, Mapping[str, type[CanonicalObject]]]
"""Vendor -> its mapping files by name -> the object that each maps. A vendor that is not there
names its mapping files after our objects.
"""


@dataclass(frozen=True)
class Reading:
    """What was found in the file; `landscape` is None when a mistake is an error."""

    landscape: Landscape | None
    mistakes: tuple[Mistake, ...]


def load(
    path: Path | str,
    connectors: Connectors,
    env: Mapping[str, str] = os.environ,
    plays: Plays | None = None,
    mapped: Mapped | None = None,
    event_types: Collection[str] = (),
    flows: Collection[str] = (),
    access_roles: Collection[str] = (),
    stores: Mapping[str, Store] = MappingProxyType({}),
) -> Landscape:
    """The landscape in the file. Raises LandscapeError with every mistake. `event_types` are
    those that a destination may ask for, `flows` those of which something may be
    promised, `access_roles` those that people may have; none: they are not checked. `stores` are
    secret managers by scheme.
    """
    reading = check(path, connectors, env, plays, mapped, event_types, flows, access_roles, stores)
    if reading.landscape is None:
        raise LandscapeError(Path(path), reading.mistakes)
    return reading.landscape


def check(
    path: Path | str,
    connectors: Connectors,
    env: Mapping[str, str] = os.environ,
    plays: Plays | None = None,
    mapped: Mapped | None = None,
    event_types: Collection[str] = (),
    flows: Collection[str] = (),
    access_roles: Collection[str] = (),
    stores: Mapping[str, Store] = MappingProxyType({}),
) -> Reading:
    """As `load`, with the mistakes as a value."""
    document = read_document(Path(path), LANDSCAPE)
    _leave_out_empty(document)
    opened: dict[str, OpenedConnection] = {}
    shape: LandscapeFile | None = None
    if document.data:
        secrets = Secrets(document, env, stores)
        opened = _connections(document, connectors, secrets)
        shape = _shape(document, secrets)
        check_meaning(document, connectors, plays or {}, mapped or {}, event_types)
        check_promises(document, flows)
        check_access(document, access_roles)
    mistakes = tuple(sorted(set(document.mistakes)))
    failed = shape is None or any(m.severity == "error" for m in mistakes)
    if shape is None or failed:
        return Reading(None, mistakes)
    parts = {name: getattr(shape, name) for name in LandscapeFile.model_fields}
    return Reading(Landscape(**{**parts, "connections": opened, "warnings": mistakes}), mistakes)


def _leave_out_empty(document: Document) -> None:
    """A section of which every line is a comment is a section that is not there."""
    document.data = {key: value for key, value in document.data.items() if value is not None}
    roles = document.data.get("roles")
    if isinstance(roles, dict):
        document.data["roles"] = {role: bound for role, bound in roles.items() if bound is not None}


def _shared(written: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in written.items() if key in Connection.model_fields}


def _shape(document: Document, secrets: Secrets) -> LandscapeFile | None:
    """The file without the vendors' own keys, which `_connections` looks at."""
    data = dict(document.data)
    for section in ("destinations", "alerts", "access"):
        if section in data:
            data[section] = secrets.resolve(data[section], (section,))
    connections = data.get("connections")
    if isinstance(connections, dict):
        data["connections"] = {
            name: _shared(written) if isinstance(written, dict) else written
            for name, written in connections.items()
        }
    written = keys_at(document, *DESKS)
    if written:
        desks = {name: secrets.resolve(desk, (*DESKS, name)) for name, desk in written.items()}
        data["exceptions"] = {**data["exceptions"], "desks": desks}
    try:
        shape = LandscapeFile.model_validate(data)
    except ValidationError as error:
        Explainer(document, LandscapeFile, secrets=secrets).explain(error)
        return None
    for name, destination in shape.destinations.items():
        _warn_of_password(document, secrets, ("destinations", name), destination)
    _warn_of_literals(document, secrets, written, shape)
    providers = keys_at(document, *PROVIDERS)
    secrets.masked(providers, shape.access.providers, PROVIDERS, partial(_literal, document))
    _keep_alive(document, secrets, shape)
    return shape


def _keep_alive(document: Document, secrets: Secrets, shape: LandscapeFile) -> None:
    """Their secrets are looked up again while everything runs."""
    for part, value in (("destinations", shape.destinations), ("alerts", shape.alerts)):
        shape.__dict__[part] = secrets.alive(document.data.get(part), value)
    for inside, path in ((shape.exceptions, DESKS), (shape.access, PROVIDERS)):
        name = path[-1]
        written = keys_at(document, *path)
        inside.__dict__[name] = secrets.alive(written, getattr(inside, name))


def _warn_of_password(
    document: Document, secrets: Secrets, path: KeyPath, destination: Destination
) -> None:
    """An address is a secret where it holds a password."""
    keys = document.get(path)
    open_address = "@" not in destination.url.get_secret_value()
    written = {k: v for k, v in keys.items() if k != "url" or not open_address}
    secrets.masked(written, destination, path, partial(_literal, document))


def _warn_of_literals(
    document: Document, secrets: Secrets, written: dict[str, Any], shape: LandscapeFile
) -> None:
    """The address of a webhook may be written out; that of a channel holds its token."""

    def literal(at: KeyPath) -> None:
        plain = at[-1] == "url" and written[str(at[2])]["via"] == "webhook"
        if not plain:
            _literal(document, at)

    secrets.masked(written, shape.exceptions.desks, DESKS, literal)


def _literal(document: Document, at: KeyPath) -> None:
    document.add(
        at,
        f"the secret `{at[-1]}` is written in the file",
        "who reads the file, or its history, has the secret",
        "Write env:NAME or file:/path, and change the secret.",
        on_value=True,
        severity="warning",
    )


def _connections(
    document: Document, connectors: Connectors, secrets: Secrets
) -> dict[str, OpenedConnection]:
    written = document.data.get("connections")
    found: dict[str, OpenedConnection] = {}
    for name, keys in written.items() if isinstance(written, dict) else ():
        if not isinstance(keys, dict) or not isinstance(keys.get("vendor"), str):
            continue
        model = connectors.get(keys["vendor"])
        if model is None:
            _unknown_vendor(document, name, keys["vendor"], connectors)
        elif opened := _open(document, secrets, name, model):
            found[name] = opened
    return found


def _unknown_vendor(document: Document, name: str, vendor: str, connectors: Connectors) -> None:
    document.add(
        ("connections", name, "vendor"),
        f"no connector speaks to `{vendor}`",
        f"installed: {listed(connectors)}",
        did_you_mean(vendor, connectors, "Install the package of its connector."),
        on_value=True,
    )


def _open(
    document: Document, secrets: Secrets, name: str, model: type[BaseModel]
) -> OpenedConnection | None:
    path = ("connections", name)
    keys: dict[str, Any] = document.get(path)
    own = {k: v for k, v in keys.items() if k in model.model_fields or k not in _shared(keys)}
    resolved = secrets.resolve(own, path)
    config = _config(document, secrets, path, model, resolved)
    if config is None:
        return None
    shown = secrets.masked(own, config, path, partial(_literal, document))
    secrets.alive(own, config)
    try:
        shared = Connection.model_validate(_shared(keys))
    except ValidationError:
        return None  # `_shape` explains it
    return OpenedConnection(**dict(shared), name=name, config=config, written=shown)


def _config(
    document: Document,
    secrets: Secrets,
    path: tuple[str, str],
    model: type[BaseModel],
    resolved: dict[str, Any],
) -> BaseModel | None:
    try:
        return model.model_validate(resolved)
    except ValidationError as error:
        shared = frozenset(Connection.model_fields)
        Explainer(document, model, path, shared, secrets).explain(error)
        return None
