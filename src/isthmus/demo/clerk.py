"""What the firm's bookkeeper does in whichever ledger it runs, and what an auditor reads there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from isthmus.demo.firm import Firm


@dataclass(frozen=True)
class LedgerInvoice:
    """As the ledger has it; `key` is the id under which it was sent. Amounts in `currency`."""

    key: str
    number: str
    customer: str
    currency: str
    issued_on: date
    period: str
    hours_amount: Decimal
    milestones_amount: Decimal
    lines_total: Decimal
    total: Decimal
    due: Decimal
    status: str


@dataclass(frozen=True)
class LedgerTime:
    """One time transaction; `natural` is what makes it the same work as another."""

    key: str
    natural: str
    hours: Decimal
    rate: Decimal
    currency: str
    period: str

    @property
    def amount(self) -> Decimal:
        return self.hours * self.rate


class LedgerClerk(Protocol):
    """`name` is the connection's name in the landscape, `url` where its system listens; `reads` is
    how many records of each kind Isthmus finds there on the first day; `takes_time` is whether it
    keeps hours before they are invoiced.
    """

    name: str
    reads: Mapping[str, int]
    takes_time: bool

    @property
    def url(self) -> str: ...

    def connection(self) -> str: ...

    async def seed(self, firm: Firm) -> None: ...

    async def set_period(self, month: date, *, is_open: bool) -> None: ...

    async def pay(self, key: str, receipt: str, amount: Decimal | None, on: date) -> None: ...

    async def break_down(self, seconds: float) -> None: ...

    async def lose_answers(self, count: int) -> None: ...

    async def lost_answers(self) -> int: ...

    async def invoices(self) -> Sequence[LedgerInvoice]: ...

    async def time(self) -> Sequence[LedgerTime] | None: ...

    async def customers(self) -> Sequence[str]: ...

    async def projects(self) -> Sequence[str]: ...
