"""Giving a contract detailed terms from a day on: shown first, then written, once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from isthmus.canonical import Contract
from isthmus.canonical.contract import Terms
from isthmus.engine import Engine
from isthmus.events.envelope import Event
from isthmus.flows.revenue_reading import unsupported
from isthmus.flows.terms_work import MovedWork, work_moved
from isthmus.kit.money import Money
from isthmus.rules.agreed_terms import agree_terms, check_agreed, last_day_of_terms
from isthmus.rules.amendments import AmendmentOfBilledWork
from isthmus.rules.contracts import covers, ends_on
from isthmus.rules.refusal import Unusable
from isthmus.scenario.stated import Moved, moved
from isthmus.scenario.terms_file import TermsFile
from isthmus.store.database import Transaction


class TermsRefused(Exception):
    """Terms that the contract cannot have, why, and what to do."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.why, self.remedy = what, why, remedy


@dataclass(frozen=True)
class TermsRequest:
    """`note` is why, and `by` who, for the record."""

    file: TermsFile
    since: date
    note: str = ""
    by: str = "isthmus"


@dataclass(frozen=True)
class WorkMoved:
    entries: int
    difference: Money


@dataclass(frozen=True)
class TermsChange:
    """`amendment` is None for the terms that the contract starts with; `up_to` the last day before
    a later amendment has terms of its own. `open` work is priced again, `billed` work left, held
    or credited by the policy.
    """

    contract: str
    since: date
    up_to: date | None
    amendment: int | None
    terms: tuple[Moved, ...]
    open: WorkMoved
    billed: WorkMoved
    billed_work: AmendmentOfBilledWork
    written: bool


async def change_terms(
    engine: Engine, contract_id: str, request: TermsRequest, *, write: bool = False
) -> TermsChange:
    """Compare; with `write`, also keep the terms and tell of them, in one transaction under the
    contract's lock. Terms that are in force already change nothing. Raises TermsRefused.
    """
    async with engine.database.begin() as tx:
        await tx.lock(f"contract:{contract_id}")
        before = await tx.records.get(Contract, contract_id)
        _check_day(before, request.since)
        after = await _agreed(tx, before, request)
        work = await work_moved(tx, engine, before, after, request.since)
        written = write and after != before
        if written:
            await tx.records.save(after)
            await engine.outbox.emit(tx, _event(before, after, request))
    return TermsChange(
        before.number, request.since, last_day_of_terms(after, request.since),
        _number(before, after), _moved(before, after, request.since), _worth(work, work.open),
        _worth(work, work.billed), engine.landscape.policies.amendment_of_billed_work, written,
    )  # fmt: skip


def _check_day(contract: Contract, day: date) -> None:
    if not covers(contract, day):
        raise TermsRefused(
            f"Contract {contract.number} has no terms from {day} on.",
            f"It bills work from {contract.starts_on} to {ends_on(contract, day) or 'further on'}.",
            "Give a day in between.",
        )


async def _agreed(tx: Transaction, contract: Contract, request: TermsRequest) -> Contract:
    terms: Terms = request.file.over(contract.terms_on(request.since))
    at_first = await _is_first(tx, contract, request.since)
    after = agree_terms(contract, terms, request.since, request.note, at_first=at_first)
    try:
        check_agreed(after, request.since)
    except Unusable as refused:
        raise TermsRefused(
            f"`{refused.field}` cannot be a term of contract {contract.number}.",
            refused.reason,
            refused.remedy,
        ) from refused
    stated = "recognition" in request.file.model_fields_set
    if stated and (problem := unsupported(after, request.since)):
        raise TermsRefused(
            f"`recognition` cannot be a term of contract {contract.number}.",
            f"{problem.reason}.",
            problem.fix,
        )
    return after


async def _is_first(tx: Transaction, contract: Contract, day: date) -> bool:
    """Before anything is rated or amended, the terms of the first day are no change of any."""
    amended = any(a.terms and a.effective_on <= day for a in contract.amendments)
    return (
        day == contract.starts_on and not amended and not await tx.ledger.of_contract(contract.id)
    )


def _number(before: Contract, after: Contract) -> int | None:
    known = {a.number for a in before.amendments}
    return next((a.number for a in after.amendments if a.number not in known), None)


def _moved(before: Contract, after: Contract, day: date) -> tuple[Moved, ...]:
    return moved(before.terms_on(day), after.terms_on(day))


def _worth(work: MovedWork, changes: Iterable[Any]) -> WorkMoved:
    known = list(changes)
    return WorkMoved(len(known), work.difference(known))


def _event(before: Contract, after: Contract, request: TermsRequest) -> Event:
    return Event(
        type="contract.terms_changed", source="terms", subject=after.id,
        correlation_id=after.opportunity,
        data={
            "number": _number(before, after), "effective_on": request.since.isoformat(),
            "terms": [asdict(change) for change in _moved(before, after, request.since)],
            "note": request.note, "by": request.by,
        },
    )  # fmt: skip
