"""The safe acts: what was to happen happens again, under its own key. Nothing is ever deleted.

Each is harmless when it is done twice, and when the difference has gone meanwhile.
"""

from __future__ import annotations

from isthmus.canonical import Customer, Invoice, TimeEntry
from isthmus.engine import Step
from isthmus.events.batching import batch_time
from isthmus.reconcile.promise import Act, Plan
from isthmus.store.entries import INVOICED, POSTED, RATED, RECEIVED
from isthmus.store.holds import HELD, NewHold
from isthmus.store.reconciliation_breaks import BreakRow

_DONE = (RATED, POSTED, INVOICED)


async def read_again(step: Step, found: BreakRow, plan: Plan) -> None:
    """The PSA's word is taken in as if it had just changed; hours that went away are taken back."""
    external = found.source_id or found.target_id or ""
    await step.links.of(plan.source).read_again(TimeEntry, [external])
    engine = step.run.engine
    await batch_time(engine.database, engine.outbox)


async def post_again(step: Step, found: BreakRow, plan: Plan) -> None:
    """Facts stand; the entry goes through its batch once more, and the ledger's record of the same
    key is made or written over.
    """
    engine = step.run.engine
    async with step.begin() as tx:
        for state in _DONE:
            await tx.entries.set_state([found.key], RECEIVED, was=state, rebatch=True)
    await batch_time(engine.database, engine.outbox)


async def tell_again(step: Step, found: BreakRow, plan: Plan) -> None:
    """A copy that was deleted is made again under its key."""
    target = step.links.of(plan.target)
    if found.kind == "missing":
        await target.unlink_gone(Invoice, found.key)
    invoice = await step.links.of(plan.source).refresh(Invoice, found.key)
    await target.put(invoice, step.idempotency_key)


async def sync_customer(step: Step, found: BreakRow, plan: Plan) -> None:
    """Both are read again, and each is told what the other one owns."""
    source, target = step.links.of(plan.source), step.links.of(plan.target)
    await source.refresh(Customer, found.key)
    customer = await target.refresh(Customer, found.key)
    to_target, to_source = owned(step, found, plan)
    if to_target:
        await target.put(customer, f"{step.idempotency_key}:{target.name}", only=to_target)
    if to_source:
        await source.put(customer, f"{step.idempotency_key}:{source.name}", only=to_source)


def owned(step: Step, found: BreakRow, plan: Plan) -> tuple[frozenset[str], frozenset[str]]:
    """What differs and the source owns, so that the target is told it; and the other way."""
    ownership = step.links.ingest.ownership
    roles = step.links.connected[plan.target].roles
    theirs = {a for a in found.differs if ownership.rule(Customer.kind, a).owner in roles}
    return frozenset(found.differs.keys() - theirs), frozenset(theirs)


async def sync_or_hold(step: Step, found: BreakRow, plan: Plan) -> None:
    """One that the ledger never had is made there; one that it had and lost is for a person."""
    target = step.links.of(plan.target)
    if found.object_id is None or await target.external_id(Customer, found.object_id):
        await hold_for_finance(step, found, plan)
        return
    customer = await step.links.of(plan.source).refresh(Customer, found.object_id)
    await target.put(customer, step.idempotency_key)


async def hold_for_finance(step: Step, found: BreakRow, plan: Plan) -> None:
    """What to do about it is theirs to say; the hold names both sides."""
    where = plan.source if found.kind == "missing" else plan.target
    told = {
        "missing": f"has no counterpart (known as {found.source_id})",
        "extra": f"has no counterpart (known as {found.target_id})",
        "different": f"differs: {found.differs}",
    }[found.kind]
    async with step.begin() as tx:
        await tx.holds.open(
            NewHold(
                key=f"reconciliation:{found.code}", state=HELD, code=f"reconciled_{found.kind}",
                reason=f"{found.label} {told}: {found.code} of reconciliation {found.name}",
                owner="finance",
                fix="Correct it in the system that is wrong, or accept the break with a reason; "
                "nothing is deleted from here. Run the reconciliation again, then skip this hold.",
                flow="reconciliation", object_kind=found.object_kind, object_id=found.object_id,
                amount=abs(found.amount) or None,
                currency=found.currency if found.amount else None, system=where,
                detail={"break": found.code, "source": found.source_id, "target": found.target_id},
            )
        )  # fmt: skip


READ_AGAIN = Act(
    "read_again",
    lambda b, p: f"{b.source_id or b.target_id} will be read from {p.source} again and rated",
    read_again,
)
POST_AGAIN = Act(
    "post_again",
    lambda b, p: f"{b.label} will be sent to {p.target} once more under its own key",
    post_again,
)
TELL_AGAIN = Act(
    "tell_again",
    lambda b, p: f"{b.label} will be read from {p.source} and written to {p.target}",
    tell_again,
)
SYNC_CUSTOMER = Act(
    "sync_customer",
    lambda b, p: (
        f"{', '.join(b.differs)} of {b.label} will be written to {p.target} or {p.source}, "
        "from the system that owns it"
    ),
    sync_customer,
)
SYNC_OR_HOLD = Act(
    "sync_or_hold",
    lambda b, p: (
        f"{b.label} will be made in {p.target}; if it was there before, it will be held for finance"
    ),
    sync_or_hold,
)
HOLD_FOR_FINANCE = Act(
    "hold_for_finance",
    lambda b, p: f"{b.label} will be held for finance; nothing will be deleted in {p.target}",
    hold_for_finance,
)
