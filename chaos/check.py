"""The promises, checked: what was sent against what the systems' own stores hold.

Nothing of Isthmus is used here. Amounts are worked out from the driver's own price list: hours
times rate, to the cent, half up, for each day of work.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from chaos.sent import BILLED, Sent, SentHold, SentHour
from chaos.stores import Found, LedgerInvoice, LedgerTime

CENT = Decimal("0.01")
ZERO = Decimal(0)
LOST, DOUBLED, WRONG = "nothing is lost", "nothing is doubled", "amounts are exact"
ORDER, HOLDS, REST = "order is kept", "held is what was expected", "nothing is left open"
PROMISES = (LOST, DOUBLED, WRONG, ORDER, HOLDS, REST)


@dataclass(frozen=True)
class Broken:
    promise: str
    about: str
    why: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.about}: {self.why}"


def broken(sent: Sent, found: Found) -> list[Broken]:
    """Every promise that does not hold, with its object; empty when all do."""
    checks = (_deals, _hours, _invoices, _payments, _marks, _order, _told, _holds, _rest)
    return [problem for check in checks for problem in check(sent, found)]


def amount_of(hour: SentHour) -> Decimal:
    return (hour.hours * hour.rate).quantize(CENT, ROUND_HALF_UP)


def _deals(sent: Sent, found: Found) -> Iterator[Broken]:
    opened = [deal for deal in sent.deals.values() if deal.opens]
    projects = {deal.name for deal in opened}
    yield from _once(projects, found.psa_projects, "project of the PSA")
    yield from _once(projects, found.ledger_projects, "project of the ledger")
    yield from _once({d.client for d in opened}, found.ledger_customers, "customer of the ledger")


def _once(wanted: Iterable[str], there: Sequence[str], what: str) -> Iterator[Broken]:
    counts = Counter(there)
    for name in sorted({*wanted, *counts}):
        is_wanted, count = name in wanted, counts[name]
        if is_wanted and not count:
            yield Broken(LOST, name, f"there is no {what}")
        elif count > 1:
            yield Broken(DOUBLED, name, f"the {what} is there {count} times")
        elif count and not is_wanted:
            yield Broken(DOUBLED, name, f"there is a {what} that nothing asked for")


def _hours(sent: Sent, found: Found) -> Iterator[Broken]:
    """Each day's last version once, and no line besides."""
    lines: defaultdict[tuple[str, str, date], list[LedgerTime]] = defaultdict(list)
    for line in found.time:
        lines[line.deal, line.person, line.day].append(line)
    for key, hour in sent.hours.items():
        there = lines.pop(key, [])
        about = f"{hour.deal}, {hour.person}, {hour.day}"
        if hour.fate == BILLED:
            yield from _hour(hour, there, about)
        elif there:
            yield Broken(DOUBLED, about, "the ledger has hours that are held")
    for deal, person, day in lines:
        yield Broken(DOUBLED, f"{deal}, {person}, {day}", "the ledger has hours nobody worked")


def _hour(hour: SentHour, there: Sequence[LedgerTime], about: str) -> Iterator[Broken]:
    if not there:
        yield Broken(LOST, about, f"{hour.hours} h at {hour.rate} are not in the ledger")
    elif len(there) > 1:
        yield Broken(DOUBLED, about, f"the ledger has {len(there)} lines")
    elif (there[0].hours, there[0].rate) != (hour.hours, hour.rate):
        line = there[0]
        yield Broken(
            WRONG, about,
            f"the ledger has {line.hours} h at {line.rate}, sent were {hour.hours} at {hour.rate}",
        )  # fmt: skip


def expected_invoices(sent: Sent) -> dict[tuple[str, date], Decimal]:
    """(purchase order, day) -> what its lines come to: a deal's week is one invoice."""
    expected: defaultdict[tuple[str, date], Decimal] = defaultdict(lambda: ZERO)
    for hour in sent.hours.values():
        if hour.fate == BILLED and hour.week in sent.billed:
            deal = sent.deals[hour.deal]
            expected[deal.purchase_order, sent.billed[hour.week]] += amount_of(hour)
    return dict(expected)


def _by_order(found: Found) -> dict[tuple[str, date], list[LedgerInvoice]]:
    grouped: defaultdict[tuple[str, date], list[LedgerInvoice]] = defaultdict(list)
    for invoice in found.invoices:
        grouped[invoice.purchase_order, invoice.issued_on].append(invoice)
    return dict(grouped)


def _invoices(sent: Sent, found: Found) -> Iterator[Broken]:
    there = _by_order(found)
    for key, amount in expected_invoices(sent).items():
        about, invoices = f"{key[0]} of {key[1]}", there.pop(key, [])
        if not invoices:
            yield Broken(LOST, about, f"no invoice of {amount}")
        elif len(invoices) > 1:
            numbers = ", ".join(i.number for i in invoices)
            yield Broken(DOUBLED, about, f"the work is on the invoices {numbers}")
        elif invoices[0].subtotal != amount:
            yield Broken(WRONG, about, f"invoiced {invoices[0].subtotal}, worked {amount}")
    for order, day in there:
        yield Broken(DOUBLED, f"{order} of {day}", "an invoice that nothing asked for")
    for invoice in found.invoices:
        if invoice.lines != invoice.subtotal or invoice.subtotal + invoice.tax != invoice.total:
            yield Broken(WRONG, invoice.number, "its lines and tax do not sum to its total")


def _payments(sent: Sent, found: Found) -> Iterator[Broken]:
    """The CRM shows each invoice once, as it stands after the last payment."""
    shown = defaultdict(list)
    for one in found.shown:
        shown[one.key].append(one)
    for invoice in found.invoices:
        there = shown.pop(invoice.key, [])
        paid = sent.paid.get(invoice.key, ZERO)
        due = invoice.total - paid
        if invoice.due != due:
            yield Broken(WRONG, invoice.number, f"{invoice.due} is due, {paid} was paid")
        says = (invoice.number, _status(paid, due), invoice.total, due)
        if not there:
            yield Broken(LOST, invoice.number, "the CRM does not show it")
        elif len(there) > 1:
            yield Broken(DOUBLED, invoice.number, f"the CRM shows it {len(there)} times")
        elif (known := (there[0].number, there[0].status, there[0].total, there[0].due)) != says:
            yield Broken(ORDER, invoice.number, f"the CRM shows {known}, the ledger {says}")
    for key in shown:
        yield Broken(DOUBLED, key, "the CRM shows an invoice that the ledger does not have")


def _status(paid: Decimal, due: Decimal) -> str:
    return "paid" if not due else "partially_paid" if paid else "posted"


def _marks(sent: Sent, found: Found) -> Iterator[Broken]:
    """Billed weeks bear their invoice's number in the PSA, others none."""
    numbers = {key: invoices[0].number for key, invoices in _by_order(found).items()}
    for mark in found.marks:
        hours = [sent.hours.get((mark.deal, mark.person, day)) for day in mark.days]
        wanted = {_number(sent, numbers, hour) for hour in hours if hour is not None}
        if wanted and wanted != {mark.number}:
            told = " and ".join(sorted(str(number) for number in wanted))
            about = f"{mark.deal}, {mark.person}, week of {mark.days[0]}"
            yield Broken(LOST, about, f"its card bears {mark.number}, its invoice is {told}")


def _number(sent: Sent, numbers: Mapping[tuple[str, date], str], hour: SentHour) -> str | None:
    if hour.fate != BILLED or hour.week not in sent.billed:
        return None
    return numbers.get((sent.deals[hour.deal].purchase_order, sent.billed[hour.week]))


def _order(sent: Sent, found: Found) -> Iterator[Broken]:
    """The feed gave each event once and in place; an object's versions ascend in it."""
    log = [(event.position, event.id) for event in found.events]
    places = [position for position, _ in found.followed]
    if places != sorted(set(places)):
        yield Broken(ORDER, "the feed", "it went back, or gave a place twice")
    for position, id in sorted(set(log) - set(found.followed)):
        yield Broken(LOST, f"event {id}", f"the feed passed over place {position}")
    for position, id in sorted(set(found.followed) - set(log)):
        yield Broken(ORDER, f"event {id}", f"the feed gave it at {position}, the log has it not")
    last: dict[tuple[str, str], int] = {}
    for event in found.events:
        key = (event.type, event.subject)
        if event.version is not None and event.version <= last.get(key, -1):
            yield Broken(
                ORDER, f"{event.type} of {event.subject}",
                f"version {event.version} comes after version {last[key]}",
            )  # fmt: skip
        if event.version is not None:
            last[key] = event.version


TOLD_ONCE = ("contract.opened", "project.opened", "invoice.drafted", "invoice.posted")
"""Events that an object has once in its life."""


def _told(sent: Sent, found: Found) -> Iterator[Broken]:
    """A step that is repeated after a death says nothing again."""
    told = Counter((e.type, e.subject) for e in found.events if e.type in TOLD_ONCE)
    for (type, subject), count in told.items():
        if count > 1:
            yield Broken(DOUBLED, f"{type} of {subject}", f"it was told {count} times")


def _holds(sent: Sent, found: Found) -> Iterator[Broken]:
    there = Counter(SentHold(h.kind, h.id, h.code, h.owner) for h in found.holds)
    for hold in sorted(sent.holds - set(there), key=str):
        yield Broken(HOLDS, f"{hold.kind} {hold.id}", f"no hold {hold.code} of {hold.owner}")
    for hold, count in there.items():
        if hold not in sent.holds:
            yield Broken(HOLDS, f"{hold.kind} {hold.id}", f"held as {hold.code}, unexpected")
        elif count > 1:
            yield Broken(HOLDS, f"{hold.kind} {hold.id}", f"held {count} times")
    for found_hold in found.holds:
        if not (found_hold.owner and found_hold.reason and found_hold.fix):
            yield Broken(HOLDS, f"{found_hold.kind} {found_hold.id}", "no owner, reason or fix")


def _rest(sent: Sent, found: Found) -> Iterator[Broken]:
    """Only a deal that waits for a person may have an unfinished run."""
    waiting = sum(1 for hold in sent.holds if hold.kind == "opportunity")
    held = [run for run in found.unfinished if run[2] == "held"]
    if len(held) != waiting:
        yield Broken(REST, "runs", f"{len(held)} are held, {waiting} wait for a person")
    for flow, run, state in found.unfinished:
        if state != "held":
            yield Broken(REST, f"run {run} of {flow}", f"it is {state}")
    if found.unread:
        yield Broken(REST, "messages", f"{found.unread} are not read")
