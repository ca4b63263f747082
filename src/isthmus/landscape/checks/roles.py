"""Who plays which role: names that exist, periods that neither overlap nor leave a gap."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta

from isthmus.canonical.base import Role
from isthmus.landscape.bindings import Binding
from isthmus.landscape.checks.parts import keys_at, well_formed
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean, listed, similar
from isthmus.landscape.mistake import KeyPath

NEEDED = (Role.CRM, Role.PSA, Role.ERP)
Placed = tuple[KeyPath, Binding]
_DAY = timedelta(days=1)


def check_roles(document: Document, plays: Mapping[str, Collection[Role]]) -> None:
    if "roles" not in document.data:
        return
    companies = tuple(keys_at(document, "firm", "legal_entities"))
    for role in (*NEEDED, Role.HCM):
        bindings = _bindings(document, role)
        for placed in bindings:
            _check_connection(document, placed, role, plays)
            _check_companies(document, placed, companies)
        _check_periods(document, bindings, role, companies)
        if role in NEEDED and not _is_written(document, role):
            _unbound(document, role)


def _is_written(document: Document, role: Role) -> bool:
    """Perhaps misspelt, which is told as an unknown key."""
    written = keys_at(document, "roles")
    strange = [name for name in written if name not in list(Role)]
    return bool(written.get(role.value)) or any(similar(name, [role.value]) for name in strange)


def _bindings(document: Document, role: Role) -> list[Placed]:
    written = keys_at(document, "roles").get(role.value)
    found: list[Placed] = []
    for index, value in enumerate(written if isinstance(written, list) else ()):
        if binding := well_formed(Binding, value):
            found.append((("roles", role.value, index), binding))
    return found


def _unbound(document: Document, role: Role) -> None:
    document.add(
        ("roles", role.value),
        f"no connection plays {role.value}",
        "deals, hours and invoices need a crm, a psa and an erp",
        f"Add `{role.value}: [{{connection: NAME}}]` under roles.",
    )


def _check_connection(
    document: Document, placed: Placed, role: Role, plays: Mapping[str, Collection[Role]]
) -> None:
    path, name = (*placed[0], "connection"), placed[1].connection
    connections = keys_at(document, "connections")
    if not connections:
        return
    if name not in connections:
        document.add(
            path,
            f"no connection is named `{name}`",
            f"connections: {listed(connections)}",
            did_you_mean(name, connections, "Write one of them."),
            on_value=True,
        )
        return
    vendor = str(keys_at(document, "connections", name).get("vendor"))
    if role not in plays.get(vendor, (role,)):
        able = [known.value for known in plays[vendor]]
        document.add(
            path,
            f"`{name}` cannot play {role.value}",
            f"the connector of {vendor} plays {listed(able)}",
            "Bind a connection of another vendor.",
            on_value=True,
        )


def _check_companies(document: Document, placed: Placed, companies: Sequence[str]) -> None:
    for index, code in enumerate(placed[1].legal_entities or ()):
        if companies and code not in companies:
            document.add(
                (*placed[0], "legal_entities", index),
                f"no legal entity has the code `{code}`",
                f"codes under firm.legal_entities: {listed(companies)}",
                did_you_mean(code, companies, "Write one of them."),
            )


def _check_periods(
    document: Document, bindings: list[Placed], role: Role, companies: Sequence[str]
) -> None:
    """Told once per pair of bindings, with the companies that the pair shares."""
    overlaps: dict[tuple[KeyPath, KeyPath], list[str]] = {}
    gaps: dict[tuple[KeyPath, date, date], list[str]] = {}
    for code in companies:
        serving = sorted(
            (placed for placed in bindings if placed[1].serves(code)),
            key=lambda placed: (placed[1].starts_on or date.min, placed[0][2]),
        )
        if not serving and bindings:
            _nobody(document, role, code)
        for earlier, later in _successions(serving):
            ends, starts = _end(earlier), later[1].starts_on or date.min
            if starts <= ends:
                overlaps.setdefault((earlier[0], later[0]), []).append(code)
            elif starts - ends > _DAY:
                gaps.setdefault((later[0], ends + _DAY, starts - _DAY), []).append(code)
    for (earlier_path, later_path), codes in overlaps.items():
        _overlap(document, role, earlier_path, later_path, codes)
    for (path, first, last), codes in gaps.items():
        _gap(document, role, path, (first, last), codes)


def _end(placed: Placed) -> date:
    return placed[1].ends_on or date.max


def _successions(serving: list[Placed]) -> Iterator[tuple[Placed, Placed]]:
    """Each binding after the one before it that ends last."""
    for index, later in enumerate(serving[1:], 1):
        yield max(serving[:index], key=_end), later


def _overlap(
    document: Document, role: Role, earlier: KeyPath, later: KeyPath, codes: list[str]
) -> None:
    first, second = sorted((earlier, later), key=lambda path: document.mark(path).line)
    document.add(
        second,
        f"two bindings of {role.value} overlap for {', '.join(codes)}",
        f"the one on line {document.mark(first).line} serves them in the same days",
        "Give each its legal_entities, or end one with `until` the day before the other's `from`.",
    )


def _gap(
    document: Document, role: Role, path: KeyPath, days: tuple[date, date], codes: list[str]
) -> None:
    document.add(
        path,
        f"nobody plays {role.value} for {', '.join(codes)} from {days[0]} to {days[1]}",
        "the binding before this one ends earlier than this one starts",
        f"Let this one start `from: {days[0]}`, or the other end `until: {days[1]}`.",
    )


def _nobody(document: Document, role: Role, code: str) -> None:
    document.add(
        ("roles", role.value),
        f"nobody plays {role.value} for {code}",
        f"every binding of {role.value} names other legal entities",
        f"Add {code} to a binding, if it has work to bill.",
        severity="warning",
    )
