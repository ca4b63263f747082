"""The hold of one entry: who owns it, what it blocks, what mends it."""

from __future__ import annotations

from isthmus.canonical import AccountingPeriod, TimeEntry
from isthmus.connect import ConnectError, Invalid, PeriodClosed
from isthmus.engine import Step
from isthmus.flows.surroundings import InBooks
from isthmus.rules.problems import Owner, Problem, fields_of
from isthmus.rules.surroundings import Entry, day_of
from isthmus.store.holds import HELD as HOLD_HELD
from isthmus.store.holds import WAITING_PERIOD, NewHold


def entry_hold(
    step: Step,
    context: InBooks,
    entry: Entry,
    problems: tuple[Problem, ...],
    period: AccountingPeriod | None,
) -> NewHold:
    """`period` is the one that it would post to."""
    first = problems[0]
    waits = first.code == "period_closed"
    customer, ledger = context.customer_of(entry), context.ledger_of(entry)
    amount, (currency, quantity) = context.value_of(entry), _quantity(entry)
    return NewHold(
        key=f"{entry.kind}:{entry.id}",
        state=WAITING_PERIOD if waits else HOLD_HELD,
        code=first.code,
        reason="; ".join(p.reason for p in problems),
        owner=first.owner,
        fix=first.fix,
        flow=step.run.flow.name,
        step=step.name,
        run_id=None,
        object_kind=entry.kind,
        object_id=entry.id,
        customer=customer.name if customer else None,
        amount=amount.amount if amount else None,
        currency=currency,
        system=ledger.name if waits and ledger else None,
        period=period.name if waits and period else None,
        correlation_id=step.event.correlation_id,
        detail={
            "batch": step.subject, "run": step.run.id, "fields": list(fields_of(problems)),
            **quantity,
        },
    )  # fmt: skip


def _quantity(entry: Entry) -> tuple[str, dict[str, str]]:
    """Its currency, and what was worked or spent when."""
    day = day_of(entry).isoformat()
    if isinstance(entry, TimeEntry):
        return entry.currency, {"hours": str(entry.hours), "worked_on": day}
    return entry.amount.currency, {"amount": str(entry.amount), "spent_on": day}


def refusal(error: ConnectError) -> Problem:
    """What a ledger's refusal of one entry asks of whom."""
    code = "period_closed" if isinstance(error, PeriodClosed) else type(error).__name__.lower()
    owner: Owner = "finance" if isinstance(error, PeriodClosed | Invalid) else "integration"
    return Problem(code, str(error), owner, error.remedy)
