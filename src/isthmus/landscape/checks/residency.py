"""Personal data is kept in regions where it may be: companies, connections and Isthmus itself.

Who is only told (destinations) is not refused: what is personal is masked there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from isthmus.canonical.base import Role
from isthmus.landscape.bindings import Binding
from isthmus.landscape.checks.parts import keys_at, well_formed
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.landscape.mistake import KeyPath
from isthmus.landscape.residency import Residency

ENTITIES = ("firm", "legal_entities")
Regions = Mapping[str, str]
"""Company -> region of its people."""


def check_residency(document: Document) -> None:
    policy = well_formed(Residency, document.data.get("residency", {}))
    if policy is None or not policy.allowed:
        return
    companies = {code: _region(keys) for code, keys in keys_at(document, *ENTITIES).items()}
    for path, named in _named(document):
        _check_known(document, path, named, policy)
    for code, region in companies.items():
        _check_company(document, code, region, policy)
    known = {code: region for code, region in companies.items()
             if region is not None and region in policy.allowed}  # fmt: skip
    _check_isthmus(document, known, policy)
    for role in Role:
        written = keys_at(document, "roles").get(role.value)
        for index, value in enumerate(written if isinstance(written, list) else ()):
            if binding := well_formed(Binding, value):
                path = ("roles", role.value, index, "connection")
                _check_binding(document, path, binding, known, policy)


def _region(keys: Any) -> str | None:
    region = keys.get("region") if isinstance(keys, dict) else None
    return region if isinstance(region, str) else None


def _named(document: Document) -> Iterator[tuple[KeyPath, str]]:
    """Every region that the file says something is in."""
    sections = (ENTITIES, ("connections",), ("destinations",))
    for section in sections:
        for name, keys in keys_at(document, *section).items():
            if (region := _region(keys)) is not None:
                yield (*section, name, "region"), region
    for path in (("residency", "isthmus"), ("residency", "telemetry")):
        if isinstance(region := keys_at(document, path[0]).get(path[1]), str):
            yield path, region


def _check_known(document: Document, path: KeyPath, region: str, policy: Residency) -> None:
    if region not in policy.regions:
        document.add(
            path, f"`{region}` is no region", f"residency.allowed names {listed(policy.regions)}",
            did_you_mean(region, policy.regions, "Add it to residency.allowed."),
            on_value=True,
        )  # fmt: skip


def _check_company(document: Document, code: str, region: str | None, policy: Residency) -> None:
    if region is None:
        document.add(
            (*ENTITIES, code), f"{code} has no region",
            "residency.allowed says by region where personal data may be kept",
            f"Add region, one of {listed(policy.allowed)}.",
        )  # fmt: skip
    elif region in policy.regions and region not in policy.allowed:
        document.add(
            (*ENTITIES, code, "region"), f"nothing is allowed for people of {region}",
            f"residency.allowed has {listed(policy.allowed)}",
            f"Add `{region}: []` to residency.allowed: their data stays there.", on_value=True,
        )  # fmt: skip


def _check_isthmus(document: Document, companies: Regions, policy: Residency) -> None:
    away = _kept_from(companies, policy.isthmus, policy)
    if not away:
        return
    place = f"in {policy.isthmus}" if policy.isthmus else "in no region that the file names"
    document.add(
        ("residency", "isthmus"), f"Isthmus may not keep personal data of {', '.join(away)}",
        f"its database is {place}, and {_may(companies, away, policy)}",
        "Say where it is, allow that region, or run another Isthmus for these companies.",
        on_value=True,
    )  # fmt: skip


def _check_binding(
    document: Document, path: KeyPath, binding: Binding, companies: Regions, policy: Residency,
) -> None:  # fmt: skip
    region = _of_connection(keys_at(document, "connections"), binding.connection)
    served = {code: of for code, of in companies.items() if binding.serves(code)}
    away = _kept_from(served, region, policy)
    if not away:
        return
    place = f"keeps data in {region}" if region else "names no region"
    document.add(
        path, f"`{binding.connection}` may not get personal data of {', '.join(away)}",
        f"it {place}, and {_may(served, away, policy)}",
        f"Bind a connection there for {', '.join(away)}"
        + ("." if region else f", or add region to connections.{binding.connection}."),
        on_value=True,
    )  # fmt: skip


def _of_connection(connections: dict[str, Any], name: str) -> str | None:
    """Its own, or that of the one whose organisation it lives in."""
    keys = connections.get(name)
    platform = keys.get("platform") if isinstance(keys, dict) else None
    return _region(keys) or (_region(connections.get(str(platform))) if platform else None)


def _kept_from(companies: Regions, place: str | None, policy: Residency) -> list[str]:
    return [code for code, region in companies.items() if not policy.allows(region, place)]


def _may(companies: Regions, away: list[str], policy: Residency) -> str:
    regions = dict.fromkeys(companies[code] for code in away)
    return "; ".join(
        f"data of people of {of} may be kept in {listed([of, *policy.allowed[of]])}"
        for of in regions
    )
