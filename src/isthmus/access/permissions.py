"""What a person or a machine may do, and which role of the firm may do it.

Whatever is not listed here for a role is denied to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """One thing that an API, a page or a command asks for before it answers."""

    OVERVIEW_READ = "overview.read"
    RUNS_READ = "runs.read"
    RUNS_REPLAY = "runs.replay"
    HOLDS_READ = "holds.read"
    HOLDS_WORK = "holds.work"
    """Assign, comment."""
    HOLDS_FIX = "holds.fix"
    """Edit what is held."""
    HOLDS_RELEASE = "holds.release"
    """Replay or skip what is held."""
    JOURNEY_READ = "journey.read"
    BILLING_READ = "billing.read"
    BILLING_RUN = "billing.run"
    CLOSE_READ = "close.read"
    RECONCILIATION_READ = "reconciliation.read"
    RECONCILIATION_RUN = "reconciliation.run"
    RECONCILIATION_REPAIR = "reconciliation.repair"
    RECONCILIATION_SIGN = "reconciliation.sign"
    SYSTEMS_READ = "systems.read"
    SYSTEMS_OPERATE = "systems.operate"
    MODEL_READ = "model.read"
    OBJECTS_READ = "objects.read"
    OBJECTS_WRITE = "objects.write"
    PROCESS_RUN = "process.run"
    """Start a process: convert an opportunity, amend a contract."""
    TIME_SUBMIT = "time.submit"
    EVENTS_READ = "events.read"
    DELIVERY_READ = "delivery.read"
    FINANCE_READ = "finance.read"
    EXECUTIVE_READ = "executive.read"
    CLIENT_READ = "client.read"
    """Own projects and invoices of a client, and nothing else."""
    PII_READ = "pii.read"
    PII_ERASE = "pii.erase"
    """Erase a person's data."""
    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"
    ACCESS_READ = "access.read"
    ACCESS_MANAGE = "access.manage"
    METRICS_READ = "metrics.read"


class AccessRole(StrEnum):
    """Roles of people and machines. `Role` of the model is what a system plays."""

    ADMIN = "admin"
    INTEGRATION = "integration"
    FINANCE = "finance"
    PMO = "pmo"
    DELIVERY = "delivery"
    EXECUTIVE = "executive"
    AUDITOR = "auditor"
    CLIENT = "client"
    SERVICE = "service"


_P = Permission
_LOOK = frozenset(
    {
        _P.OVERVIEW_READ, _P.RUNS_READ, _P.HOLDS_READ, _P.JOURNEY_READ, _P.SYSTEMS_READ,
        _P.MODEL_READ, _P.OBJECTS_READ, _P.EVENTS_READ, _P.RECONCILIATION_READ,
    }
)  # fmt: skip
_MONEY = frozenset({_P.BILLING_READ, _P.CLOSE_READ, _P.FINANCE_READ, _P.DELIVERY_READ})
_WORK = frozenset({_P.HOLDS_WORK, _P.HOLDS_FIX, _P.HOLDS_RELEASE, _P.RUNS_REPLAY})

PERMISSIONS: Mapping[AccessRole, frozenset[Permission]] = {
    AccessRole.ADMIN: frozenset(Permission) - {_P.CLIENT_READ},
    AccessRole.INTEGRATION: _LOOK
    | _WORK
    | {_P.SYSTEMS_OPERATE, _P.METRICS_READ, _P.RECONCILIATION_RUN, _P.RECONCILIATION_REPAIR},
    AccessRole.FINANCE: _LOOK
    | _MONEY
    | _WORK
    | {
        _P.BILLING_RUN, _P.PROCESS_RUN, _P.EXECUTIVE_READ, _P.PII_READ, _P.RECONCILIATION_RUN,
        _P.RECONCILIATION_REPAIR, _P.RECONCILIATION_SIGN,
    },
    AccessRole.PMO: _LOOK
    | {
        _P.HOLDS_WORK, _P.HOLDS_FIX, _P.HOLDS_RELEASE, _P.PROCESS_RUN, _P.DELIVERY_READ,
        _P.BILLING_READ, _P.PII_READ, _P.RECONCILIATION_SIGN,
    },
    AccessRole.DELIVERY: frozenset(
        {_P.OVERVIEW_READ, _P.HOLDS_READ, _P.JOURNEY_READ, _P.DELIVERY_READ, _P.MODEL_READ}
    ),
    AccessRole.EXECUTIVE: frozenset(
        {_P.OVERVIEW_READ, _P.DELIVERY_READ, _P.FINANCE_READ, _P.EXECUTIVE_READ, _P.MODEL_READ}
    ),
    AccessRole.AUDITOR: _LOOK
    | _MONEY
    | {_P.AUDIT_READ, _P.AUDIT_EXPORT, _P.ACCESS_READ, _P.EXECUTIVE_READ},
    AccessRole.CLIENT: frozenset({_P.CLIENT_READ}),
    AccessRole.SERVICE: frozenset(
        {
            _P.TIME_SUBMIT, _P.EVENTS_READ, _P.OBJECTS_READ, _P.OBJECTS_WRITE, _P.PROCESS_RUN,
            _P.BILLING_READ, _P.METRICS_READ,
        }
    ),
}  # fmt: skip
