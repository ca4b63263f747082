"""The connector kit: what a connector implements and what it stands on."""

from isthmus.connect.errors import (
    Conflict,
    ConnectError,
    Duplicate,
    FieldProblem,
    Invalid,
    PeriodClosed,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
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
    "Capability", "Change", "Conflict", "ConnectError", "ConnectionContext", "Connector",
    "Duplicate", "FieldProblem", "Health", "Invalid", "Notice", "Outgoing", "Page", "PeriodClosed",
    "Receipt", "Refused", "Reply", "System", "Throttled", "Unauthorized", "Unavailable",
    "Watermark", "Webhook",
]  # fmt: skip
