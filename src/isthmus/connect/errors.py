"""Errors are named by what happens next. Connectors raise these and nothing else.

ConnectError
|- Unavailable     retry, then wait for the system; `outcome_unknown` when the call was sent
|  |- BreakerOpen  not called, because it is away: wait as a row until one probe is answered
|  `- NotReadYet   not written, because what it has was not read to the end for the first time
|- Throttled       wait `retry_after` seconds; does not count as a failure
|  `- QuotaSpent   not called, because the limit is spent: wait as a row for `retry_after`
|- Unauthorized    refreshed once already: stop the connection, tell its owner
|- Refused         the system will never accept this: dead letter
|  `- HostRefused  not called, because nothing configured names the host
|- Invalid         a person must correct the named fields
|- Conflict        read again, merge, retry
|- PeriodClosed    wait for the period to open, or re-date by policy
`- Duplicate       adopt `existing_id` as ours
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldProblem:
    """One field of a vendor's record that cannot be used, and what would mend it."""

    object: str
    field: str
    value: str | None
    reason: str
    remedy: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {self.value!r}"
        return f"{self.object}.{self.field}{shown}: {self.reason}. {self.remedy}"


class ConnectError(Exception):
    """`system` is the connection's name; `code` is the vendor's own, where it gave one."""

    remedy: ClassVar[str] = "Look at the call in the run's steps."
    owner: ClassVar[str] = "integration"

    def __init__(self, system: str, message: str, *, code: str | None = None) -> None:
        super().__init__(f"{system}: {message}" + (f" [{code}]" if code else ""))
        self.system = system
        self.message = message
        self.code = code

    def state(self) -> dict[str, Any]:
        """What is needed to build the same error again after a restart."""
        return {"system": self.system, "message": self.message, "code": self.code}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> ConnectError:
        return cls(**state)

    def seen_by(self, system: str) -> ConnectError:
        """The same error of another connection on the same platform."""
        return self.restore({**self.state(), "system": system})


class Unavailable(ConnectError):
    remedy = "Nothing: the run waits and goes on when the system answers again."

    def __init__(
        self,
        system: str,
        message: str,
        *,
        code: str | None = None,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(system, message, code=code)
        self.outcome_unknown = outcome_unknown

    def state(self) -> dict[str, Any]:
        return {**super().state(), "outcome_unknown": self.outcome_unknown}


class Throttled(ConnectError):
    remedy = "Nothing: the call is repeated when the vendor's limit allows."

    def __init__(
        self,
        system: str,
        message: str,
        *,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(system, message, code=code)
        self.retry_after = retry_after

    def state(self) -> dict[str, Any]:
        return {**super().state(), "retry_after": self.retry_after}


class BreakerOpen(Unavailable):
    remedy = (
        "Nothing: one call at a time looks whether the system is back, then what waits goes on in "
        "order of urgency. See `isthmus connection quota`."
    )


class NotReadYet(Unavailable):
    remedy = (
        "Nothing: the run goes on when the system was read to the end for the first time. Where "
        "that does not come, see when it was last read by `isthmus status`."
    )


class QuotaSpent(Throttled):
    remedy = (
        "Nothing: the run goes on when the limit allows. If it is our own, raise `quota` of the "
        "connection in the landscape; see `isthmus connection quota`."
    )


class Unauthorized(ConnectError):
    remedy = "Renew the connection's credentials, check with `isthmus connection test`, replay."


class Refused(ConnectError):
    remedy = "Correct the cause in the system that owns the data, then replay or skip."


class HostRefused(Refused):
    """`host` is one that the landscape does not name; `code` is `host_not_configured`."""

    remedy = (
        "If it is the system's own, add the host where the landscape configures it; if not, "
        "somebody is leading calls astray: tell whoever runs the system."
    )

    def __init__(
        self, system: str, message: str, *, code: str | None = None, host: str = ""
    ) -> None:
        super().__init__(system, message, code=code)
        self.host = host

    def state(self) -> dict[str, Any]:
        return {**super().state(), "host": self.host}


class Invalid(ConnectError):
    remedy = "Correct the fields in the system that owns them, then replay."

    def __init__(
        self,
        system: str,
        message: str,
        *,
        code: str | None = None,
        fields: tuple[FieldProblem, ...] = (),
    ) -> None:
        super().__init__(system, message, code=code)
        self.fields = fields

    def __str__(self) -> str:
        return "; ".join([super().__str__(), *map(str, self.fields)])

    def state(self) -> dict[str, Any]:
        return {**super().state(), "fields": [asdict(f) for f in self.fields]}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Invalid:
        fields = tuple(FieldProblem(**f) for f in state.pop("fields"))
        return cls(**state, fields=fields)


class Conflict(ConnectError):
    remedy = "Nothing: the record is read again and the change repeated."


class PeriodClosed(ConnectError):
    remedy = "Open the period in the ERP, or re-date by policy; the run goes on by itself."
    owner = "finance"

    def __init__(
        self, system: str, message: str, *, code: str | None = None, period: str | None = None
    ) -> None:
        super().__init__(system, message, code=code)
        self.period = period

    def state(self) -> dict[str, Any]:
        return {**super().state(), "period": self.period}


class Duplicate(ConnectError):
    remedy = "Link the existing record, or correct the key that collides."

    def __init__(
        self,
        system: str,
        message: str,
        *,
        code: str | None = None,
        existing_id: str | None = None,
    ) -> None:
        super().__init__(system, message, code=code)
        self.existing_id = existing_id

    def state(self) -> dict[str, Any]:
        return {**super().state(), "existing_id": self.existing_id}


ERRORS: dict[str, type[ConnectError]] = {
    c.__name__: c
    for c in (
        Unavailable, Throttled, Unauthorized, Refused, Invalid, Conflict, PeriodClosed, Duplicate,
        BreakerOpen, QuotaSpent, HostRefused, NotReadYet,
    )
}  # fmt: skip

NOT_CALLED = (BreakerOpen, QuotaSpent, NotReadYet)
"""Nothing was let through: asking again in a moment gets the same answer."""

OF_THE_CONNECTION = (Unavailable, Throttled, Unauthorized)
"""What is wrong with all calls, not with one record: the work is tried again as a whole."""
