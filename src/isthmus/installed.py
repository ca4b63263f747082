"""What is installed beside the landscape: connectors and secret managers, ours and those of other
packages, each found by its entry point.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from pydantic import BaseModel

from isthmus.access import AccessRole
from isthmus.canonical.base import Role
from isthmus.connect import Connector
from isthmus.events.catalogue import CATALOGUE
from isthmus.flows import FLOWS
from isthmus.kit.secret import Store
from isthmus.landscape import Landscape, Reading, check, load

FLOW_NAMES = tuple(flow.name for flow in FLOWS)


@cache
def connectors() -> Mapping[str, Connector]:
    """By vendor."""
    return {e.name: e.load() for e in entry_points(group="isthmus.connectors")}


@cache
def connector_packages() -> Mapping[str, str]:
    """Vendor -> package of its connector, where its mappings lie."""
    return {e.name: e.module for e in entry_points(group="isthmus.connectors")}


@cache
def secret_stores() -> Mapping[str, Store]:
    """By scheme of the references that they resolve."""
    return {e.name: e.load()() for e in entry_points(group="isthmus.secrets")}


def connector_configs() -> Mapping[str, type[BaseModel]]:
    return {vendor: connector.config for vendor, connector in connectors().items()}


def connector_roles() -> Mapping[str, tuple[Role, ...]]:
    return {vendor: connector.roles for vendor, connector in connectors().items()}


def load_landscape(path: Path) -> Landscape:
    """Raises LandscapeError with every mistake and its line."""
    return load(
        path, connector_configs(), plays=connector_roles(), event_types=CATALOGUE,
        flows=FLOW_NAMES, access_roles=tuple(AccessRole), stores=secret_stores(),
    )  # fmt: skip


def check_landscape(path: Path) -> Reading:
    """The landscape, if it can be used, and every mistake in it."""
    return check(
        path, connector_configs(), plays=connector_roles(), event_types=CATALOGUE,
        flows=FLOW_NAMES, access_roles=tuple(AccessRole), stores=secret_stores(),
    )  # fmt: skip
