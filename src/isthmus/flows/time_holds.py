"""The hold of one entry of time: who owns it, what it blocks, what mends it."""

from __future__ import annotations

from isthmus.engine import Step
from isthmus.flows.time_batch import BatchContext
from isthmus.rules.judging import Verdict
from isthmus.store.holds import HELD as HOLD_HELD
from isthmus.store.holds import WAITING_PERIOD, NewHold


def entry_hold(step: Step, context: BatchContext, verdict: Verdict) -> NewHold:
    entry, first = verdict.entry, verdict.problems[0]
    waits = first.code == "period_closed"
    amount, customer = context.value_of(entry), context.customer_of(entry)
    return NewHold(
        key=f"time_entry:{entry.id}",
        state=WAITING_PERIOD if waits else HOLD_HELD,
        code=first.code,
        reason="; ".join(p.reason for p in verdict.problems),
        owner=first.owner,
        fix=first.fix,
        flow=step.run.flow.name,
        step=step.name,
        run_id=None,
        object_kind="time_entry",
        object_id=entry.id,
        customer=customer.name if customer else None,
        amount=amount.amount if amount else None,
        currency=entry.currency,
        system=context.ledger_of(entry) if waits else None,
        period=verdict.period.name if waits and verdict.period else None,
        correlation_id=step.event.correlation_id,
        detail={"batch": step.subject, "run": step.run.id, "hours": str(entry.hours),
                "worked_on": entry.worked_on.isoformat()},
    )  # fmt: skip
