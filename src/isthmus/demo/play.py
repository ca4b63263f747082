"""The quarter, stage by stage. A finished stage is in the journal; one that was cut short is
repeated, and finds what it had done already.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from isthmus.app import App
from isthmus.demo.clerk import LedgerClerk, LedgerInvoice
from isthmus.demo.deals import FIRST_WAVE, SECOND_WAVE, Deal
from isthmus.demo.delivery import Delivery
from isthmus.demo.evidence import crm_invoices
from isthmus.demo.firm import Firm
from isthmus.demo.org import Org
from isthmus.demo.place import Journal
from isthmus.demo.price_list import INDEXED_ON
from isthmus.demo.tie_out import crm_mismatches
from isthmus.demo.timesheets import DISCOVERY_ENDS, Timecard
from isthmus.demo.watch import Seen, Watch
from isthmus.events.batching import batch_time
from isthmus.flows.contract_to_invoice import request_billing
from isthmus.store.entries import POSTED, RATED, RECEIVED

JULY, AUGUST, SEPTEMBER = date(2026, 7, 31), date(2026, 8, 31), date(2026, 9, 30)
OUTAGE_SECONDS = 8.0
LOST_ANSWERS = 2
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Stage:
    name: str
    says: str
    act: Callable[[], Awaitable[None]]


class Quarter:
    def __init__(
        self, app: App, firm: Firm, org: Org, clerk: LedgerClerk, journal: Journal,
        tell: Callable[[Seen], None],
    ) -> None:  # fmt: skip
        self._app, self._firm, self._org, self._clerk = app, firm, org, clerk
        self._journal = journal
        self._delivery = Delivery(org, firm)
        self._watch = Watch(app, org, tell)
        self._logged: list[Timecard] = []
        self._accepted = 0

    def stages(self) -> Sequence[Stage]:
        return (
            Stage("read", "reading people, price list and periods", self._first_reading),
            Stage("july_deals", "deals are won", lambda: self._win(FIRST_WAVE)),
            Stage("july_time", f"July: hours; {self._clerk.name} goes down", self._july),
            Stage("july_bills", "July: invoices; answers get lost", self._bill_july),
            Stage("july_close", "July is closed for invoices", lambda: self._close(JULY)),
            Stage("august_deals", "more deals are won", lambda: self._win(SECOND_WAVE)),
            Stage("august_1", "August: hours, some of them from July", self._first_august),
            Stage("new_prices", "the price list in euros goes up", self._index),
            Stage("august_2", "August: hours at new prices", self._second_august),
            Stage("august_bills", "August: invoices and payments", self._bill_august),
            Stage("september_1", "September: hours, one phase is over", self._first_september),
            Stage("amendment", "a client agrees to a higher cap", self._amend),
            Stage("august_close", "August is closed for invoices", lambda: self._close(AUGUST)),
            Stage("july_reopens", "July is opened again", self._reopen_july),
            Stage("revoked", "a price is withdrawn", self._withdraw_price),
            Stage("september_2", "September: hours without a price", self._second_september),
            Stage("september_bills", "September: invoices and payments", self._bill_september),
        )

    @property
    def is_over(self) -> bool:
        """Played to its end before."""
        return all(stage.name in self._journal for stage in self.stages())

    async def catch_up(self) -> None:
        """What people did in the systems since the last stage, so that the proof covers it."""
        await self._app.read()
        await self._watch.rest("what was done since to be taken in")

    async def play(self, begins: Callable[[Stage], None]) -> None:
        for stage in self.stages():
            begins(stage)
            self._recall(stage.name)
            if stage.name not in self._journal:
                began = time.monotonic()
                await stage.act()
                self._journal.note(stage.name, {"seconds": round(time.monotonic() - began, 1)})

    def _recall(self, stage: str) -> None:
        """What the stage adds to what Isthmus must know by its end."""
        batches = {
            "july_time": ("july",), "august_1": ("august_1", "late_july"),
            "august_2": ("august_2",), "september_1": ("september_1",),
            "september_2": ("september_2", "open", "late_august"),
        }.get(stage, ())  # fmt: skip
        for batch in batches:
            self._logged += self._firm.logged(batch)
        self._accepted += len(self._acceptances(stage))

    def _acceptances(self, stage: str) -> list[Any]:
        month = {"july_time": "july", "august_2": "august", "september_2": "september"}.get(stage)
        return [a for a in self._firm.acceptances if a.batch == month]

    @property
    def _approved_days(self) -> int:
        return sum(len(list(c.days())) for c in self._logged if c.is_approved)

    async def _first_reading(self) -> None:
        firm = self._firm
        wanted = {
            "resource": len(firm.people), "customer": len(firm.clients),
            "rate_card": len(firm.cards), "opportunity": len(firm.deals),
            **self._clerk.reads,
        }  # fmt: skip
        await self._watch.known(
            "Isthmus to read both systems",
            lambda known: all(known.count(kind) >= n for kind, n in wanted.items()),
        )

    async def _win(self, wave: str) -> None:
        deals = self._firm.won(wave)
        await self._org.win(deals)
        done = [d for d in self._firm.deals if d.wave in (FIRST_WAVE, wave) and _opens(d)]
        await self._watch.projects_opened(len(done))
        await self._delivery.staff([d for d in deals if _opens(d)])
        staff = [a for a in self._firm.assignments if a.deal in {d.name for d in done}]
        discoveries = {a.deal for a in staff if a.is_billable}
        await self._watch.known(
            "the projects to be staffed",
            lambda k: (
                len(k.assignments) == len(staff)
                and k.staffed() == len(done)
                and k.closing(DISCOVERY_ENDS) == len(discoveries)
            ),
        )

    async def _hand_in(self, *batches: str) -> None:
        for batch in batches:
            cards = self._firm.logged(batch)
            await self._delivery.log(cards)
            await self._delivery.approve(cards)

    async def _rest(self, what: str) -> None:
        await self._watch.rest(what, approved=self._approved_days, milestones=self._accepted)

    async def _july(self) -> None:
        await self._hand_in("july")
        await self._watch.until("the first hours to be posted", self._is_posting)
        await self._clerk.break_down(OUTAGE_SECONDS)
        began = time.monotonic()
        await self._delivery.accept(self._acceptances("july_time"))
        most, what = 0, "lines" if self._clerk.takes_time else "invoices"

        async def drained() -> bool:
            nonlocal most
            seen = await self._watch.look()
            lines = seen.entries.get(RATED, 0)
            most = max(most, lines if self._clerk.takes_time else seen.waiting)
            is_over = time.monotonic() - began > OUTAGE_SECONDS
            return is_over and seen.at_rest and seen.approved == self._approved_days

        await self._watch.until("July's hours to be posted after the outage", drained)
        drain = time.monotonic() - began - OUTAGE_SECONDS
        if most:
            waited = {"waited": most, "what": what, "drained": round(drain, 1)}
            self._journal.note("outage", waited)
        await self._rest("July's hours and milestones")

    async def _is_posting(self) -> bool:
        seen = await self._watch.look()
        return seen.entries.get(POSTED, 0) > 0

    async def _bill(self, up_to: date) -> None:
        await request_billing(self._app.engine, up_to, "demo")
        await self._watch.all_billed(up_to)

    async def _bill_july(self) -> None:
        await self._clerk.lose_answers(LOST_ANSWERS)
        await self._bill(JULY)
        self._journal.note("lost_answers", await self._clerk.lost_answers())

    async def _close(self, month: date) -> None:
        await self._clerk.set_period(month, is_open=False)
        name = f"{month:%b %Y}"
        await self._watch.known(f"{name} to be read as locked", lambda k: k.is_locked(name))

    async def _first_august(self) -> None:
        await self._hand_in("august_1", "late_july")
        await self._rest("August's first hours")

    async def _index(self) -> None:
        changes = self._firm.new_prices
        await self._org.publish([card for pair in changes for card in pair])
        await self._delivery.reprice(INDEXED_ON)
        total = len(self._firm.cards) + len(changes)
        await self._watch.known(
            "the new prices to be read",
            lambda k: len(k.cards) == total and k.ended_cards() == len(changes),
        )

    async def _second_august(self) -> None:
        await self._hand_in("august_2")
        await self._delivery.accept(self._acceptances("august_2"))
        await self._rest("August's hours and milestones")

    async def _bill_august(self) -> None:
        await self._bill(AUGUST)
        await self._pay(JULY, date(2026, 8, 28), first=True)

    async def _first_september(self) -> None:
        await self._hand_in("september_1")
        await self._rest("September's first hours")

    async def _amend(self) -> None:
        """The cap is raised; finance lets the hours that waited for it be rated again."""
        await self._org.win(self._firm.won("september"))

        async def amended() -> bool:
            runs = (await self._watch.look()).runs
            return runs.get(("contract_amendment", "succeeded"), 0) == 1

        await self._watch.until("the amendment to reach the contract", amended)
        await self._rate_again("cap_exceeded")
        await self._rest("the hours under the raised cap")

    async def _rate_again(self, code: str) -> None:
        held = [h for h in await self._watch.holds() if h.code == code and h.object_id]
        async with self._app.database.begin() as tx:
            ids = [str(h.object_id) for h in held]
            await tx.entries.set_state(ids, RECEIVED, rebatch=True)
        await batch_time(self._app.database, self._app.outbox)

    async def _reopen_july(self) -> None:
        await self._clerk.set_period(JULY, is_open=True)

        async def released() -> bool:
            return not any(h.period == f"{JULY:%b %Y}" for h in await self._watch.holds())

        await self._watch.until("July's late hours to go on by themselves", released)
        await self._rest("July's late hours")

    async def _withdraw_price(self) -> None:
        await self._org.publish([self._firm.withdrawn])
        ended = len(self._firm.new_prices) + 1
        await self._watch.known(
            "the withdrawn price to be read", lambda k: k.ended_cards() == ended
        )

    async def _second_september(self) -> None:
        await self._hand_in("september_2", "late_august")
        await self._delivery.log(self._firm.logged("open"))
        await self._delivery.accept(self._acceptances("september_2"))
        await self._rest("September's hours and milestones")

    async def _bill_september(self) -> None:
        await self._bill(SEPTEMBER)
        await self._pay(JULY, date(2026, 9, 25), first=False)
        await self._pay(AUGUST, date(2026, 9, 25), first=True)
        await self._watch.until("the CRM to show what the ledger says", self._crm_agrees)
        await self._rest("the last runs to end")

    async def _crm_agrees(self) -> bool:
        if not (await self._watch.look()).at_rest:
            return False
        return not crm_mismatches(await crm_invoices(self._org), await self._clerk.invoices())

    async def _pay(self, month: date, on: date, *, first: bool) -> None:
        """Of four invoices one is paid at once, one by half and then in full, one in part."""
        due = [i for i in await self._clerk.invoices() if _month(i) == month.month]
        for place, invoice in enumerate(sorted(due, key=lambda i: (i.customer, i.number))):
            part = (None, 2, 3, 0)[place % 4]
            if first and part != 0:
                amount = None if part is None else (invoice.total / part).quantize(CENT)
                await self._clerk.pay(invoice.key, f"{invoice.key}-1", amount, on)
            elif not first and part == 2:
                await self._clerk.pay(invoice.key, f"{invoice.key}-2", None, on)


def _opens(deal: Deal) -> bool:
    return not deal.is_defective and deal.amends is None


def _month(invoice: LedgerInvoice) -> int:
    return invoice.issued_on.month
