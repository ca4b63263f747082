"""The clauses of every contract and amendment, against what else the contract says."""

from __future__ import annotations

from isthmus.canonical.terms import CapLevel
from isthmus.landscape.mistake import KeyPath
from isthmus.scenario.agreed import BillingClauses, CapPart, ContractPart
from isthmus.scenario.checks.clauses import NEEDS, Agreement, check_clauses
from isthmus.scenario.checks.parts import Parts


def check_agreements(parts: Parts) -> None:
    for path, contract in parts.contracts.items():
        _check(parts, path, contract, str(path[-1]), contract)
    for path, amendment in parts.amendments.items():
        if found := parts.of_contract(amendment.contract):
            _check(parts, path, amendment, *found)


def _check(
    parts: Parts, path: KeyPath, clauses: BillingClauses, name: str, contract: ContractPart
) -> None:
    check_clauses(parts.document, path, clauses, _agreement(parts, name, contract))
    for place, cap in enumerate(clauses.caps):
        _of(parts, (*path, "caps", place), cap)


def _agreement(parts: Parts, name: str, contract: ContractPart) -> Agreement:
    return Agreement(
        name, parts.currency_of(contract), contract.value, contract.ends,
        contract.minimum_increment, _estimated(parts, name),
    )  # fmt: skip


def _estimated(parts: Parts, contract: str) -> frozenset[str]:
    ours = [
        estimate
        for estimate in parts.estimates.values()
        if parts.name_of(estimate.contract) == contract
    ]
    return frozenset(
        key for key in NEEDS.values() if any(getattr(e, key) is not None for e in ours)
    )


def _of(parts: Parts, path: KeyPath, cap: CapPart) -> None:
    known = {
        CapLevel.PERSON: parts.names("people"),
        CapLevel.PROJECT: [*parts.names("contracts"), *parts.names("projects")],
    }.get(cap.level)
    if cap.of is not None and known is not None and cap.of not in known:
        parts.unknown((*path, "of"), cap.level, cap.of, set(known))
