"""Dry run of billing: the invoices that would be made now, and what moved since the last dry run.

Nothing is drafted, frozen or posted. The invoices are planned by the functions that draft them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from isthmus.canonical import Contract
from isthmus.canonical.base import Value
from isthmus.canonical.dimensions import PeriodState
from isthmus.canonical.invoice import InvoiceLine
from isthmus.engine import Engine, Hold
from isthmus.flows.billing_books import Books, read_books
from isthmus.flows.contract_to_invoice import lines_of
from isthmus.flows.line_rounding import line_rounding
from isthmus.kit.clock import utc_now
from isthmus.kit.money import Money
from isthmus.rules.periods import Posting
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow


class PlannedInvoice(Value):
    """`facts` is what it would freeze: `time_entry:<id>` and the like, with its amount.

    `stops` says why it could not be posted today; None where nothing is in its way.
    """

    contract: str
    number: str
    customer: str
    legal_entity: str
    issued_on: date | None
    period: str | None
    lines: tuple[InvoiceLine, ...]
    total: Money
    stops: str | None
    facts: dict[str, Money]


class Blocked(Value):
    """Work that no invoice of the plan holds."""

    why: str
    count: int
    amount: Money | None


class BillingPlan(Value):
    up_to: date
    made_at: datetime
    invoices: tuple[PlannedInvoice, ...]
    left_out: tuple[Blocked, ...]


class Moved(Value):
    """Facts that came, went or changed their amount, and the sum of what that moved."""

    why: str
    count: int
    amount: Money


class PlanChange(Value):
    """`before` or `after` is None where only one of the two dry runs has the contract."""

    contract: str
    number: str
    customer: str
    before: Money | None
    after: Money | None
    moved: tuple[Moved, ...]


class Preview(Value):
    plan: BillingPlan
    compared_with: datetime | None
    """When the dry run was made that `changes` start from; None for the first one."""
    changes: tuple[PlanChange, ...]


async def preview_billing(engine: Engine, up_to: date) -> Preview:
    """Plan, compare with the dry run before, and remember the plan for the next one."""
    async with engine.database.begin() as tx:
        await tx.lock("dry_run")
        plan = await plan_billing(tx, engine, up_to)
        kept = await tx.dry_runs.last()
        before = None if kept is None else BillingPlan.model_validate(kept)
        changes = () if before is None else await _changes(tx, before, plan)
        await tx.dry_runs.keep(plan.model_dump(mode="json"))
    return Preview(plan=plan, compared_with=before and before.made_at, changes=changes)


async def plan_billing(tx: Transaction, engine: Engine, up_to: date) -> BillingPlan:
    ids = await tx.ledger.contracts_unbilled(up_to)
    contracts = await tx.records.many(Contract, ids)
    books = await read_books(tx, engine.links, contracts.values())
    facts = await tx.ledger.unbilled_of(ids, up_to)
    return BillingPlan(
        up_to=up_to,
        made_at=utc_now(),
        invoices=tuple(
            _planned(engine, books, contract, facts[contract.id], up_to)
            for contract in sorted(contracts.values(), key=lambda c: c.number)
        ),
        left_out=await _left_out(tx, up_to),
    )


def _planned(
    engine: Engine, books: Books, contract: Contract, facts: Sequence[FactRow], up_to: date
) -> PlannedInvoice:
    lines, _ = lines_of(facts, line_rounding(contract, up_to))
    posting, stops = _posting(engine, books, contract, up_to)
    return PlannedInvoice(
        contract=contract.id,
        number=contract.number,
        customer=books.customers[contract.customer].name,
        legal_entity=contract.legal_entity,
        issued_on=posting.day if posting else None,
        period=posting.period.name if posting else None,
        lines=lines,
        total=Money.total((line.amount for line in lines), contract.currency),
        stops=stops,
        facts=_by_source(facts),
    )


def _by_source(facts: Iterable[FactRow]) -> dict[str, Money]:
    sums: dict[str, Money] = {}
    for fact in facts:
        key, amount = f"{fact.source_kind}:{fact.source_id}", Money.of(fact.amount, fact.currency)
        sums[key] = sums[key] + amount if key in sums else amount
    return sums


def _posting(
    engine: Engine, books: Books, contract: Contract, up_to: date
) -> tuple[Posting | None, str | None]:
    """The day and period that the invoice would have, and what is in its way."""
    if contract.legal_entity not in books.companies:
        return None, f"company {contract.legal_entity} is not known yet"
    try:
        posting = books.posting(engine.landscape.policies, contract, up_to)
    except Hold as hold:
        return None, hold.reason
    shut = posting.period.state is not PeriodState.OPEN
    return posting, f"period {posting.period.name} is {posting.period.state}" if shut else None


async def _left_out(tx: Transaction, up_to: date) -> tuple[Blocked, ...]:
    waiting = [
        Blocked(why="rated, not yet in the ledger", count=count, amount=Money.of(amount, currency))
        for currency, amount, count in await tx.ledger.unposted(up_to)
    ]
    held = [
        Blocked(
            why=f"{state.replace('_', ' ')}: {owner}",
            count=count,
            amount=Money.of(amount, currency) if currency and amount is not None else None,
        )
        for owner, state, currency, count, amount in await tx.holds.blocked_by_owner()
    ]
    return (*waiting, *held)


async def _changes(
    tx: Transaction, before: BillingPlan, after: BillingPlan
) -> tuple[PlanChange, ...]:
    then = {planned.contract: planned for planned in before.invoices}
    now = {planned.contract: planned for planned in after.invoices}
    changes = [await _change(tx, then.get(id), now.get(id)) for id in dict.fromkeys([*now, *then])]
    return tuple(change for change in changes if change.moved)


async def _change(
    tx: Transaction, then: PlannedInvoice | None, now: PlannedInvoice | None
) -> PlanChange:
    shown = now or then
    assert shown is not None
    old, new = then.facts if then else {}, now.facts if now else {}
    gone = {key: amount for key, amount in old.items() if key not in new}
    return PlanChange(
        contract=shown.contract,
        number=shown.number,
        customer=shown.customer,
        before=then and then.total,
        after=now and now.total,
        moved=(
            *_moved("new", {k: a for k, a in new.items() if k not in old}),
            *_moved(
                "another amount", {k: a - old[k] for k, a in new.items() if old.get(k, a) != a}
            ),
            *await _gone(tx, gone),
        ),
    )


async def _gone(tx: Transaction, gone: Mapping[str, Money]) -> tuple[Moved, ...]:
    """What was billed since, and what was taken back or lies after the day asked for."""
    invoiced: dict[str, Money] = {}
    for kind in {key.partition(":")[0] for key in gone}:
        ids = [key.partition(":")[2] for key in gone if key.startswith(f"{kind}:")]
        for fact in await tx.ledger.live(kind, ids):
            if fact.invoice is not None:
                key = f"{kind}:{fact.source_id}"
                invoiced[key] = -gone[key]
    rest = {key: -amount for key, amount in gone.items() if key not in invoiced}
    return (*_moved("invoiced since", invoiced), *_moved("no longer billable", rest))


def _moved(why: str, amounts: Mapping[str, Money]) -> Iterable[Moved]:
    if amounts:
        currency = next(iter(amounts.values())).currency
        yield Moved(why=why, count=len(amounts), amount=Money.total(amounts.values(), currency))
