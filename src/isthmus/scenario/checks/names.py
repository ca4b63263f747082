"""Names that refer to nothing in the file, or do not say which of several is meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from isthmus.landscape.checks.parts import keys_at
from isthmus.landscape.keys import listed
from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.checks.parts import OfProject, Parts


def check_names(parts: Parts) -> None:
    for path, what, name, known in _references(parts):
        if name not in known:
            parts.unknown(path, what, name, set(known))
    _only_one(parts)
    _projects(parts)


Reference = tuple[KeyPath, str, str, list[str]]


def _references(parts: Parts) -> Iterator[Reference]:
    contracts = parts.names("contracts")
    yield from _of_contracts(parts)
    for section in (
        "projects",
        "milestones",
        "time",
        "expenses",
        "amendments",
        "credits",
        "progress",
        "estimates",
    ):
        yield from _keyed(parts, section, "contract", "contract", contracts)
    for section in ("milestones", "time", "expenses"):
        known = [*contracts, *parts.names("projects")]
        yield from _keyed(parts, section, "project", "project", known)
    for section in ("time", "expenses"):
        yield from _keyed(parts, section, "who", "person", parts.names("people"))
    yield from _keyed(parts, "rate_cards", "customer", "customer", _customers(parts))
    yield from _keyed(parts, "periods", "company", "company", parts.names("companies"))
    yield from _phases(parts)
    yield from _expected(parts)


def _of_contracts(parts: Parts) -> Iterator[Reference]:
    if parts.names("customers"):
        yield from _keyed(parts, "contracts", "customer", "customer", _customers(parts))
    yield from _keyed(parts, "contracts", "company", "company", parts.names("companies"))
    yield from _keyed(parts, "customers", "bill_to", "customer", _customers(parts))


def _customers(parts: Parts) -> list[str]:
    return parts.names("customers") or [part.customer for part in parts.contracts.values()]


def _keyed(
    parts: Parts, section: str, key: str, what: str, known: list[str]
) -> Iterator[Reference]:
    """As written, so that another mistake in the same part does not hide this one."""
    written = parts.document.data.get(section)
    items: Any = written.items() if isinstance(written, dict) else enumerate(written or ())
    for place, part in items:
        name = part.get(key) if isinstance(part, dict) else None
        if isinstance(name, str):
            yield (section, place, key), what, name, known


def _phases(parts: Parts) -> Iterator[Reference]:
    for path, entry in parts.time.items():
        found = parts.contract_of(entry)
        if entry.phase is not None and found is not None:
            known = keys_at(parts.document, "projects", entry.project or found[0], "phases")
            yield (*path, "phase"), "phase", entry.phase, list(known)


def _expected(parts: Parts) -> Iterator[Reference]:
    expect = keys_at(parts.document, "expect")
    known = {
        "contract": parts.names("contracts"),
        "company": parts.names("companies"),
        "customer": _customers(parts),
    }
    for section in ("invoices", "credit_memos", "held", "released", "cap_usage", "journals"):
        written = expect.get(section)
        for index, item in enumerate(written if isinstance(written, list) else ()):
            for key, names in known.items():
                name = item.get(key) if isinstance(item, dict) else None
                if isinstance(name, str) and names:
                    yield ("expect", section, index, key), key, name, names
    for section in ("to_invoice", "not_charged", "revenue", "unbilled", "deferred"):
        for name in keys_at(parts.document, "expect", section):
            yield ("expect", section, name), "contract", name, known["contract"]


def _only_one(parts: Parts) -> None:
    """A contract or a company may be left out where there is only one."""
    contracts, companies = parts.names("contracts"), parts.names("companies")
    placed: dict[KeyPath, Any] = {
        **parts.milestones, **parts.time, **parts.expenses,
        **parts.amendments, **parts.credits, **parts.progress, **parts.estimates,
    }  # fmt: skip
    for path, part in placed.items():
        of_project = isinstance(part, OfProject) and part.project is not None
        if part.contract is None and not of_project and len(contracts) > 1:
            _unclear(parts, path, "contract", contracts)
        if part.contract is not None and of_project:
            parts.document.add(
                (*path, "contract"), "both a project and a contract are named",
                "a project has one contract", "Remove one of the two.",
            )  # fmt: skip
    for path, contract in parts.contracts.items():
        if contract.company is None and len(companies) > 1:
            _unclear(parts, path, "company", companies)


def _unclear(parts: Parts, path: KeyPath, key: str, known: list[str]) -> None:
    parts.document.add(
        path, f"it does not say which {key} is meant", f"there is more than one: {listed(known)}",
        f"Add `{key}`.",
    )  # fmt: skip


def _projects(parts: Parts) -> None:
    contracts = parts.names("contracts")
    for path, project in parts.projects.items():
        name = str(path[-1])
        if project.contract is None and name not in contracts:
            parts.document.add(
                path, f"project `{name}` names no contract", "no contract has its name either",
                "Add `contract`.",
            )  # fmt: skip
        if project.contract not in (None, name) and name in contracts:
            parts.document.add(
                (*path, "contract"), f"project `{name}` is named like another contract",
                f"contract `{name}` has a project of its own name",
                "Choose another name for one of them.", on_value=True,
            )  # fmt: skip
