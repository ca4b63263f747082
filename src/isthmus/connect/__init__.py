"""The connector kit: what a connector implements and what it stands on."""

from isthmus.connect.errors import (
    BreakerOpen,
    Conflict,
    ConnectError,
    Duplicate,
    FieldProblem,
    HostRefused,
    Invalid,
    NotReadYet,
    PeriodClosed,
    QuotaSpent,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from isthmus.connect.gate import Gate, LocalGate, Pass, Queue
from isthmus.connect.quota import Quota, Signal, Urgency, current_urgency, urgent
from isthmus.connect.system import (
    Capability,
    Change,
    ConnectionContext,
    Connector,
    Health,
    Notice,
    Outgoing,
    Page,
    Receipt,
    Reply,
    System,
    Webhook,
)
from isthmus.connect.watermark import Watermark

__all__ = [
    "BreakerOpen", "Capability", "Change", "Conflict", "ConnectError", "ConnectionContext",
    "Connector", "Duplicate", "FieldProblem", "Gate", "Health", "HostRefused", "Invalid",
    "LocalGate", "NotReadYet", "Notice", "Outgoing", "Page", "Pass", "PeriodClosed", "Queue",
    "Quota", "QuotaSpent", "Receipt", "Refused", "Reply", "Signal", "System", "Throttled",
    "Unauthorized", "Unavailable", "Urgency", "Watermark", "Webhook", "current_urgency", "urgent",
]  # fmt: skip
