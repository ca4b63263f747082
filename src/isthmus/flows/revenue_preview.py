"""Revenue per contract and month as a run would find it now. Nothing is kept, posted or held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from isthmus.canonical import Contract
from isthmus.canonical.base import Value
from isthmus.engine import Engine, Hold
from isthmus.flows.revenue_alignment import contracts_earning, months_due
from isthmus.flows.revenue_plan import Planned, ours_of, plan_month, theirs_of
from isthmus.flows.revenue_reading import Known, known_of
from isthmus.kit.money import Money
from isthmus.landscape import RecognisedBy
from isthmus.rules.revenue.alignment import differences


class RevenueRow(Value):
    """`position` is earned less billed, to date: unbilled where positive, deferred where negative.

    `theirs` is None where the ledger cannot tell; `note` says why, or what stops the month.
    `difference` is zero while it is within one minor unit. Where we post, it is that of what was
    posted, and `moved` is what is still to be posted.
    """

    contract: str
    customer: str
    month: str
    period: str | None = None
    earned: Money | None = None
    moved: Money | None = None
    billed: Money | None = None
    position: Money | None = None
    theirs: Money | None = None
    difference: Money | None = None
    stopped: bool = False
    note: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.difference) or self.stopped


async def preview_revenue(engine: Engine, day: date) -> tuple[RevenueRow, ...]:
    async with engine.database.begin() as tx:
        contracts = await contracts_earning(tx, day)
    rows: list[RevenueRow] = []
    for contract in contracts:
        rows += await _of_contract(engine, contract, day)
    return tuple(rows)


async def _of_contract(engine: Engine, contract: Contract, day: date) -> list[RevenueRow]:
    policies = engine.landscape.policies
    async with engine.database.begin() as tx:
        months = await months_due(tx, engine.links, contract, day)
        known = await known_of(tx, engine.links, contract.id, policies.revenue.capped_time)
    by = policies.revenue.recognised_by
    erp = engine.links.erp(known.entity.code)
    theirs = await theirs_of(engine.database, erp, known, by)
    rows = []
    for month in months:
        try:
            planned = plan_month(known, policies, month)
        except Hold as hold:
            rows.append(_stopped(known, month, hold.reason))
            continue
        known = replace(known, lines={**known.lines, planned.period: planned.earned})
        rows.append(_row(known, planned, by, theirs))
    return rows


def _stopped(known: Known, month: date, reason: str) -> RevenueRow:
    return RevenueRow(
        contract=known.contract.number, customer=known.customer.name, month=f"{month:%Y-%m}",
        stopped=True, note=reason,
    )  # fmt: skip


def _row(
    known: Known, planned: Planned, by: RecognisedBy, theirs: Mapping[str, Money] | str
) -> RevenueRow:
    zero = Money.zero(known.contract.currency)
    has = None if isinstance(theirs, str) else theirs.get(planned.period, zero)
    return RevenueRow(
        contract=known.contract.number, customer=known.customer.name, month=planned.month,
        period=planned.period_name, earned=planned.earned, moved=planned.moved,
        billed=planned.billed, position=planned.position, theirs=has,
        difference=None if has is None else _difference(known, planned.period, by, has),
        note=theirs if isinstance(theirs, str) else planned.why,
    )  # fmt: skip


def _difference(known: Known, period: str, by: RecognisedBy, theirs: Money) -> Money:
    zero = Money.zero(theirs.currency)
    ours = ours_of(known, by).get(period, zero)
    found = differences({period: ours}, {period: theirs}, theirs.currency)
    return found[0].amount if found else zero
