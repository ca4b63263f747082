"""From the error that stopped a run to the hold that a person or the waker will lift."""

from __future__ import annotations

from typing import Any

from isthmus.connect.errors import (
    BreakerOpen,
    ConnectError,
    Invalid,
    NotReadYet,
    PeriodClosed,
    QuotaSpent,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from isthmus.engine.flow import Run
from isthmus.engine.hold import Hold
from isthmus.kit.money import Money
from isthmus.landscape.bindings import RoleError
from isthmus.store.holds import DEAD, HELD, WAITING_PERIOD, WAITING_SYSTEM, NewHold

_STATES: tuple[tuple[type[ConnectError], str, str], ...] = (
    (BreakerOpen, WAITING_SYSTEM, "breaker_open"),
    (NotReadYet, WAITING_SYSTEM, "not_read_yet"),
    (QuotaSpent, WAITING_SYSTEM, "quota_spent"),
    (Unavailable, WAITING_SYSTEM, "unavailable"),
    (Throttled, WAITING_SYSTEM, "throttled"),
    (Unauthorized, WAITING_SYSTEM, "unauthorized"),
    (PeriodClosed, WAITING_PERIOD, "period_closed"),
    (Refused, DEAD, "refused"),
    (Invalid, HELD, "invalid"),
)


def run_key(run_id: str) -> str:
    return f"run:{run_id}"


def hold_for(run: Run, cause: Exception) -> NewHold:
    match cause:
        case Hold():
            return _asked(run, cause)
        case ConnectError():
            return _from_system(run, cause)
        case RoleError():
            return _asked(run, _unbound(cause))
        case _:
            return _defect(run, cause)


def _unbound(cause: RoleError) -> Hold:
    return Hold(
        str(cause), code="role_unbound", owner="integration",
        fix="Correct the roles of the landscape, start the worker again, then replay.",
    )  # fmt: skip


def _defect(run: Run, cause: Exception) -> NewHold:
    return NewHold(
        key=run_key(run.id), state=DEAD, code="defect", owner="integration",
        reason=_told(run, f"{type(cause).__name__}: {cause}"),
        fix="This is a defect in the flow, not in the data: report it with the run's id, then "
        "replay after the upgrade.",
        flow=run.flow.name, run_id=run.id, correlation_id=run.event.correlation_id,
        **_stake(run),
    )  # fmt: skip


def _asked(run: Run, hold: Hold) -> NewHold:
    return NewHold(
        key=run_key(run.id), state=HELD, code=hold.code, reason=hold.reason, owner=hold.owner,
        fix=hold.fix, flow=run.flow.name, run_id=run.id,
        correlation_id=run.event.correlation_id,
        detail={"fields": list(hold.fields)} if hold.fields else {},
        **_stake(run, hold.blocks, hold.customer, hold.about),
    )  # fmt: skip


def _from_system(run: Run, error: ConnectError) -> NewHold:
    state, code = next(
        ((s, c) for kind, s, c in _STATES if isinstance(error, kind)),
        (HELD, type(error).__name__.lower()),
    )
    return NewHold(
        key=run_key(run.id), state=state, code=code, reason=_told(run, str(error)),
        owner=run.flow.owner if code == "invalid" else error.owner, fix=error.remedy,
        flow=run.flow.name, run_id=run.id, system=error.system,
        period=error.period if isinstance(error, PeriodClosed) else None,
        correlation_id=run.event.correlation_id,
        **_stake(run),
    )  # fmt: skip


def _told(run: Run, reason: str) -> str:
    return f"{reason}; {run.stake.progress}" if run.stake.progress else reason


def _stake(
    run: Run,
    blocks: Money | None = None,
    customer: str | None = None,
    about: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """What the error says, else what the step said before it called a system."""
    kind, object_id = about or run.stake.about or (None, run.event.subject)
    amount = blocks or run.stake.blocks
    return {
        "object_kind": kind,
        "object_id": object_id,
        "customer": customer or run.stake.customer,
        "amount": amount.amount if amount else None,
        "currency": amount.currency if amount else None,
    }
