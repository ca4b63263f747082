"""Work that was invoiced before what it is billed by changed: left, held or credited, by policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from isthmus.canonical import Contract, Invoice
from isthmus.engine import Step
from isthmus.flows.credit_request import CreditRequest
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.rules.amendments import AmendmentOfBilledWork
from isthmus.rules.credit_checks import Asked
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HELD, NewHold

Priced = tuple[FactRow, Money]
"""A fact, and what it is worth more now."""


@dataclass(frozen=True)
class LateChange:
    """`told` is what changed, with the number of the contract; `now` the price it would have; `why`
    the reason of a credit, as the client reads it. `key` names the hold.
    """

    key: str
    contract: Contract
    told: str
    now: str
    why: str


async def settle_billed(
    tx: Transaction, step: Step, change: LateChange, billed: Sequence[Priced]
) -> Money:
    """What the billed work is worth more in all. A repeat asks for nothing twice."""
    policy = step.landscape.policies.amendment_of_billed_work
    total = Money.total((more for _, more in billed), change.contract.currency)
    if billed and policy is AmendmentOfBilledWork.HOLD:
        await _ask(tx, step, change, billed, total)
    if policy is AmendmentOfBilledWork.CREDIT_AND_REBILL:
        await _credit(tx, step, change, billed)
    return total


async def _ask(
    tx: Transaction, step: Step, change: LateChange, billed: Sequence[Priced], total: Money
) -> None:
    """A hold of its own, not the run's: nothing else waits for what finance decides."""
    names, entries = await _numbers(tx, billed), len({fact.source_id for fact, _ in billed})
    await tx.holds.open(
        NewHold(
            key=change.key, state=HELD, code="amended_after_billing",
            reason=f"{change.told}; {entries} entries on {', '.join(names)} were "
            f"billed before; {change.now} the difference is {total}",
            owner="finance",
            fix="Credit the invoices and bill again, or leave them as they are; then skip this "
            "hold with that as its reason.",
            flow=step.run.flow.name, step=step.name, object_kind="contract",
            object_id=change.contract.id, amount=total.amount, currency=total.currency,
            correlation_id=step.event.correlation_id,
            detail={"entries": entries, "invoices": names},
        )
    )  # fmt: skip


async def _numbers(tx: Transaction, billed: Sequence[Priced]) -> list[str]:
    invoices = await tx.records.many(Invoice, {f.invoice or "" for f, _ in billed})
    return sorted(i.number or i.reference for i in invoices.values())


async def _credit(
    tx: Transaction, step: Step, change: LateChange, billed: Sequence[Priced]
) -> None:
    """One request per invoice, and one only: its lines are credited whole and billed again."""
    asked = await tx.events.of(type="credit.requested", correlation_id=step.event.correlation_id)
    known = {e.subject for e in asked if e.causation_id == step.event.id}
    for invoice, ours in _grouped(billed).items():
        if invoice not in known:
            lines = sorted({fact.invoice_line for fact, _ in ours if fact.invoice_line})
            request = CreditRequest(
                change.why,
                utc_now().date(),
                tuple(Asked(line) for line in lines),
                rebill=True,
                by=step.run.flow.name,
            )
            await step.emit(tx, "credit.requested", invoice, request.data())


def _grouped(billed: Sequence[Priced]) -> Mapping[str, list[Priced]]:
    groups: dict[str, list[Priced]] = defaultdict(list)
    for fact, more in billed:
        groups[fact.invoice or ""].append((fact, more))
    return groups
