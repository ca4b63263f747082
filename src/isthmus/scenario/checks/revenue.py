"""What a contract's method of earning needs, and judgements that nobody has made yet."""

from __future__ import annotations

from isthmus.canonical.revenue import RecognitionMethod
from isthmus.landscape.mistake import KeyPath
from isthmus.rules.revenue.modification import Treatment
from isthmus.scenario.agreed import ContractPart
from isthmus.scenario.checks.clauses import COST, HOURS, NEEDS, OVER_TIME
from isthmus.scenario.checks.parts import Parts
from isthmus.scenario.file import (
    EstimatePart,
    PersonPart,
    ProgressPart,
)


def check_revenue(parts: Parts) -> None:
    for path, contract in parts.contracts.items():
        if contract.recognition and contract.recognition.method is COST:
            _costs(parts, str(path[-1]))
    for path, amendment in parts.amendments.items():
        if (found := parts.of_contract(amendment.contract)) and amendment.value_change:
            _treatment(parts, path, found[1], amendment.treatment)
    for path, statement in parts.progress.items():
        if (statement.cost is None) == (statement.hours is None):
            _add(parts, path, "it does not state one progress", "cost or hours say what is done",
                 "State `cost` or `hours`, and not both.")  # fmt: skip
        _measured(parts, path, statement, {"cost": COST, "hours": HOURS})
    for path, estimate in parts.estimates.items():
        keys = {"expected_cost": COST, "expected_hours": HOURS}
        _measured(parts, path, estimate, keys)


def _measured(
    parts: Parts,
    path: KeyPath,
    part: ProgressPart | EstimatePart,
    keys: dict[str, RecognitionMethod],
) -> None:
    """What is stated must be what the contract is measured by, or it would mean nothing."""
    found = parts.of_contract(part.contract)
    if found is None:
        return
    name, contract = found
    method = contract.recognition.method if contract.recognition else None
    for key, measures in keys.items():
        if getattr(part, key) is not None and method is not measures:
            how = f"earned by {method}" if method else "not told how it is earned"
            _add(parts, (*path, key), f"`{key}` does not measure {name}",
                 f"{name} is {how}, and {key} is for {measures}",
                 "Remove it, or correct `recognition`.")  # fmt: skip


def _costs(parts: Parts, contract: str) -> None:
    """Without a statement of cost to date, hours make it; then each person has a cost."""
    stated = [p for p in parts.progress.values() if p.cost is not None]
    if any(parts.name_of(p.contract) == contract for p in stated):
        return
    workers = {
        entry.who: found[1]
        for entry in parts.time.values()
        if (found := parts.contract_of(entry)) and found[0] == contract
    }
    for who, terms in workers.items():
        person = parts.people.get(("people", who))
        if person is not None:
            _cost(parts, who, person, contract, terms)


def _cost(parts: Parts, who: str, person: PersonPart, contract: str, terms: ContractPart) -> None:
    currency = parts.currency_of(terms)
    if person.cost is None:
        _add(parts, ("people", who), f"`{who}` has no cost",
             f"{contract} is earned by cost, and the hours make it",
             "Add `cost`, or state the cost to date under `progress`.")  # fmt: skip
    elif person.cost.currency != currency:
        _add(parts, ("people", who, "cost"), f"`{who}` costs {person.cost} an hour",
             f"{contract} is in {currency}, and nothing is converted",
             "State the cost to date under `progress`.", on_value=True)  # fmt: skip


def _treatment(
    parts: Parts, path: KeyPath, contract: ContractPart, treatment: Treatment | None
) -> None:
    terms = contract.recognition
    if terms is None or terms.price is not None or terms.method not in OVER_TIME:
        if treatment is not None:
            _add(parts, (*path, "treatment"), "`treatment` means nothing here",
                 "the contract's value is not earned over time", "Remove it.")  # fmt: skip
        return
    if treatment is None:
        _add(parts, path, "`treatment` is missing",
             f"the value of a contract changes that is earned by {terms.method}, and whether the "
             "past is corrected is a judgement (IFRS 15.20-21)",
             f"Add `treatment`, one of: {', '.join(Treatment)}.")  # fmt: skip
    elif treatment is Treatment.SEPARATE_CONTRACT and terms.method in NEEDS:
        _add(parts, (*path, "treatment"), "a separate contract has progress of its own",
             f"{terms.method} measures one contract at a time",
             "Write it as a contract under `contracts`.", on_value=True)  # fmt: skip


def _add(
    parts: Parts, path: KeyPath, what: str, why: str, remedy: str, on_value: bool = False
) -> None:
    parts.document.add(path, what, why, remedy, on_value=on_value)
