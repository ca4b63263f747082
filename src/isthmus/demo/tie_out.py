"""The proof: hours and milestones are followed one by one through all systems, to the cent.

    approved in the PSA + the clients' rounding of hours = invoiced + to be invoiced + held

Amounts are rounded per day of work, half up, as the contracts say. Nothing here asks Isthmus what
an hour is worth: that is worked out anew from the PSA's own rate and the deal's own increment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from isthmus.demo.clerk import LedgerInvoice
from isthmus.demo.evidence import CrmInvoice, Evidence, PsaDay
from isthmus.store.entries import HELD, INVOICED, POSTED
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HoldRow

CENT = Decimal("0.01")
ZERO = Decimal(0)


@dataclass
class CurrencyLine:
    """Totals of one currency; `hours` and `milestones` are what the PSA approved."""

    currency: str
    hours: Decimal = ZERO
    milestones: Decimal = ZERO
    rounding: Decimal = ZERO
    rated: Decimal = ZERO
    posted: Decimal = ZERO
    invoiced: Decimal = ZERO
    uninvoiced: Decimal = ZERO
    held: Decimal = ZERO

    @property
    def approved(self) -> Decimal:
        return self.hours + self.milestones

    @property
    def difference(self) -> Decimal:
        return self.approved + self.rounding - self.invoiced - self.uninvoiced - self.held

    def mismatches(self) -> Iterator[str]:
        checks = (
            ("approved and rounding = rated + held", self.approved + self.rounding,
             self.rated + self.held),
            ("rated = posted in the ledger", self.rated, self.posted),
            ("posted = invoiced + to be invoiced", self.posted, self.invoiced + self.uninvoiced),
        )  # fmt: skip
        for what, left, right in checks:
            if left != right:
                yield f"{self.currency}: {what} fails: {left:,.2f} and {right:,.2f}"


@dataclass(frozen=True)
class Counts:
    deals_won: int
    projects_opened: int
    deals_waiting: int
    approved: int
    unbillable: int
    rated: int
    posted: int
    invoiced: int
    held: int
    messages: int
    deliveries: int


@dataclass(frozen=True)
class Report:
    lines: Sequence[CurrencyLine]
    mismatches: Sequence[str]
    holds: Sequence[HoldRow]
    counts: Counts
    invoices: Sequence[LedgerInvoice] = field(default=())

    @property
    def ties(self) -> bool:
        return not self.mismatches


def tie_out(found: Evidence) -> Report:
    """Every mismatch is named; none is rounded away."""
    lines: defaultdict[str, CurrencyLine] = defaultdict(lambda: CurrencyLine(""))
    for currency in _currencies(found):
        lines[currency] = CurrencyLine(currency)
    mismatches = [
        *_hours(found, lines),
        *_milestones(found, lines),
        *_ledger_time(found, lines),
        *_ledger_invoices(found, lines),
        *crm_mismatches(found.crm_invoices, found.ledger_invoices),
        *_duplicates(found),
        *_ownerless(found.holds),
    ]
    ordered = [lines[c] for c in sorted(lines)]
    mismatches += [m for line in ordered for m in line.mismatches()]
    return Report(ordered, mismatches, found.holds, _counts(found), found.ledger_invoices)


def value_of(day: PsaDay) -> Decimal:
    return (day.hours * day.rate).quantize(CENT, ROUND_HALF_UP)


def billed_value_of(day: PsaDay) -> Decimal:
    """With hours rounded up to the increment that the client agreed to."""
    if day.increment is None:
        return value_of(day)
    slices = (day.hours * 60 / day.increment).to_integral_value(ROUND_CEILING)
    return (slices * day.increment / 60 * day.rate).quantize(CENT, ROUND_HALF_UP)


def crm_mismatches(shown: Sequence[CrmInvoice], ledger: Sequence[LedgerInvoice]) -> list[str]:
    """The CRM shows every invoice of the ledger, and shows of it what the ledger says."""
    in_crm = {i.key: (i.number, i.currency, i.status, i.total, i.due) for i in shown}
    found = []
    for invoice in ledger:
        key = invoice.key
        says = (invoice.number, invoice.currency, invoice.status, invoice.total, invoice.due)
        if key not in in_crm:
            found.append(f"invoice {invoice.number} is not in the CRM")
        elif in_crm[key] != says:
            found.append(f"invoice {invoice.number}: CRM {in_crm[key]}, ledger {says}")
    unknown = in_crm.keys() - {i.key for i in ledger}
    return found + [f"the CRM shows invoice {in_crm[k][0]}, unknown to the ledger" for k in unknown]


def _currencies(found: Evidence) -> set[str]:
    approved = {d.currency for d in found.days} | {m.currency for m in found.milestones}
    return (
        approved | {i.currency for i in found.ledger_invoices} | {f.currency for f in found.facts}
    )


def _live(facts: Iterable[FactRow], kind: str) -> dict[str, FactRow]:
    return {f.source_id: f for f in facts if f.source_kind == kind}


def _hours(found: Evidence, lines: dict[str, CurrencyLine]) -> Iterator[str]:
    facts = _live(found.facts, "time_entry")
    held = {h.object_id: h for h in found.holds if h.object_kind == "time_entry"}
    for day in found.days:
        line = lines[day.currency]
        line.hours += value_of(day)
        row = found.entries.get(day.external_id)
        if row is None:
            yield f"approved work {day.external_id} never reached Isthmus"
            continue
        fact = facts.pop(row.entry.id, None)
        if row.state == HELD:
            yield from _held(day, held.get(row.entry.id), fact, line)
        elif row.state in (POSTED, INVOICED) and fact is not None:
            yield from _rated(day, fact, line)
        else:
            yield f"approved work {day.external_id} is {row.state}: neither billed nor held"
    for fact in facts.values():
        yield f"{fact.description} on {fact.happened_on} is rated, but the PSA did not approve it"


def _held(
    day: PsaDay, hold: HoldRow | None, fact: FactRow | None, line: CurrencyLine
) -> Iterator[str]:
    if fact is not None:
        line.rated += fact.amount
        yield f"held work {day.external_id} is rated too"
    if hold is None:
        yield f"held work {day.external_id} has no open hold"
        return
    amount = hold.amount or ZERO
    line.held += amount
    if amount != value_of(day) or hold.currency != day.currency:
        yield (
            f"{hold.label} blocks {amount} {hold.currency}, the PSA says {value_of(day)} "
            f"{day.currency}"
        )


def _rated(day: PsaDay, fact: FactRow, line: CurrencyLine) -> Iterator[str]:
    line.rounding += billed_value_of(day) - value_of(day)
    line.rated += fact.amount
    if fact.invoice is None:
        line.uninvoiced += fact.amount
    if (fact.amount, fact.currency) != (billed_value_of(day), day.currency):
        yield (
            f"work {day.external_id} is rated at {fact.amount} {fact.currency}, by the PSA's rate "
            f"it is {billed_value_of(day)} {day.currency}"
        )


def _milestones(found: Evidence, lines: dict[str, CurrencyLine]) -> Iterator[str]:
    """A milestone is posted by its invoice: there is no transaction before it."""
    facts = _live(found.facts, "milestone")
    held = {h.object_id: h for h in found.holds if h.object_kind == "milestone"}
    for milestone in found.milestones:
        line = lines[milestone.currency]
        line.milestones += milestone.amount
        fact, hold = facts.pop(milestone.key, None), held.get(milestone.key)
        if fact is not None:
            line.rated += fact.amount
            line.posted += fact.amount
            line.uninvoiced += fact.amount if fact.invoice is None else ZERO
            if fact.amount != milestone.amount:
                yield f"{milestone.name} is rated at {fact.amount}, agreed is {milestone.amount}"
        elif hold is not None:
            line.held += hold.amount or ZERO
        else:
            yield f"accepted milestone {milestone.name} ({milestone.amount}) was not billed"
    for fact in facts.values():
        yield f"milestone {fact.description} is rated, but the PSA did not release it"


def _ledger_time(found: Evidence, lines: dict[str, CurrencyLine]) -> Iterator[str]:
    facts = _live(found.facts, "time_entry")
    if found.ledger_time is None:
        for fact in facts.values():
            lines[fact.currency].posted += fact.amount
        return
    for time in found.ledger_time:
        amount = time.amount.quantize(CENT, ROUND_HALF_UP)
        lines[time.currency].posted += amount
        rated = facts.pop(time.key, None)
        if rated is None:
            yield f"the ledger holds {time.natural} ({amount}), which Isthmus did not rate"
        elif (rated.amount, rated.currency) != (amount, time.currency):
            yield f"{time.natural}: the ledger holds {amount}, Isthmus rated {rated.amount}"
    for fact in facts.values():
        yield f"{fact.description} on {fact.happened_on} is rated, but not in the ledger"


def _ledger_invoices(found: Evidence, lines: dict[str, CurrencyLine]) -> Iterator[str]:
    behind: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for fact in found.facts:
        if fact.invoice is not None:
            behind[fact.invoice] += fact.amount
    for invoice in found.ledger_invoices:
        lines[invoice.currency].invoiced += invoice.lines_total
        expected = behind.pop(invoice.key, ZERO)
        if expected != invoice.lines_total:
            yield (
                f"invoice {invoice.number} has lines of {invoice.lines_total}, the work behind it "
                f"is worth {expected}"
            )
        if invoice.hours_amount + invoice.milestones_amount != invoice.lines_total:
            yield f"invoice {invoice.number}: its lines do not sum to {invoice.lines_total}"
    for key, amount in behind.items():
        yield f"work of {amount} is frozen on invoice {key}, which the ledger does not have"


def _duplicates(found: Evidence) -> Iterator[str]:
    named = {
        **found.names,
        "invoices of the ledger": [i.number for i in found.ledger_invoices],
        "invoices of the ledger, by key": [i.key for i in found.ledger_invoices],
        "invoices of the CRM, by key": [i.key for i in found.crm_invoices],
        "hours of the ledger, by key": [t.key for t in found.ledger_time or ()],
    }
    for where, names in named.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{where}: {name} is there {count} times"


def _ownerless(holds: Sequence[HoldRow]) -> Iterator[str]:
    for hold in holds:
        if not (hold.owner and hold.fix and hold.reason):
            yield f"{hold.label} names no owner, reason or fix"


def _counts(found: Evidence) -> Counts:
    states = Counter(row.state for row in found.entries.values())
    rated = len(_live(found.facts, "time_entry"))
    return Counts(
        deals_won=found.deals_won,
        projects_opened=found.projects_opened,
        deals_waiting=sum(1 for h in found.holds if h.object_kind == "opportunity"),
        approved=len(found.days) + found.unbillable,
        unbillable=found.unbillable,
        rated=rated,
        posted=states[POSTED] + states[INVOICED],
        invoiced=states[INVOICED],
        held=states[HELD],
        messages=found.messages,
        deliveries=found.deliveries,
    )
