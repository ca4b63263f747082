"""The close, company by company: each period's state, and what is in the way of closing it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pydantic import Field

from isthmus.canonical import AccountingPeriod, LegalEntity
from isthmus.canonical.base import Value
from isthmus.canonical.dimensions import PeriodState
from isthmus.engine import Engine
from isthmus.flows.reading import periods_of
from isthmus.landscape.bindings import RoleError
from isthmus.rules.periods import period_for
from isthmus.store.database import Transaction
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.holds import WAITING_PERIOD, HoldRow


class Sum(Value):
    currency: str
    amount: Decimal


class PeriodStatus(Value):
    """What work of a period's days is not where it should be when the period closes."""

    period: str = Field(description="Name in the ledger.")
    starts_on: date
    ends_on: date
    state: PeriodState
    unposted: tuple[Sum, ...] = Field(description="Rated, and not in the ledger.")
    unbilled: tuple[Sum, ...] = Field(description="In the ledger, and on no invoice.")
    held: tuple[Sum, ...] = Field(description="Stopped until a person decides.")
    waiting: tuple[Sum, ...] = Field(description="Waits for this period to be open.")
    holds: tuple[str, ...] = Field(description="Labels of what is held or waits.")
    unapproved: int = Field(description="Time entries that nobody has approved or refused.")
    clear: bool = Field(description="Nothing is in the way.")


class CompanyClose(Value):
    legal_entity: str
    connection: str | None = Field(description="The ledger; null where none is bound.")
    periods: tuple[PeriodStatus, ...] = Field(description="The latest first.")
    undated: tuple[str, ...] = Field(description="Labels of holds that are of no day or period.")


Sums = dict[str, Decimal]


@dataclass
class _Open:
    """Of one period."""

    unposted: Sums = field(default_factory=lambda: defaultdict(Decimal))
    unbilled: Sums = field(default_factory=lambda: defaultdict(Decimal))
    held: Sums = field(default_factory=lambda: defaultdict(Decimal))
    waiting: Sums = field(default_factory=lambda: defaultdict(Decimal))
    holds: list[str] = field(default_factory=list)
    unapproved: int = 0


async def close_of(
    engine: Engine, today: date, entities: Collection[str] | None = None
) -> tuple[CompanyClose, ...]:
    """Periods that today falls in, or in which something is open, and those that are locked."""
    codes = [c for c in engine.landscape.firm.legal_entities if entities is None or c in entities]
    async with engine.database.begin() as tx:
        seen = await _Seen.read(tx, codes)
        return tuple([await _company(tx, engine, code, today, seen) for code in codes])


@dataclass
class _Seen:
    """Everything that is open, read once."""

    work: Mapping[str, list[tuple[date, str, Decimal, Decimal]]]
    unapproved: Mapping[str, Counter[date]]
    holds: Mapping[str, list[tuple[HoldRow, date | None]]]

    @classmethod
    async def read(cls, tx: Transaction, codes: Sequence[str]) -> _Seen:
        work: dict[str, list[tuple[date, str, Decimal, Decimal]]] = defaultdict(list)
        for day in await tx.margins.open_days(codes):
            work[day.legal_entity or ""].append((day.day, day.currency, day.unposted, day.posted))
        unapproved: dict[str, Counter[date]] = defaultdict(Counter)
        for code, on, count in await tx.margins.unapproved_days(codes):
            unapproved[code or ""][on] += count
        holds: dict[str, list[tuple[HoldRow, date | None]]] = defaultdict(list)
        placed = await tx.listings.held_entities(codes)
        days = await _days(tx, [row for _, row in placed])
        for code, row in placed:
            holds[code].append((row, days.get(row.object_id or "")))
        return cls(work, unapproved, holds)


async def _days(tx: Transaction, holds: Sequence[HoldRow]) -> dict[str, date]:
    """Entry -> its day, of holds that are about entries."""
    found: dict[str, date] = {}
    for kind, known in ENTRY_KINDS.items():
        ids = [h.object_id for h in holds if h.object_kind == kind and h.object_id]
        for id, row in (await tx.entries_of(kind).many(ids)).items():
            found[id] = getattr(row.entry, known.day)
    return found


async def _company(
    tx: Transaction, engine: Engine, code: str, today: date, seen: _Seen
) -> CompanyClose:
    try:
        erp = engine.links.erp(code)
    except RoleError:
        erp = None
    [entity] = await tx.records.list(LegalEntity, code=code)
    known = await periods_of(tx, erp) if erp else []
    own = [p for p in known if p.legal_entity in (None, entity.id)]
    opened, undated = _sorted_in(own, entity.id, code, seen)
    current = period_for(today, own, entity.id)
    shown = {p.id for p in own if p.state is PeriodState.LOCKED} | set(opened)
    shown |= {current.id} if current else set()
    rows = [_status(p, opened.get(p.id, _Open())) for p in own if p.id in shown]
    return CompanyClose(
        legal_entity=code, connection=erp.name if erp else None, undated=tuple(undated),
        periods=tuple(sorted(rows, key=lambda row: row.starts_on, reverse=True)),
    )  # fmt: skip


def _sorted_in(
    periods: Sequence[AccountingPeriod], entity: str, code: str, seen: _Seen
) -> tuple[dict[str, _Open], list[str]]:
    """What is open by period, and the labels of holds that belong to none."""
    opened: dict[str, _Open] = defaultdict(_Open)
    for day, currency, unposted, unbilled in seen.work.get(code, ()):
        if period := period_for(day, periods, entity):
            opened[period.id].unposted[currency] += unposted
            opened[period.id].unbilled[currency] += unbilled
    for day, count in seen.unapproved.get(code, Counter()).items():
        if period := period_for(day, periods, entity):
            opened[period.id].unapproved += count
    names = {p.name: p for p in periods}
    undated = []
    for hold, on in seen.holds.get(code, ()):
        period = names.get(hold.period or "") or (on and period_for(on, periods, entity)) or None
        if period is None:
            undated.append(hold.label)
            continue
        place = opened[period.id]
        place.holds.append(hold.label)
        if hold.amount is not None and hold.currency is not None:
            kept = place.waiting if hold.state == WAITING_PERIOD else place.held
            kept[hold.currency] += hold.amount
    return opened, undated


def _status(period: AccountingPeriod, found: _Open) -> PeriodStatus:
    sums = {n: _sums(getattr(found, n)) for n in ("unposted", "unbilled", "held", "waiting")}
    return PeriodStatus(
        period=period.name, starts_on=period.starts_on, ends_on=period.ends_on,
        state=period.state, holds=tuple(found.holds), unapproved=found.unapproved,
        clear=not (any(sums.values()) or found.holds or found.unapproved), **sums,
    )  # fmt: skip


def _sums(found: Sums) -> tuple[Sum, ...]:
    return tuple(Sum(currency=c, amount=a) for c, a in sorted(found.items()) if a)
